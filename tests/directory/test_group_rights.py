"""Administrators and auditors by a group: at any depth, from the next page on, and never by their own hand."""

from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from audit.models import Event
from catalog import actions as catalog
from directory import actions
from directory.import_plan import Directory
from directory.models import Group, User
from directory.permissions import can_read_everything, is_administrator
from provisioning.delivery import perform_all_due
from provisioning.models import Operation
from requests_app import actions as requests
from tests.cast import NOW, make_cast


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def by(cast):
    return {"actor": cast.ada, "now": NOW}


@pytest.fixture
def chain(by):
    """Groups inside one another, the outermost of which makes administrators."""
    groups = [Group.objects.create(name=f"Level {level}") for level in range(5)]
    groups[0].makes_administrators = True
    actions.save_group(group=groups[0], **by)
    for parent, child in pairwise(groups):
        actions.nest_group(parent=parent, child=child, **by)
    return groups


def again(person):
    return User.objects.get(pk=person.pk)


def test_whoever_is_in_it_five_groups_deep_administers_and_nobody_else(cast, chain, by):
    assert not is_administrator(again(cast.rita))
    actions.add_member(group=chain[-1], person=cast.rita, **by)
    assert is_administrator(again(cast.rita))
    assert can_read_everything(again(cast.rita))
    assert not can_read_everything(again(cast.charlie))
    assert set(User.objects.administrators()) == {cast.ada, cast.rita}
    actions.disable_person(person=cast.rita, **by)
    assert not is_administrator(again(cast.rita))


def test_it_opens_the_administration_and_ends_with_the_next_page(cast, chain, by, client):
    client.force_login(cast.rita)
    people, journal = reverse("admin:directory_user_changelist"), reverse("audit:journal")
    assert client.get(people).status_code != 200
    actions.add_member(group=chain[-1], person=cast.rita, **by)
    assert [client.get(page).status_code for page in (people, journal)] == [200, 200]
    assert "by Level 0" in client.get(reverse("admin:directory_user_change", args=[cast.rita.pk])).content.decode()
    actions.unnest_group(parent=chain[0], child=chain[1], **by)
    assert client.get(people).status_code != 200
    assert client.get(journal).status_code == 403


def test_auditors_by_a_group_read_the_journal_and_not_the_administration(cast, by, client):
    auditors = actions.save_group(group=Group(name="Audit", makes_auditors=True), **by)
    actions.add_member(group=auditors, person=cast.rita, **by)
    client.force_login(cast.rita)
    assert client.get(reverse("audit:journal")).status_code == 200
    assert client.get(reverse("admin:directory_user_changelist")).status_code != 200
    told = client.get("/api/v1/me/").json()
    assert (told["is_administrator"], told["is_auditor"]) == (False, True)
    assert not is_administrator(again(cast.rita))


def test_it_is_in_the_journal_that_a_group_makes_administrators(cast, chain):
    said = Event.objects.get(verb="group.changed").sentence
    assert said == "Ada changed the group Level 0: its members are administrators: no → yes"


def test_what_the_person_is_by_groups_is_asked_once_and_of_those_who_sign_in_never(
    cast, chain, django_assert_num_queries
):
    person = again(cast.rita)
    with django_assert_num_queries(1):
        assert not is_administrator(person)
        assert not can_read_everything(person)
    known = User.objects.with_group_rights().get(pk=cast.rita.pk)
    with django_assert_num_queries(0):
        assert not can_read_everything(known)


def test_nobody_but_administrators_fills_it_not_its_owner_and_not_the_system(cast, chain, by):
    outside = Group.objects.create(name="Outside")
    actions.add_owner(group=chain[-1], person=cast.charlie, **by)
    for actor in (cast.charlie, None):
        for change in (actions.add_member, actions.add_owner):
            with pytest.raises(PermissionDenied):
                change(group=chain[-1], person=cast.charlie, actor=actor, now=NOW)
        with pytest.raises(PermissionDenied):
            actions.nest_group(parent=chain[-1], child=outside, actor=actor, now=NOW)
    outside.makes_administrators = True
    with pytest.raises(PermissionDenied):
        actions.save_group(group=outside, actor=cast.charlie, now=NOW)
    assert set(User.objects.administrators()) == {cast.ada}
    assert actions.add_member(group=outside, person=cast.charlie, actor=None, now=NOW), "other groups are filled so"


def test_no_package_gives_it_or_a_group_in_it(cast, by, chain):
    group, role = cast.role("Level 9")
    package = cast.package("Sales: Standard Access")
    actions.nest_group(parent=chain[-1], child=group, **by)
    with pytest.raises(ValidationError, match="no package gives Level 9"):
        catalog.add_roles(package=package, roles=[role], **by)
    assert not package.package_roles.exists()


def test_what_was_approved_before_the_group_made_administrators_is_not_delivered_and_says_why(cast, by):
    group, role = cast.role("Leads")
    package = cast.package("Sales: Standard Access", role)
    requests.submit(package=cast.policy(package, approver=None).package, actor=cast.rita, justification="-", now=NOW)
    group.makes_administrators = True
    actions.save_group(group=group, **by)
    perform_all_due(now=NOW)
    assert not group.memberships.exists()
    assert not is_administrator(again(cast.rita))
    operation = Operation.objects.get()
    assert operation.status == "stuck"
    assert operation.last_error == "Members of Leads are administrators or auditors: only administrators fill it."


@pytest.mark.parametrize("change", ["membership", "nesting", "group", "person"])
def test_somebody_is_left_to_administer(cast, chain, by, change):
    actions.add_member(group=chain[1], person=cast.rita, **by)
    User.objects.filter(pk=cast.ada.pk).update(is_superuser=False)
    chain[0].makes_administrators = False
    changes = {
        "membership": lambda **by: actions.remove_member(group=chain[1], person=cast.rita, **by),
        "nesting": lambda **by: actions.unnest_group(parent=chain[0], child=chain[1], **by),
        "group": lambda **by: actions.save_group(group=chain[0], **by),
        "person": lambda **by: actions.disable_person(person=cast.rita, **by),
    }
    with pytest.raises(ValidationError, match="administrator"):
        changes[change](actor=None, now=NOW)
    assert is_administrator(again(cast.rita))


def test_an_import_knows_them_for_administrators(cast, chain, by):
    actions.add_member(group=chain[-1], person=cast.rita, **by)
    people = Directory.locked().people
    assert {pk for pk, known in people.items() if known.is_administrator} == {cast.ada.pk, cast.rita.pk}
