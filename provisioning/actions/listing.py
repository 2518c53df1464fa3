"""Taking in a list of who holds what in a system that has no interface: as a whole, in the place of the one before."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..models import Connector, ConnectorKind, HolderList, ListedHolder

CLOCKS_APART = timedelta(minutes=5)
BATCH = 1000


@transaction.atomic
def take_in_holders(
    *,
    connector: Connector,
    known_by: str,
    holders: Collection[tuple[UUID, str]],
    made_at: datetime,
    actor: User | None,
    now: datetime,
) -> HolderList:
    """Keep who holds what as of `made_at`, by pairs of a role's id and what the list calls somebody.

    Raises PermissionDenied, and ValidationError (`made_at`, or where the system is not done by hand).
    """
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators take in lists of holders."))
    locked = Connector.objects.select_for_update(of=("self",)).select_related("system").get(pk=connector.pk)
    if locked.kind != ConnectorKind.MANUAL:
        raise ValidationError(_("%(system)s tells by itself who holds what: no list is needed.") % {"system": locked})
    _check_time(locked, made_at=made_at, now=now)
    HolderList.objects.filter(connector=locked).delete()
    kept = HolderList.objects.create(
        connector=locked, known_by=known_by, made_at=made_at, taken_in_at=now, taken_in_by=actor, rows=len(holders)
    )
    rows = [ListedHolder(holder_list=kept, resource_role_id=role, account=account) for role, account in holders]
    ListedHolder.objects.bulk_create(rows, batch_size=BATCH)
    details = {"rows": len(holders), "as_of": made_at.isoformat(timespec="minutes"), "known_by": known_by}
    journal.record(events.HOLDERS_TAKEN_IN, actor=actor, target=locked, at=now, details=details)
    return kept


def _check_time(connector: Connector, *, made_at: datetime, now: datetime) -> None:
    if made_at > now + CLOCKS_APART:
        raise ValidationError({"made_at": _("A list cannot come from the future.")})
    if HolderList.objects.filter(connector=connector, made_at__gt=made_at).exists():
        raise ValidationError({"made_at": _("The list that is there is newer than this one.")})
