"""A package's page tells what a change of its roles means before it is saved, how far it is, and delivers again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accessgov import outbox
from audit.models import Event
from directory.models import Membership, User
from provisioning.delivery import perform_all_due
from provisioning.models import Operation
from requests_app import actions, rolling_out
from requests_app.foreseeing import foresee
from requests_app.models import Assignment, Rollout
from tests.cast import NOW, appoint

LATER = NOW + timedelta(days=1)


@pytest.fixture
def wiki(cast):
    return cast.role("Sales Wiki")


@pytest.fixture
def files(cast):
    return cast.role("Sales Files")


@pytest.fixture
def package(cast, files):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1], files[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def people(cast, package, files, wiki):
    """Five who have the package: one had the files before, one has files and wiki by another package too."""
    people = [User.objects.create(username=f"p{number}", display_name=f"Person {number}") for number in range(5)]
    Membership.objects.create(group=files[0], person=people[0], added_at=NOW)
    other = cast.package("Sales: Campaign Access", files[1], wiki[1])
    cast.policy(other, approver=None)
    for person in people:
        hold(person, package)
    hold(people[1], other)
    return people


def hold(person, package):
    actions.submit(package=package, actor=person, justification="Needed", now=NOW)
    perform_all_due(now=NOW)


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link_of(package, role):
    return list(package.package_roles.order_by("pk").values_list("resource_role", flat=True)).index(role.pk)


def swapped(package, *, out, into):
    """The page with one role taken out and another put in, and a new description."""
    return {
        "description": "A new description",
        f"package_roles-{link_of(package, out)}-DELETE": "on",
        "package_roles-TOTAL_FORMS": 3,
        "package_roles-2-resource_role": into.pk,
    }


def hidden(answer):
    """What the page that asks would send back."""
    return dict(answer.context["typed"])


def test_before_it_is_saved_the_page_says_who_gains_who_loses_and_who_keeps(ada, fill, package, people, files, wiki):
    address = page_of(package)
    before = Event.objects.count()
    answer = ada.post(address, fill(ada.get(address), swapped(package, out=files[1], into=wiki[1])))
    page = answer.content.decode()
    assert "5 people have Sales: Standard Access. Nothing is saved yet." in page
    assert "4 people get it." in page
    assert "1 has it already for another reason." in page
    assert "3 lose it in the target system." in page
    assert "1 keeps it, because something else gives it too." in page
    assert "1 keeps it, because it was there before." in page
    assert "Person 2, Person 3, Person 4" in page
    package.refresh_from_db()
    assert package.description == "Sales: Standard Access"
    assert package.package_roles.count() == 2
    assert Event.objects.count() == before


def test_confirming_does_what_was_foreseen_and_no_more(ada, fill, package, people, files, wiki):
    address = page_of(package)
    asked = ada.post(address, fill(ada.get(address), swapped(package, out=files[1], into=wiki[1])))
    foreseen = asked.context["foreseen"]
    answer = ada.post(address, {**hidden(asked), "_roles_confirmed": "1"})
    assert answer.status_code == 302
    queued = Operation.objects.pending()
    assert queued.filter(kind="grant", grant__resource_role=wiki[1]).count() == foreseen.gained[0].new == 4
    assert queued.filter(kind="revoke", grant__resource_role=files[1]).count() == foreseen.lost[0].removed == 3
    package.refresh_from_db()
    assert package.description == "A new description"


def test_going_back_keeps_what_was_typed_and_saves_nothing(ada, fill, package, people, files, wiki):
    address = page_of(package)
    asked = ada.post(address, fill(ada.get(address), swapped(package, out=files[1], into=wiki[1])))
    page = ada.post(address, {**hidden(asked), "_roles_back": "1"}).content.decode()
    assert "Nothing is saved yet" in page
    assert "A new description" in page
    assert str(wiki[1].pk) in page
    assert package.package_roles.count() == 2


def test_nobody_is_asked_where_nobody_has_it_or_no_role_changes(ada, fill, cast, package, wiki):
    address = page_of(package)
    typed = {"package_roles-TOTAL_FORMS": 3, "package_roles-2-resource_role": wiki[1].pk}
    assert ada.post(address, fill(ada.get(address), typed)).status_code == 302
    hold(cast.rita, package)
    assert ada.post(address, fill(ada.get(address), {"description": "Other"})).status_code == 302


def test_what_the_actions_refuse_is_told_before_anybody_is_asked(ada, fill, cast, package, people, files, wiki):
    cast.catalog.resources.remove(wiki[1].resource)
    address = page_of(package)
    page = ada.post(address, fill(ada.get(address), swapped(package, out=files[1], into=wiki[1]))).content.decode()
    assert "Sales Wiki is not in the catalog Sales" in page


def test_foreseeing_costs_the_same_however_many_roles_and_people_there_are(cast, package, people, files, wiki):
    counts = []
    for gained, lost in ([wiki[1]], [files[1]]), ([wiki[1], cast.role("More")[1]], list(package.roles.all())):
        with CaptureQueriesContext(connection) as captured:
            foresee(package, gained=gained, lost=lost)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 7


def test_the_page_shows_how_far_a_change_is_and_where_it_is_stuck(ada, package, people, wiki, monkeypatch):
    monkeypatch.setattr("requests_app.actions.rolling_out.BATCH", 2)
    actions.reprocess_package(package=package, actor=None, why="Restored", now=LATER)
    [rollout] = outbox.claim(Rollout.objects.with_names(), now=LATER)
    actions.carry_batch(rollout=rollout, now=LATER)
    Rollout.objects.update(status="stuck", last_error="The database was away")
    page = ada.get(page_of(package)).content.decode()
    assert '<progress value="2" max="5"' in page
    assert "2 of 5" in page
    assert "The database was away" in page
    listed = ada.get(reverse("admin:requests_app_rollout_changelist")).content.decode()
    assert "2 of 5" in listed
    ada.post(reverse("admin:requests_app_rollout_retry", args=[rollout.pk]), {"_form_submitted": "on"})
    rolling_out.carry_all_due(now=LATER + timedelta(days=30000))
    assert Rollout.objects.get().done == 5


def test_a_package_is_delivered_again_to_everybody_with_a_reason(ada, package, people):
    address = reverse("admin:catalog_accesspackage_reprocess", args=[package.pk])
    ada.post(address, {"why": "", "_form_submitted": "on"})
    assert not Rollout.objects.exists()
    ada.post(address, {"why": "Restored a backup", "_form_submitted": "on"})
    assert Rollout.objects.get().total == 5


def test_the_dry_run_shows_what_is_missing_and_changes_nothing(ada, package, people):
    Membership.objects.filter(person=people[3]).delete()
    events = Event.objects.count()
    answer = ada.get(reverse("admin:catalog_accesspackage_rehearse", args=[package.pk]))
    given = [line for line in answer.context["table"].lines if line.step.name == "GIVE"]
    assert {str(line.grant.person) for line in given} == {"Person 3"}
    assert "This is what the systems show now." in answer.content.decode()
    assert Event.objects.count() == events
    assert not Operation.objects.pending().exists()


@pytest.mark.parametrize("action", ["reprocess", "rehearse"])
def test_readers_of_the_catalog_neither_deliver_again_nor_look_into_systems(client, cast, package, people, action):
    appoint(cast.catalog, cast.charlie, role="catalogReader")
    client.force_login(cast.charlie)
    address = reverse(f"admin:catalog_accesspackage_{action}", args=[package.pk])
    answer = client.post(address, {"why": "Restored", "_form_submitted": "on"})
    assert answer.status_code in (302, 403)
    assert not Rollout.objects.exists()
    assert Assignment.objects.count() == 6


def test_a_connector_is_put_in_place_again_and_rehearsed_by_administrators(ada, cast, package, people):
    connector = cast.system.connector
    ada.post(
        reverse("admin:provisioning_connector_reprocess", args=[connector.pk]),
        {"why": "Restored a backup", "_form_submitted": "on"},
    )
    assert Rollout.objects.get().system == cast.system
    page = ada.get(reverse("admin:provisioning_connector_rehearse", args=[connector.pk])).content.decode()
    assert "Person 2" in page


def test_the_portal_shows_the_packages_owner_how_far_it_is(client, cast, package, people):
    actions.reprocess_package(package=package, actor=None, why="Restored", now=LATER)
    client.force_login(cast.olga)
    page = client.get(reverse("requests:holders", args=[package.pk])).content.decode()
    assert '<progress value="0" max="5"' in page
    assert "0 of 5" in page
