"""Changing packages and their roles: who may, what is refused, what is journalled."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog import actions
from catalog.choices import DurationKind
from catalog.models import AccessPackage, Catalog
from tests.cast import NOW, appoint


@pytest.fixture
def role(cast):
    return cast.role("Sales EMEA")[1]


def new_package(cast, **fields):
    values = {"catalog": cast.catalog, "name": "Sales: Standard Access", "description": "All", "owner": cast.olga}
    return AccessPackage(**{**values, **fields})


def save(package, actor):
    return actions.save_package(package=package, actor=actor, now=NOW)


def make_privileged(role):
    role.resource.is_privileged = True
    role.resource.save()
    return role


def told(verb):
    return [event.sentence for event in Event.objects.filter(verb=verb).order_by("id")]


def test_an_administrator_and_an_owner_of_the_catalog_create_packages(cast):
    save(new_package(cast), cast.ada)
    appoint(cast.catalog, cast.marco)
    save(new_package(cast, name="Sales: Campaign Access"), cast.marco)
    assert told("package.created") == [
        "Ada created the access package Sales: Standard Access",
        "Marco created the access package Sales: Campaign Access",
    ]


def test_the_owner_of_a_package_and_an_outsider_do_not_change_it(cast):
    package = cast.package("Sales: Standard Access")
    for outsider in (cast.olga, cast.charlie):
        with pytest.raises(PermissionDenied):
            save(package, outsider)
        with pytest.raises(PermissionDenied):
            actions.delete_package(package=package, actor=outsider, now=NOW)
    assert AccessPackage.objects.exists()


def test_an_owner_of_one_catalog_moves_nothing_into_or_out_of_another(cast):
    theirs = Catalog.objects.create(name="Finance", description="Finance")
    appoint(theirs, cast.marco)
    package = cast.package("Sales: Standard Access")
    package.catalog = theirs
    with pytest.raises(PermissionDenied, match="Sales"):
        save(package, cast.marco)


def test_a_package_moves_only_where_its_resources_are(cast, role):
    package = cast.package("Sales: Standard Access", role)
    package.catalog = Catalog.objects.create(name="Finance", description="Finance")
    with pytest.raises(ValidationError, match="Not in the catalog Finance: Sales EMEA"):
        save(package, cast.ada)
    package.refresh_from_db()
    assert package.catalog == cast.catalog


def test_a_name_that_says_nothing_and_an_owner_who_left_are_refused(cast):
    with pytest.raises(ValidationError) as caught:
        save(new_package(cast, name="AccPkg2"), cast.ada)
    assert "name" in caught.value.message_dict
    cast.olga.is_active = False
    with pytest.raises(ValidationError, match="Olga is disabled"):
        save(new_package(cast), cast.ada)
    assert not AccessPackage.objects.exists()
    assert not Event.objects.exists()


def test_what_changed_is_told_as_old_and_new(cast):
    package = save(new_package(cast), cast.ada)
    package.owner, package.is_hidden = cast.marco, True
    save(package, cast.ada)
    event = Event.objects.get(verb="package.changed")
    assert event.sentence == (
        "Ada changed the access package Sales: Standard Access: owner: Olga → Marco; hidden: no → yes"
    )
    assert event.details["fields"] == {"owner": ["Olga", "Marco"], "is_hidden": ["no", "yes"]}
    assert event.package_id == package.pk


def test_saving_without_a_change_leaves_no_trace(cast):
    package = save(new_package(cast), cast.ada)
    save(package, cast.ada)
    assert list(Event.objects.values_list("verb", flat=True)) == ["package.created"]


def test_a_package_that_somebody_asked_for_is_disabled_not_deleted(cast):
    from requests_app import actions as requests

    package = cast.package("Sales: Standard Access")
    cast.policy(package)
    requests.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    with pytest.raises(ValidationError, match="access requests refer to it"):
        actions.delete_package(package=package, actor=cast.ada, now=NOW)


def test_a_package_that_nobody_asked_for_goes_with_its_policies(cast, role):
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    actions.delete_package(package=package, actor=cast.ada, now=NOW)
    assert not AccessPackage.objects.exists()
    assert told("package.deleted") == ["Ada deleted the access package Sales: Standard Access"]


def test_roles_come_and_go_and_each_is_told(cast, role):
    package = cast.package("Sales: Standard Access")
    by = {"package": package, "roles": [role], "actor": cast.ada, "now": NOW}
    assert actions.add_roles(**by) == [role]
    assert actions.add_roles(**by) == [], "twice is once"
    assert actions.remove_roles(**by) == [role]
    assert actions.remove_roles(**by) == []
    assert told("package.role_added") == ["Ada added Member of Sales EMEA to the access package Sales: Standard Access"]
    assert told("package.role_removed") == [
        "Ada took Member of Sales EMEA out of the access package Sales: Standard Access"
    ]


def test_only_resources_of_the_catalog_go_into_its_packages(cast, role):
    package = cast.package("Sales: Standard Access")
    cast.catalog.resources.clear()
    with pytest.raises(ValidationError, match="Not in the catalog Sales: Sales EMEA"):
        actions.add_roles(package=package, roles=[role], actor=cast.ada, now=NOW)
    assert not package.package_roles.exists()


def test_an_outsider_adds_and_removes_no_role(cast, role):
    package = cast.package("Sales: Standard Access", role)
    for change in (actions.add_roles, actions.remove_roles):
        with pytest.raises(PermissionDenied):
            change(package=package, roles=[role], actor=cast.charlie, now=NOW)


@pytest.mark.parametrize(
    "lax",
    [{"approver": None}, {"duration_kind": DurationKind.PERMANENT, "duration_amount": None}],
    ids=["approved by itself", "without an end"],
)
def test_a_privileged_role_does_not_go_into_a_package_that_gives_it_lightly(cast, role, lax):
    package = cast.package("Sales: Standard Access")
    policy = cast.policy(package, **lax)
    with pytest.raises(ValidationError, match="“Everybody” of Sales: Standard Access"):
        actions.add_roles(package=package, roles=[make_privileged(role)], actor=cast.ada, now=NOW)
    policy.is_enabled = False
    policy.save()
    assert actions.add_roles(package=package, roles=[role], actor=cast.ada, now=NOW) == [role]


def test_a_privileged_role_goes_into_a_package_whose_policies_all_ask_and_end(cast, role):
    package = cast.package("Sales: Standard Access")
    cast.policy(package)
    assert actions.add_roles(package=package, roles=[make_privileged(role)], actor=cast.ada, now=NOW) == [role]
