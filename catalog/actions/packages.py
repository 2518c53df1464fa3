"""Changes to access packages and to the roles that they bundle."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import facts_of
from directory.models import User

from .. import events
from ..choices import RequestorScope
from ..models import AccessPackage, Catalog, PackageRole, ResourceRole
from .rules import (
    refuse_extensions_left_behind,
    refuse_groups_that_give_rights,
    refuse_if_used,
    refuse_lax_privileges,
    refuse_strangers_to_the_catalog,
    require_manager,
    require_owner,
)
from .saving import stored, tell


@transaction.atomic
def save_package(*, package: AccessPackage, actor: User | None, now: datetime) -> AccessPackage:
    """Create or change a package; its roles and policies have actions of their own.

    Moving it takes the right in both catalogs, its resources in the new one, and policies that name no custom
    extension of the old one. Raises PermissionDenied and
    ValidationError.
    """
    old = stored(package)
    require_manager(actor, *_catalogs(package, old))
    package.full_clean()
    if (old is None or old.owner_id != package.owner_id) and not package.owner.is_active:
        raise ValidationError({"owner": _("%(owner)s is disabled.") % {"owner": package.owner}})
    package.save()
    if old is not None and old.catalog_id != package.catalog_id:
        refuse_strangers_to_the_catalog(package)
        refuse_extensions_left_behind(package, old=old.catalog)
    tell(
        package,
        created=events.PACKAGE_CREATED,
        changed=events.PACKAGE_CHANGED,
        before=facts_of(old) if old else None,
        after=facts_of(package),
        actor=actor,
        now=now,
        package=package,
    )
    return package


@transaction.atomic
def delete_package(*, package: AccessPackage, actor: User | None, now: datetime) -> None:
    """Delete a package that nobody ever asked for, with its policies. Raises PermissionDenied and ValidationError."""
    require_manager(actor, package.catalog)
    refuse_if_used(package, instead=_("Disable it instead."))
    journal.record(events.PACKAGE_DELETED, actor=actor, target=package, package=package, at=now)
    package.delete()


@transaction.atomic
def add_roles(
    *, package: AccessPackage, roles: Collection[ResourceRole], actor: User | None, now: datetime
) -> list[ResourceRole]:
    """Put roles into the package; whoever listens gives them to those who hold it. Returns those that are new.

    Raises PermissionDenied, and ValidationError where a role's resource is not in the catalog, is a group that makes
    administrators or auditors, or is privileged and some policy would give it unapproved or without an end.
    """
    stored(package)
    require_manager(actor, package.catalog)
    if package.policies.filter(scope=RequestorScope.EMERGENCY).exists():
        require_owner(actor, package.catalog)  # what is put in can be taken at once, without a second person
    there = set(package.package_roles.values_list("resource_role_id", flat=True))
    new = list({role.pk: role for role in roles if role.pk not in there}.values())
    refuse_groups_that_give_rights(new)
    PackageRole.objects.bulk_create(PackageRole(package=package, resource_role=role) for role in new)
    refuse_strangers_to_the_catalog(package)
    refuse_lax_privileges(package=package)
    _tell_roles(events.PACKAGE_ROLE_ADDED, package, new, actor=actor, now=now)
    return new


@transaction.atomic
def remove_roles(
    *, package: AccessPackage, roles: Collection[ResourceRole], actor: User | None, now: datetime
) -> list[ResourceRole]:
    """Take roles out of the package; whoever listens takes them from those who hold it. Returns those that were in it.

    Raises PermissionDenied.
    """
    stored(package)
    require_manager(actor, package.catalog)
    links = package.package_roles.filter(resource_role__in=[role.pk for role in roles])
    gone = [link.resource_role for link in links.select_related("resource_role__resource")]
    links.delete()
    _tell_roles(events.PACKAGE_ROLE_REMOVED, package, gone, actor=actor, now=now)
    return gone


def _catalogs(package: AccessPackage, old: AccessPackage | None) -> list[Catalog]:
    has_moved = old is not None and old.catalog_id != package.catalog_id
    return [package.catalog, old.catalog] if old and has_moved else [package.catalog]


def _tell_roles(
    verb: str, package: AccessPackage, roles: Collection[ResourceRole], *, actor: User | None, now: datetime
) -> None:
    journal.record_many(
        journal.entry(verb, actor=actor, target=role, package=package, at=now, details={"role": str(role)})
        for role in roles
    )
