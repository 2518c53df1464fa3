"""Connectors, operations, requests and assignments on their pages."""

import pytest
from django.urls import reverse

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import TargetSystem
from provisioning import actions
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, ConnectorKind, Grant, Operation
from requests_app import actions as requests
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW

SECRET = "s3cret-of-the-wiki"


@pytest.fixture
def wiki(cast, client):
    """A connector to an application that nobody runs."""
    system = TargetSystem.objects.create(name="Wiki", slug="wiki")
    connector = Connector(system=system, kind=ConnectorKind.SCIM, base_url="http://127.0.0.1:9/scim")
    return actions.configure_connector(connector=connector, secret=SECRET, actor=cast.ada, now=NOW)


@pytest.fixture
def assignment(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales Wiki")[1])
    cast.policy(package, approver=None)
    requests.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    perform_all_due(now=NOW)
    return Assignment.objects.get()


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def press(client, row, button, **typed):
    """Press a button of the row's page and confirm."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{button}", args=[row.pk])
    return client.post(address, {"_form_submitted": "on", **typed})


def stuck(assignment):
    operation = Operation.objects.get()
    Operation.objects.all().update(status=WorkStatus.STUCK, settled_at=None, last_error="The wiki is on fire.")
    return operation


def test_a_secret_goes_in_and_never_comes_out(cast, ada, fill, wiki):
    page = ada.get(page_of(wiki))
    assert SECRET not in page.content.decode()
    assert wiki.sealed_secret not in page.content.decode()
    ada.post(page_of(wiki), fill(page, {"max_concurrency": "7"}))
    wiki.refresh_from_db()
    assert (wiki.secret, wiki.max_concurrency) == (SECRET, 7), "an empty field keeps it"
    ada.post(page_of(wiki), fill(page, {"secret": "another"}))
    wiki.refresh_from_db()
    assert wiki.secret == "another"
    ada.post(page_of(wiki), fill(page, {"forgets_secret": "on"}))
    wiki.refresh_from_db()
    assert wiki.secret == ""
    said = str(list(Event.objects.values_list("details", flat=True)))
    assert "secret: — → a new one" in said
    assert SECRET not in said
    assert "another" not in said


def test_an_application_without_an_address_is_not_connected(ada, fill, wiki):
    page = ada.post(page_of(wiki), fill(ada.get(page_of(wiki)), {"base_url": ""})).content.decode()
    assert "Say where the system answers." in page


def test_a_connection_that_fails_says_why_and_it_is_kept(ada, wiki):
    press(ada, wiki, "test_connection")
    wiki.refresh_from_db()
    assert "Wiki" in wiki.last_error
    assert wiki.last_answer_at is None
    assert Event.objects.get(verb="connector.tested").details["result"] == wiki.last_error
    page = ada.get(page_of(wiki)).content.decode()
    assert "no answer: " in page
    assert SECRET not in page


def test_a_connection_that_works_says_what_answered(cast, ada):
    press(ada, cast.system.connector, "test_connection")
    cast.system.connector.refresh_from_db()
    assert cast.system.connector.last_answer_at is not None
    assert cast.system.connector.last_error == ""
    assert "It answers: 0 groups." in ada.get(page_of(cast.system.connector)).content.decode()


def test_only_administrators_configure_and_test_connectors(cast, client, wiki):
    from django.contrib.auth.models import Permission
    from django.core.exceptions import PermissionDenied

    for outsider in (cast.olga, cast.charlie):
        with pytest.raises(PermissionDenied):
            actions.configure_connector(connector=wiki, actor=outsider, now=NOW)
        with pytest.raises(PermissionDenied):
            actions.note_connection_test(connector=wiki, answer="", error="", actor=outsider, now=NOW)
    cast.charlie.is_staff = True
    cast.charlie.save()
    cast.charlie.user_permissions.add(*Permission.objects.filter(content_type__app_label="provisioning"))
    client.force_login(cast.charlie)
    assert press(client, wiki, "test_connection").status_code == 403
    assert not Event.objects.filter(verb="connector.tested").exists()


def test_a_system_shows_its_connector_and_offers_one_where_there_is_none(cast, ada):
    bare = TargetSystem.objects.create(name="Wiki", slug="wiki")
    page = ada.get("/admin/catalog/targetsystem/").content.decode()
    assert "the built-in directory" in page
    assert f"/admin/provisioning/connector/add/?system={bare.pk}" in page


def test_what_is_stuck_comes_first_and_is_put_back_by_the_action(cast, ada, assignment):
    stuck(assignment)
    other = cast.package("Sales: Campaign Access", cast.role("Campaigns")[1])
    cast.policy(other, approver=None)
    requests.submit(package=other, actor=cast.olga, justification="Needed", now=NOW)
    shown = ada.get("/admin/provisioning/operation/").context["cl"].result_list
    assert [operation.status for operation in shown] == ["stuck", "pending"]
    press(ada, shown[0], "retry")
    shown[0].refresh_from_db()
    assert shown[0].status == WorkStatus.PENDING
    assert Event.objects.filter(verb="operation.retried").count() == 1


def test_chosen_operations_are_retried_from_the_list_and_only_by_administrators(cast, ada, client, assignment):
    operation = stuck(assignment)
    chosen = {"action": "retry_chosen", "_selected_action": [operation.pk]}
    cast.charlie.is_staff = True
    cast.charlie.save()
    ada.post("/admin/provisioning/operation/", chosen)
    operation.refresh_from_db()
    assert operation.status == WorkStatus.PENDING
    stuck(assignment)
    client.force_login(cast.charlie)
    assert client.post("/admin/provisioning/operation/", chosen).status_code == 403
    assert press(client, operation, "retry").status_code == 403


def test_access_is_revoked_with_a_reason(cast, ada, assignment):
    assert "This field is required" in press(ada, assignment, "revoke", why="").content.decode()
    press(ada, assignment, "revoke", why="Moved to Finance")
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.REMOVAL_PENDING
    assert Event.objects.get(verb="assignment.ended").details["why"] == "Moved to Finance"
    assert press(ada, assignment, "revoke", why="Again").status_code == 403, "it has ended"


@pytest.mark.parametrize("model", [Operation, Grant, AccessRequest, Assignment, Approval])
def test_what_runs_is_only_read(cast, ada, assignment, model):
    asked = cast.package("Sales: Campaign Access")
    cast.policy(asked)
    requests.submit(package=asked, actor=cast.rita, justification="Needed", now=NOW)
    before = list(model.objects.order_by("pk").values())
    row = model.objects.first()
    assert ada.get(page_of(row).replace(f"{row.pk}/change", "add")).status_code == 403
    assert ada.post(page_of(row), {"status": "ended"}).status_code == 403
    assert ada.post(page_of(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert list(model.objects.order_by("pk").values()) == before
