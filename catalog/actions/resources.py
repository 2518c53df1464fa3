"""Changes to target systems and to resources with their roles."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, facts_of, names
from directory.models import Group, User

from .. import events
from ..models import Catalog, PackageRole, Resource, ResourceRole, TargetSystem
from ..permissions import can_place_resource
from .rules import refuse_if_used, refuse_lax_privileges, require_administrator
from .saving import stored, tell


@transaction.atomic
def save_system(*, system: TargetSystem, actor: User | None, now: datetime) -> TargetSystem:
    """Create or change a target system. Raises PermissionDenied and ValidationError."""
    require_administrator(actor)
    old = stored(system)
    system.full_clean()
    system.save()
    tell(
        system,
        created=events.SYSTEM_CREATED,
        changed=events.SYSTEM_CHANGED,
        before=facts_of(old) if old else None,
        after=facts_of(system),
        actor=actor,
        now=now,
    )
    return system


@transaction.atomic
def delete_system(*, system: TargetSystem, actor: User | None, now: datetime) -> None:
    """Delete a target system without resources and connector. Raises PermissionDenied and ValidationError."""
    require_administrator(actor)
    refuse_if_used(system)
    journal.record(events.SYSTEM_DELETED, actor=actor, target=system, at=now)
    system.delete()


@transaction.atomic
def save_resource(
    *,
    resource: Resource,
    actor: User | None,
    now: datetime,
    catalogs: Collection[Catalog] | None = None,
    owners: Collection[User] | None = None,
    owner_groups: Collection[Group] | None = None,
    roles: Iterable[ResourceRole] = (),
    removed_roles: Iterable[ResourceRole] = (),
) -> Resource:
    """Create or change a resource; `roles` are added or changed; what is None stays as it is.

    A resource cannot leave a catalog whose packages use it, nor become privileged while a policy gives it unapproved
    or without an end. Raises PermissionDenied and ValidationError.
    """
    require_administrator(actor)
    old = stored(resource)
    before = _resource_facts(old) if old else None
    resource.full_clean()
    resource.save()
    if catalogs is not None:
        resource.catalogs.set(catalogs)  # type: ignore[attr-defined]  # the other side of Catalog.resources
    if owners is not None:
        resource.owners.set(owners)
    if owner_groups is not None:
        resource.owner_groups.set(owner_groups)
    _change_roles(resource, roles=roles, removed=removed_roles)
    _refuse_packages_elsewhere(resource)
    refuse_lax_privileges(package__package_roles__resource_role__resource=resource)
    tell(
        resource,
        created=events.RESOURCE_CREATED,
        changed=events.RESOURCE_CHANGED,
        before=before,
        after=_resource_facts(resource),
        actor=actor,
        now=now,
    )
    return resource


@transaction.atomic
def place_resource(*, resource: Resource, catalogs: Collection[Catalog], actor: User | None, now: datetime) -> Resource:
    """Have exactly these catalogs hold the resource.

    Putting it into a catalog and taking it out takes the right to the resource and to that catalog; it cannot leave one
    whose packages use it. Raises PermissionDenied and ValidationError.
    """
    old = stored(resource) or resource
    before, held = _resource_facts(old), set(Catalog.objects.filter(resources=old))
    for catalog in held ^ set(catalogs):
        if actor is not None and not can_place_resource(actor, old, catalog):
            raise PermissionDenied(
                _("Only who owns both puts %(resource)s into the catalog %(catalog)s, or takes it out.")
                % {"resource": old, "catalog": catalog}
            )
    old.catalogs.set(catalogs)  # type: ignore[attr-defined]  # the other side of Catalog.resources
    _refuse_packages_elsewhere(old)
    tell(
        old,
        created=events.RESOURCE_CREATED,
        changed=events.RESOURCE_CHANGED,
        before=before,
        after=_resource_facts(old),
        actor=actor,
        now=now,
    )
    return old


@transaction.atomic
def delete_resource(*, resource: Resource, actor: User | None, now: datetime) -> None:
    """Delete a resource with its roles, none of which is in use. Raises PermissionDenied and ValidationError."""
    require_administrator(actor)
    refuse_if_used(resource, but=("resourcerole",))
    _change_roles(resource, roles=(), removed=resource.roles.all())
    journal.record(events.RESOURCE_DELETED, actor=actor, target=resource, at=now)
    resource.delete()


def _change_roles(resource: Resource, *, roles: Iterable[ResourceRole], removed: Iterable[ResourceRole]) -> None:
    for role in removed:
        refuse_if_used(role, instead=_("Take it out of the packages first."))
        role.delete()
    for role in roles:
        role.resource = resource
        role.full_clean()
        role.save()


def _refuse_packages_elsewhere(resource: Resource) -> None:
    links = PackageRole.objects.filter(resource_role__resource=resource)
    missing = links.exclude(package__catalog__in=Catalog.objects.filter(resources=resource)).select_related(
        "package__catalog"
    )
    if link := missing.first():
        raise ValidationError(
            _("%(package)s in the catalog %(catalog)s uses %(resource)s, so it stays in that catalog."),
            code="used",
            params={"package": link.package, "catalog": link.package.catalog, "resource": resource},
        )


def _resource_facts(resource: Resource) -> Facts:
    roles = [f"{role.name} ({role.origin_id})" for role in resource.roles.all()]
    return facts_of(
        resource,
        roles=names(_("roles"), roles),
        catalogs=names(_("catalogs"), Catalog.objects.filter(resources=resource)),
        owners=names(_("owners"), [*resource.owners.all(), *resource.owner_groups.all()]),
    )
