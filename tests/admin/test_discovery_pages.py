"""Discovery, paused connectors and skipped work on their pages of the administration."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import Resource
from directory.models import Group
from provisioning import actions, discovering
from provisioning.models import Connector, Discovery, Operation
from tests.cast import NOW

from .test_delivery_pages import assignment, page_of, press, stuck

__all__ = ["assignment"]


@pytest.fixture
def connector(cast):
    return cast.system.connector


def text(client, address):
    return client.get(address).content.decode()


def test_a_system_is_looked_through_from_its_page_which_says_what_came_of_it(cast, ada, connector, fill):
    Group.objects.create(name="Sales")
    assert "not yet" in text(ada, page_of(connector))
    typed = {"discovers_into": cast.catalog.pk, "discover_every": 6}
    ada.post(page_of(connector), fill(ada.get(page_of(connector)), typed))
    press(ada, connector, "discover_now")
    run = Discovery.objects.get()
    assert (run.started_by, run.connector.discovers_into, run.connector.discover_every) == (cast.ada, cast.catalog, 6)
    press(ada, connector, "discover_now")
    assert "being looked through already" in text(ada, page_of(connector))
    discovering.perform_all_due(now=timezone.now())
    assert "1 resources, 2 roles; 1 new, 0 gone" in text(ada, page_of(connector))
    assert cast.catalog.resources.get().name == "Sales"
    listed = ada.get("/admin/provisioning/discovery/").context["cl"].result_list
    assert list(listed) == [run]
    assert ada.get(page_of(run)).status_code == 200


def test_a_look_that_failed_says_why(ada, connector):
    press(ada, connector, "discover_now")
    Discovery.objects.update(status=WorkStatus.STUCK, last_error="No such scope.")
    assert "No such scope." in text(ada, page_of(connector))


def test_resources_that_are_missing_say_since_when_and_are_filtered(cast, ada):
    here, gone, bare = (cast.role(name)[1].resource for name in ("Here", "Gone", "Bare"))
    Resource.objects.filter(pk=gone.pk).update(missing_since=NOW)
    bare.roles.update(missing_since=NOW)
    address = reverse("admin:catalog_resource_changelist")

    def shown(chosen):
        return set(ada.get(address, {"missing": chosen}).context["cl"].result_list)

    assert (shown("resource"), shown("role")) == ({gone}, {bare})
    assert here in set(ada.get(address).context["cl"].result_list)
    assert date_format(timezone.localtime(NOW), "SHORT_DATE_FORMAT") in text(ada, address)
    assert "missing there since" in text(ada, page_of(gone)).lower()
    assert "last seen there" in text(ada, page_of(here)).lower()


def test_a_paused_connector_says_since_when_why_and_when_it_is_tried_again(cast, ada, connector):
    for turn in range(5):
        until = actions.note_outage(
            connector_id=connector.pk, error="The directory is away.", delay=timedelta(minutes=9), now=NOW
        )
        page = text(ada, page_of(connector))
        assert ("does not answer" if turn < 4 else "paused since") in page
        assert "The directory is away. Next try on" in page
        listed = text(ada, reverse("admin:provisioning_connector_changelist"))
        assert ("does not answer" if turn < 4 else "paused") in listed
    assert until == NOW + timedelta(minutes=9)
    actions.note_answer(connector=Connector.objects.get(), now=NOW)
    assert "answered on" in text(ada, page_of(connector))


def test_what_is_stuck_is_skipped_with_a_reason_and_not_without(ada, assignment):
    operation = stuck(assignment)
    assert "This field is required" in press(ada, operation, "skip", why="").content.decode()
    operation.refresh_from_db()
    assert operation.status == WorkStatus.STUCK
    press(ada, operation, "skip", why="The wiki is gone for good.")
    operation.refresh_from_db()
    assert operation.status == WorkStatus.SUPERSEDED
    assert Event.objects.get(verb="operation.skipped").details["reason"] == "The wiki is gone for good."


def test_chosen_operations_are_skipped_from_the_list_with_a_reason_and_only_by_administrators(
    cast, ada, client, assignment
):
    operation = stuck(assignment)
    chosen = {"action": "skip_chosen", "_selected_action": [operation.pk]}
    address = "/admin/provisioning/operation/"
    page = text(ada, address)
    assert 'name="why"' in page
    assert "The wiki is on fire." in page
    assert "Say why" in ada.post(address, {**chosen, "why": " "}, follow=True).content.decode()
    assert Operation.objects.get().status == WorkStatus.STUCK
    ada.post(address, {**chosen, "why": "Gone."})
    assert Operation.objects.get().status == WorkStatus.SUPERSEDED
    cast.charlie.is_staff = True
    cast.charlie.save()
    client.force_login(cast.charlie)
    assert client.post(address, {**chosen, "why": "Gone."}).status_code == 403
    assert press(client, operation, "skip", why="Gone.").status_code == 403
    with pytest.raises(PermissionDenied):
        actions.skip_stuck(operations=[operation], reason="Gone.", actor=cast.charlie, now=NOW)
