"""Changing catalogs, target systems and resources with their roles."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog import actions
from catalog.choices import DurationKind
from catalog.models import Catalog, Resource, ResourceRole, TargetSystem
from tests.cast import NOW, appoint


@pytest.fixture
def by(cast):
    return {"actor": cast.ada, "now": NOW}


def sentences():
    return [event.sentence for event in Event.objects.order_by("id")]


def test_a_catalog_is_created_changed_and_deleted(cast, by):
    catalog = actions.save_catalog(catalog=Catalog(name="HR", description="HR"), owners=[cast.olga], **by)
    catalog.is_externally_visible = False
    actions.save_catalog(catalog=catalog, owners=[cast.marco, cast.olga], **by)
    assert set(catalog.owners) == {cast.olga, cast.marco}
    actions.delete_catalog(catalog=catalog, **by)
    assert sentences() == [
        "Ada created the catalog HR",
        "Ada gave Olga the role catalog owner in HR",
        "Ada changed the catalog HR: enabled for guests: yes → no",
        "Ada gave Marco the role catalog owner in HR",
        "Ada deleted the catalog HR",
    ]


def test_owners_change_and_delete_their_catalog_but_create_none(cast):
    appoint(cast.catalog, cast.marco)
    theirs = {"actor": cast.marco, "now": NOW}
    cast.catalog.description = "Sales, worldwide"
    actions.save_catalog(catalog=cast.catalog, **theirs)
    with pytest.raises(PermissionDenied):
        actions.save_catalog(catalog=Catalog(name="HR", description="HR"), **theirs)
    with pytest.raises(PermissionDenied):
        actions.save_catalog(catalog=cast.catalog, actor=cast.charlie, now=NOW)
    with pytest.raises(PermissionDenied):
        actions.delete_catalog(catalog=cast.catalog, actor=cast.charlie, now=NOW)
    actions.delete_catalog(catalog=cast.catalog, **theirs)


def test_an_owner_of_a_catalog_changes_no_resource(cast):
    appoint(cast.catalog, cast.marco)
    resource = cast.role("Board Papers")[1].resource
    with pytest.raises(PermissionDenied):
        actions.save_resource(resource=resource, catalogs=[cast.catalog], actor=cast.marco, now=NOW)


def test_a_catalog_with_packages_stays(cast, by):
    cast.package("Sales: Standard Access")
    with pytest.raises(ValidationError, match="“Sales” cannot be deleted: access packages refer to it"):
        actions.delete_catalog(catalog=cast.catalog, **by)


def test_a_target_system_is_created_changed_and_deleted(cast, by):
    system = actions.save_system(system=TargetSystem(name="Wiki", slug="wiki"), **by)
    system.name = "Knowledge"
    actions.save_system(system=system, **by)
    actions.delete_system(system=system, **by)
    assert sentences() == [
        "Ada added the target system Wiki",
        "Ada changed the target system Knowledge: name: Wiki → Knowledge",
        "Ada deleted the target system Knowledge",
    ]
    with pytest.raises(ValidationError, match="connectors refer to it"):
        actions.delete_system(system=cast.system, **by)
    with pytest.raises(PermissionDenied):
        actions.save_system(system=cast.system, actor=cast.olga, now=NOW)


def test_a_resource_is_saved_with_its_roles_and_catalogs(cast, by):
    resource = Resource(system=cast.system, kind="group", origin_id="1", name="Wiki")
    member, owner = (ResourceRole(origin_id=name.lower(), name=name) for name in ("Member", "Owner"))
    actions.save_resource(resource=resource, catalogs=[cast.catalog], roles=[member, owner], **by)
    assert set(resource.roles.all()) == {member, owner}
    actions.save_resource(resource=resource, removed_roles=[owner], **by)
    assert sentences() == ["Ada added the resource Wiki", "Ada changed the resource Wiki: roles: − Owner (owner)"]
    assert cast.catalog.resources.filter(pk=resource.pk).exists()


def test_a_resource_stays_in_the_catalogs_whose_packages_use_it(cast, by):
    role = cast.role("Sales EMEA")[1]
    cast.package("Sales: Standard Access", role)
    with pytest.raises(ValidationError, match="Sales: Standard Access in the catalog Sales uses Sales EMEA"):
        actions.save_resource(resource=role.resource, catalogs=[], **by)
    assert cast.catalog.resources.filter(pk=role.resource_id).exists()


def test_a_role_in_a_package_stays(cast, by):
    role = cast.role("Sales EMEA")[1]
    cast.package("Sales: Standard Access", role)
    with pytest.raises(ValidationError, match="Take it out of the packages first"):
        actions.save_resource(resource=role.resource, removed_roles=[role], **by)
    with pytest.raises(ValidationError, match="cannot be deleted"):
        actions.delete_resource(resource=role.resource, **by)
    assert ResourceRole.objects.filter(pk=role.pk).exists()


def test_a_resource_without_use_goes_with_its_roles(cast, by):
    resource = cast.role("Sales EMEA")[1].resource
    actions.delete_resource(resource=resource, **by)
    assert not ResourceRole.objects.exists()
    assert sentences() == ["Ada deleted the resource Sales EMEA"]


def test_a_resource_does_not_become_privileged_while_a_policy_gives_it_lightly(cast, by):
    role = cast.role("Board Papers")[1]
    package = cast.package("Board: Papers of the Board", role)
    policy = cast.policy(package, duration_kind=DurationKind.PERMANENT, duration_amount=None)
    role.resource.is_privileged = True
    with pytest.raises(ValidationError, match="“Everybody” of Board: Papers of the Board"):
        actions.save_resource(resource=role.resource, **by)
    policy.duration_kind, policy.duration_amount = DurationKind.DAYS, 30
    actions.save_policy(policy=policy, **by)
    actions.save_resource(resource=role.resource, **by)
    assert Resource.objects.get().is_privileged
