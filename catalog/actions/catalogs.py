"""Changes to catalogs."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import facts_of
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..choices import DelegatedRole
from ..models import Catalog, RoleAssignment
from ..permissions import can_create_catalogs
from .roles import appoint_creator, grant_role
from .rules import refuse_if_used, require_owner
from .saving import stored, tell


@transaction.atomic
def save_catalog(*, catalog: Catalog, actor: User | None, now: datetime, owners: Collection[User] = ()) -> Catalog:
    """Create or change a catalog; those whom `owners` names become owners beside those whom it has.

    Whoever creates a catalog becomes its first owner; an administrator only where nobody is named. Raises
    PermissionDenied and ValidationError.
    """
    old = stored(catalog)
    if old is None:
        _require_creator(actor)
    else:
        require_owner(actor, old)
    before = facts_of(old) if old else None
    catalog.full_clean()
    catalog.save()
    tell(
        catalog,
        created=events.CATALOG_CREATED,
        changed=events.CATALOG_CHANGED,
        before=before,
        after=facts_of(catalog),
        actor=actor,
        now=now,
    )
    if old is None and actor is not None and not (owners and is_administrator(actor)):
        appoint_creator(catalog=catalog, creator=actor, now=now)
    _add_owners(catalog, owners, actor=actor, now=now)
    return catalog


@transaction.atomic
def delete_catalog(*, catalog: Catalog, actor: User | None, now: datetime) -> None:
    """Delete a catalog without packages, and with it the roles in it. Raises PermissionDenied and ValidationError."""
    require_owner(actor, catalog)
    refuse_if_used(catalog, instead=_("Disable it instead."))
    journal.record(events.CATALOG_DELETED, actor=actor, target=catalog, at=now)
    catalog.delete()


def _require_creator(actor: User | None) -> None:
    if actor is not None and not can_create_catalogs(actor):
        raise PermissionDenied(_("Only administrators and catalog creators create catalogs."))


def _add_owners(catalog: Catalog, people: Collection[User], *, actor: User | None, now: datetime) -> None:
    known = set(catalog.owners.values_list("pk", flat=True)) if people else set()
    for person in people:
        if person.pk not in known:
            given = RoleAssignment(role=DelegatedRole.CATALOG_OWNER, catalog=catalog, person=person)
            grant_role(given=given, actor=actor, now=now)
