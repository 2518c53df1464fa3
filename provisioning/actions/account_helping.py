"""What people do about changes of accounts that are stuck: have them tried again, or say that they are not wanted."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from audit import journal
from directory.actions import hold_people
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..models import AccountChange
from .disabling import dispatch, tell


@transaction.atomic
def retry_accounts(*, changes: Sequence[AccountChange], actor: User, now: datetime) -> int:
    """Put stuck changes of accounts back to work; returns how many. Raises PermissionDenied."""
    _require_administrator(actor)
    stuck = _lock_stuck(changes)
    count = outbox.retry(_rows(stuck), now=now)
    journal.record_many(tell(events.ACCOUNT_RETRIED, change, now=now, actor=actor) for change in stuck)
    dispatch(stuck)
    return count


@transaction.atomic
def skip_accounts(*, changes: Sequence[AccountChange], reason: str, actor: User, now: datetime) -> int:
    """Say that stuck changes of accounts are not to be tried any more, and why; returns how many.

    The account stays as it is. One that was to be enabled again is asked for once more when its person leaves and
    comes back. Raises PermissionDenied, and ValidationError without a reason.
    """
    _require_administrator(actor)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why; the journal keeps it.")})
    stuck = _lock_stuck(changes)
    outbox.supersede(_rows(stuck), now=now)
    journal.record_many(tell(events.ACCOUNT_SKIPPED, change, now=now, actor=actor, reason=reason) for change in stuck)
    return len(stuck)


def _lock_stuck(changes: Sequence[AccountChange]) -> list[AccountChange]:
    stuck = AccountChange.objects.with_names().stuck().filter(pk__in=[change.pk for change in changes])
    hold_people(stuck.values_list("person_id", flat=True))
    return list(stuck.all().select_for_update(of=("self",)).order_by("pk"))


def _rows(changes: Sequence[AccountChange]) -> outbox.WorkQuerySet[AccountChange]:
    return AccountChange.objects.filter(pk__in=[change.pk for change in changes])


def _require_administrator(actor: User) -> None:
    if not is_administrator(actor):
        raise PermissionDenied(_("Only administrators decide about stuck work."))
