"""Delegated roles: given to people and groups, in one catalog or everywhere, never by those whom they would raise."""

from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog import actions
from catalog.choices import DelegatedRole
from catalog.models import AccessPackage, Catalog, ResourceRole, RoleAssignment
from catalog.permissions import can_manage_assignments, can_manage_catalog, can_manage_packages, owners_of_resources
from catalog.roles import EVERYWHERE, Right
from directory import actions as directory
from directory.models import Group, User
from tests.cast import NOW, appoint

IN_A_CATALOG = [role for role in DelegatedRole if role not in EVERYWHERE]


def given(role, *, catalog=None, **whom):
    return RoleAssignment(role=role, catalog=catalog, **whom)


def nested(cast, *, depth):
    """A group in which Marco is, by as many groups inside one another."""
    by = {"actor": cast.ada, "now": NOW}
    groups = [Group.objects.create(name=f"Level {level}") for level in range(depth)]
    for parent, child in pairwise(groups):
        directory.nest_group(parent=parent, child=child, **by)
    directory.add_member(group=groups[-1], person=cast.marco, **by)
    return groups[0]


def test_a_role_is_given_and_taken_away_and_both_are_told(cast):
    role = actions.grant_role(
        given=given(DelegatedRole.PACKAGE_MANAGER, catalog=cast.catalog, person=cast.marco), actor=cast.ada, now=NOW
    )
    assert role.granted_at == NOW
    assert can_manage_packages(cast.marco, cast.catalog)
    assert actions.revoke_role(given=role, actor=cast.ada, now=NOW)
    assert not actions.revoke_role(given=role, actor=cast.ada, now=NOW)
    assert not can_manage_packages(cast.marco, cast.catalog)
    told = Event.objects.filter(verb__startswith="role.").order_by("id")
    assert [event.sentence for event in told] == [
        "Ada gave Marco the role access package manager in Sales",
        "Ada took the role access package manager in Sales from Marco",
    ]
    assert {str(event.person_id) for event in told} == {str(cast.marco.pk)}


def test_a_role_given_to_a_group_reaches_whoever_is_in_it_five_groups_deep(cast):
    outer = nested(cast, depth=5)
    appoint(cast.catalog, outer, role=DelegatedRole.ASSIGNMENT_MANAGER)
    package = cast.package("Sales: Standard Access")
    assert can_manage_assignments(cast.marco, package)
    assert not can_manage_packages(cast.marco, cast.catalog)
    assert not can_manage_assignments(cast.charlie, package)
    assert list(Catalog.objects.with_right(cast.marco, Right.ASSIGNMENTS)) == [cast.catalog]
    assert list(AccessPackage.objects.with_right(cast.marco, Right.ASSIGNMENTS)) == [package]


def test_whoever_owns_a_catalog_by_a_group_is_among_its_owners(cast):
    appoint(cast.catalog, nested(cast, depth=2))
    assert list(cast.catalog.owners) == [cast.marco]


@pytest.mark.parametrize("role", [role for role in IN_A_CATALOG if role != DelegatedRole.CATALOG_OWNER])
def test_nobody_below_an_owner_appoints_anybody_least_of_all_themselves(cast, role):
    """Behaviour of delegation: delegates never raise themselves."""
    appoint(cast.catalog, cast.marco, role=role)
    for wanted in IN_A_CATALOG:
        wish = given(wanted, catalog=cast.catalog, person=cast.marco)
        with pytest.raises(PermissionDenied):
            actions.grant_role(given=wish, actor=cast.marco, now=NOW)
    mine = RoleAssignment.objects.get(person=cast.marco)
    with pytest.raises(PermissionDenied):
        actions.revoke_role(given=mine, actor=cast.marco, now=NOW)


def test_an_owner_appoints_in_their_own_catalog_only_and_never_everywhere(cast):
    appoint(cast.catalog, cast.marco)
    elsewhere = Catalog.objects.create(name="HR", description="HR")
    for role in IN_A_CATALOG:
        actions.grant_role(given=given(role, catalog=cast.catalog, person=cast.rita), actor=cast.marco, now=NOW)
        with pytest.raises(PermissionDenied, match="Only owners of the catalog HR"):
            actions.grant_role(given=given(role, catalog=elsewhere, person=cast.marco), actor=cast.marco, now=NOW)
    for role in EVERYWHERE:
        with pytest.raises(PermissionDenied, match="Only administrators"):
            actions.grant_role(given=given(role, person=cast.marco), actor=cast.marco, now=NOW)


def test_a_catalog_creator_owns_what_they_create_and_sees_no_other(cast):
    appoint(None, cast.charlie, role=DelegatedRole.CATALOG_CREATOR)
    Catalog.objects.filter(pk=cast.catalog.pk).update(is_enabled=False)
    made = actions.save_catalog(catalog=Catalog(name="Labs", description="Labs"), actor=cast.charlie, now=NOW)
    assert list(made.owners) == [cast.charlie]
    assert can_manage_catalog(cast.charlie, made)
    assert not can_manage_catalog(cast.charlie, cast.catalog)
    assert list(Catalog.objects.with_right(cast.charlie, Right.READ)) == [made]
    assert list(Catalog.objects.visible_to(cast.charlie)) == [made]
    assert [event.sentence for event in Event.objects.order_by("id")] == [
        "Charlie created the catalog Labs",
        "Charlie gave Charlie the role catalog owner in Labs",
    ]


