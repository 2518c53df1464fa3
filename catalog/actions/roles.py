"""Giving delegated roles and taking them away."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User

from .. import events
from ..choices import DelegatedRole
from ..models import Catalog, RoleAssignment
from ..permissions import can_appoint


@transaction.atomic
def grant_role(*, given: RoleAssignment, actor: User | None, now: datetime) -> RoleAssignment:
    """Give a role to a person or a group; `given` is the row as it is to be.

    Raises PermissionDenied, and ValidationError where they have it already, are disabled, or the catalog is wrong.
    """
    _require_right(actor, given)
    if given.person is not None and not given.person.is_active:
        raise ValidationError({"person": _("%(person)s is disabled.") % {"person": given.person}})
    given.granted_at = now
    given.full_clean()
    given.save(force_insert=True)
    _tell(events.ROLE_GRANTED, given, actor=actor, now=now)
    return given


@transaction.atomic
def revoke_role(*, given: RoleAssignment, actor: User | None, now: datetime) -> bool:
    """Take a role away; returns False where it is gone already. Raises PermissionDenied."""
    _require_right(actor, given)
    stored = RoleAssignment.objects.select_for_update(of=("self",)).with_names().filter(pk=given.pk).first()
    if stored is None:
        return False
    _tell(events.ROLE_REVOKED, stored, actor=actor, now=now)
    stored.delete()
    return True


def appoint_creator(*, catalog: Catalog, creator: User, now: datetime) -> None:
    """Make whoever created the catalog its first owner: part of creating it, so no further right is asked for."""
    given = RoleAssignment.objects.create(
        role=DelegatedRole.CATALOG_OWNER, catalog=catalog, person=creator, granted_at=now
    )
    _tell(events.ROLE_GRANTED, given, actor=creator, now=now)


def _require_right(actor: User | None, given: RoleAssignment) -> None:
    if actor is None or can_appoint(actor, DelegatedRole(given.role), given.catalog):
        return
    if given.catalog is None:
        raise PermissionDenied(_("Only administrators give roles that hold everywhere."))
    raise PermissionDenied(_("Only owners of the catalog %(catalog)s appoint people.") % {"catalog": given.catalog})


def _owners(given: RoleAssignment) -> list[str]:
    """Who is told of a group's role: whoever answers for the group."""
    return [str(pk) for pk in given.group.owners.enabled().values_list("pk", flat=True)] if given.group else []


def _tell(verb: str, given: RoleAssignment, *, actor: User | None, now: datetime) -> None:
    journal.record(
        verb,
        actor=actor,
        target=given,
        person=given.person,
        at=now,
        details={
            "role": given.get_role_display(),
            "role_id": given.role,
            "whom": str(given.person or given.group),
            "where": str(given.catalog or _("the whole installation")),
            "catalog_id": str(given.catalog_id or ""),
            "group_id": str(given.group_id or ""),
            "group_owners": _owners(given),
        },
    )
