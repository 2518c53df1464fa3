"""The administration site as a whole: who gets in, what its pages cost, and under which security policy they run."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import AccessPackage
from directory.models import Group, Membership, User
from provisioning.delivery import perform_all_due
from requests_app import actions as requests
from tests.cast import NOW

LISTS = sorted(
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
)
MOST_STATEMENTS = 15


def populate(cast, size, tag):
    """As many of everything as `size` says."""
    for number in range(size):
        name = f"{tag} {number}"
        group, role = cast.role(f"Group {name}")
        package = cast.package(f"Sales: Package {name}", role)
        cast.policy(package, approver=None)
        person = User.objects.create(username=name.replace(" ", "."), manager=cast.marco)
        Membership.objects.create(group=group, person=cast.olga, added_at=NOW)
        requests.submit(package=package, actor=person, justification="Needed", now=NOW)
        cast.policy(package, name="With a manager", scope="specificDirectoryUsers").people.add(person)
        asked = cast.package(f"Sales: Asked {name}")
        cast.policy(asked)
        requests.submit(package=asked, actor=person, justification="Needed", now=NOW)


@pytest.mark.parametrize("address", ["/admin/", *LISTS])
def test_whoever_is_not_signed_in_is_sent_to_the_sites_own_sign_in(client, db, address):
    answer = client.get(address, follow=True)
    assert unquote(answer.redirect_chain[-1][0]) == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", ["/admin/", *LISTS])
@pytest.mark.parametrize("right", ["nothing", "is_auditor", "owns a package", "owns a resource"])
def test_people_of_the_organisation_do_not_get_in(cast, client, address, right):
    if right == "is_auditor":
        User.objects.filter(pk=cast.charlie.pk).update(is_auditor=True)
    elif right == "owns a package":
        AccessPackage.objects.create(catalog=cast.catalog, name="Sales: Access", description="-", owner=cast.charlie)
    elif right == "owns a resource":
        cast.role("Sales Wiki")[1].resource.owners.add(cast.charlie)
    client.force_login(cast.charlie)
    assert client.get(address, follow=True).status_code == 403


@pytest.mark.parametrize("address", [address for address in LISTS if "/event/" not in address])
def test_staff_without_rights_see_nothing(cast, client, address):
    User.objects.filter(pk=cast.charlie.pk).update(is_staff=True)
    client.force_login(cast.charlie)
    assert client.get(address).status_code == 403
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("address", LISTS)
def test_each_list_costs_the_same_whatever_its_length(cast, ada, address):
    counts = []
    for size in (2, 6):
        populate(cast, size, f"of {size}")
        ada.get(address)
        with CaptureQueriesContext(connection) as captured:
            answer = ada.get(address)
            answer.render() if hasattr(answer, "render") else None
        assert answer.status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1], "\n".join(query["sql"][:200] for query in captured)
    assert counts[0] <= MOST_STATEMENTS


def test_each_row_opens(cast, ada):
    populate(cast, 2, "opened")
    perform_all_due(now=NOW)
    opened = 0
    for model, page in admin.site._registry.items():
        for row in model._default_manager.all()[:3]:
            answer = ada.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))
            assert answer.status_code == 200, (page, row)
            opened += 1
    assert opened > 30


def test_nothing_of_libraries_is_edited_here(cast, ada):
    assert {model._meta.app_label for model in admin.site._registry} <= {
        "audit", "catalog", "directory", "provisioning", "requests_app", "reviews", "notifications",
    }  # fmt: skip


def test_only_the_administration_may_evaluate_scripts_and_no_page_may_bring_its_own(cast, ada):
    policy = ada.get("/admin/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["style-src"] == "'self'"
    assert directives["style-src-attr"] == "'unsafe-inline'"
    elsewhere = ada.get("/accounts/password/change/").headers["Content-Security-Policy"]
    assert "unsafe" not in elsewhere


def test_people_and_roles_are_chosen_by_typing_never_from_a_list_of_all(cast, ada):
    for number in range(30):
        User.objects.create(username=f"somebody{number}")
        Group.objects.create(name=f"Some group {number}")
        cast.role(f"Some role {number}")
    package = cast.package("Sales: Standard Access")
    policy = cast.policy(package)
    for row in (package, policy, cast.catalog, cast.rita, Group.objects.get(name="Some group 3")):
        name = f"{row._meta.app_label}_{row._meta.model_name}"
        page = ada.get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()
        assert "omebody29" not in page
        assert "Some role 29" not in page
    found = ada.get(
        reverse("admin:autocomplete"),
        {"term": "role 29", "app_label": "catalog", "model_name": "packagerole", "field_name": "resource_role"},
    ).json()
    assert [result["text"] for result in found["results"]] == ["Member of Some role 29"]


def test_the_journal_is_read_only_here_too(cast, ada):
    requests.submit(
        package=cast.policy(cast.package("Sales: Standard Access")).package,
        actor=cast.rita,
        justification="Needed",
        now=NOW + timedelta(days=1),
    )
    assert ada.get("/admin/audit/event/add/").status_code == 403