@pytest.mark.parametrize(
    ("role", "has_catalog", "whom"),
    [
        (DelegatedRole.CATALOG_CREATOR, True, ("person",)),
        (DelegatedRole.CATALOG_OWNER, False, ("person",)),
        (DelegatedRole.CATALOG_OWNER, True, ()),
        (DelegatedRole.CATALOG_OWNER, True, ("person", "group")),
    ],
)
def test_a_role_in_the_wrong_place_or_of_nobody_is_refused(cast, role, has_catalog, whom):
    holders = {"person": cast.marco, "group": Group.objects.create(name="Leads")}
    row = given(role, catalog=cast.catalog if has_catalog else None, **{name: holders[name] for name in whom})
    with pytest.raises(ValidationError):
        actions.grant_role(given=row, actor=cast.ada, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_role_is_given_once_and_not_to_somebody_disabled(cast):
    for where in (cast.catalog, None):
        role = DelegatedRole.CATALOG_OWNER if where else DelegatedRole.CATALOG_CREATOR
        appoint(where, cast.marco, role=role)
        with pytest.raises(ValidationError, match="They have this role already"):
            actions.grant_role(given=given(role, catalog=where, person=cast.marco), actor=cast.ada, now=NOW)
    directory.disable_person(person=cast.charlie, actor=cast.ada, now=NOW)
    with pytest.raises(ValidationError, match="Charlie is disabled"):
        actions.grant_role(
            given=given(DelegatedRole.CATALOG_OWNER, catalog=cast.catalog, person=cast.charlie), actor=cast.ada, now=NOW
        )


def test_somebody_disabled_keeps_no_right(cast):
    appoint(cast.catalog, cast.marco)
    directory.disable_person(person=cast.marco, actor=cast.ada, now=NOW)
    cast.marco.refresh_from_db()
    assert not can_manage_catalog(cast.marco, cast.catalog)
    assert not Catalog.objects.with_right(cast.marco, Right.READ).exists()


@pytest.mark.parametrize("role", IN_A_CATALOG)
def test_a_right_is_asked_by_one_statement_however_many_roles_and_groups_there_are(cast, role):
    outer = nested(cast, depth=4)
    appoint(cast.catalog, outer, cast.olga, cast.rita, role=role)
    for number in range(5):
        appoint(Catalog.objects.create(name=f"Other {number}", description="-"), outer, role=role)
    package = cast.package("Sales: Standard Access")
    marco = User.objects.with_group_rights().get(pk=cast.marco.pk)  # as whoever signs in is loaded
    for question in (
        lambda: can_manage_catalog(marco, cast.catalog),
        lambda: can_manage_packages(marco, cast.catalog),
        lambda: can_manage_assignments(marco, package),
        lambda: list(AccessPackage.objects.visible_to(marco)),
    ):
        with CaptureQueriesContext(connection) as asked:
            question()
        assert len(asked) == 1


# --- Resources enter a catalog by the hand of whoever owns both ------------------------------------------------------


@pytest.fixture
def papers(cast):
    """A role of a resource that no catalog holds."""
    role = cast.role("Board Papers")[1]
    cast.catalog.resources.remove(role.resource)
    return role


def test_adding_a_resource_takes_the_right_to_the_resource_and_to_the_catalog(cast, papers):
    place = {"resource": papers.resource, "catalogs": [cast.catalog], "now": NOW}
    appoint(cast.catalog, cast.marco)
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    papers.resource.owners.add(cast.charlie, cast.olga)
    for person in (cast.marco, cast.charlie, cast.olga):
        with pytest.raises(PermissionDenied, match="Only who owns both"):
            actions.place_resource(actor=person, **place)
    papers.resource.owners.add(cast.marco)
    actions.place_resource(actor=cast.marco, **place)
    assert cast.catalog.resources.filter(pk=papers.resource_id).exists()
    assert Event.objects.latest("id").sentence == "Marco changed the resource Board Papers: catalogs: + Sales"


def test_owning_a_resource_by_a_group_is_owning_it(cast, papers):
    appoint(cast.catalog, cast.marco)
    papers.resource.owner_groups.add(nested(cast, depth=3))
    actions.place_resource(resource=papers.resource, catalogs=[cast.catalog], actor=cast.marco, now=NOW)
    package = cast.package("Board: Papers of the Board", papers)
    assert list(owners_of_resources(package)) == [cast.marco]


def test_once_inside_a_package_manager_uses_it_without_owning_it(cast, papers):
    actions.place_resource(resource=papers.resource, catalogs=[cast.catalog], actor=cast.ada, now=NOW)
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    package = cast.package("Board: Papers of the Board")
    actions.add_roles(package=package, roles=[papers], actor=cast.charlie, now=NOW)
    assert list(package.roles.all()) == [papers]


def test_taking_a_resource_out_takes_the_same_rights_and_needs_it_unused(cast, papers):
    take_out = {"resource": papers.resource, "catalogs": [], "now": NOW}
    actions.place_resource(resource=papers.resource, catalogs=[cast.catalog], actor=cast.ada, now=NOW)
    appoint(cast.catalog, cast.marco)
    with pytest.raises(PermissionDenied):
        actions.place_resource(actor=cast.marco, **take_out)
    papers.resource.owners.add(cast.marco)
    package = cast.package("Board: Papers of the Board", papers)
    with pytest.raises(ValidationError, match="uses Board Papers"):
        actions.place_resource(actor=cast.marco, **take_out)
    package.package_roles.all().delete()
    actions.place_resource(actor=cast.marco, **take_out)
    assert not cast.catalog.resources.exists()


def test_a_resource_stays_in_the_catalogs_of_others(cast, papers):
    theirs = Catalog.objects.create(name="HR", description="HR")
    theirs.resources.add(papers.resource)
    appoint(cast.catalog, cast.marco)
    papers.resource.owners.add(cast.marco)
    with pytest.raises(PermissionDenied, match="HR"):
        actions.place_resource(resource=papers.resource, catalogs=[cast.catalog], actor=cast.marco, now=NOW)
    assert ResourceRole.objects.filter(resource__catalogs=theirs).exists()
