"""What people do about operations that are stuck: put them back to work, or say that they are not to be done."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from directory.actions import lock_people
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..lifecycle import GrantStatus
from ..models import Grant, Operation, OperationKind
from .queueing import dispatch
from .settling import tell


@transaction.atomic
def retry_stuck(*, operations: Sequence[Operation], actor: User, now: datetime) -> int:
    """Put stuck operations back to work; returns how many. Raises PermissionDenied."""
    _require_administrator(actor)
    stuck = _lock_stuck(operations)
    count = outbox.retry(Operation.objects.filter(pk__in=[o.pk for o in stuck]), now=now)
    journal.record_many(tell(events.OPERATION_RETRIED, operation, now=now, actor=actor) for operation in stuck)
    dispatch(stuck)
    return count


@transaction.atomic
def skip_stuck(*, operations: Sequence[Operation], reason: str, actor: User, now: datetime) -> int:
    """Say that stuck operations are not to be tried any more, and why; returns how many.

    What was to be given stays failed. What was to be taken counts as removed on the actor's word: they have looked, and
    the journal says so. Raises PermissionDenied, and ValidationError without a reason.
    """
    _require_administrator(actor)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why; the journal keeps it.")})
    stuck = _lock_stuck(operations)
    outbox.supersede(Operation.objects.filter(pk__in=[operation.pk for operation in stuck]), now=now)
    journal.record_many(
        tell(events.OPERATION_SKIPPED, operation, now=now, actor=actor, reason=reason) for operation in stuck
    )
    gone = [o for o in stuck if o.kind == OperationKind.REVOKE and o.grant.status == GrantStatus.REMOVAL_PENDING]
    grants = [operation.grant for operation in gone]
    Grant.move_all(grants, status=GrantStatus.REMOVED, at=now)
    Grant.forget_presence(grants)
    proof = _("%(person)s said so: %(reason)s") % {"person": actor, "reason": reason}
    journal.record_many(tell(events.GRANT_REMOVED, operation, now=now, actor=actor, proof=proof) for operation in gone)
    return len(stuck)


def _lock_stuck(operations: Sequence[Operation]) -> list[Operation]:
    stuck = Operation.objects.with_grants().filter(pk__in=[o.pk for o in operations], status=WorkStatus.STUCK)
    lock_people(operation.grant.person_id for operation in stuck)
    return list(stuck.all().select_for_update(of=("self", "grant")).order_by("pk"))


def _require_administrator(actor: User) -> None:
    if not is_administrator(actor):
        raise PermissionDenied(_("Only administrators decide about stuck work."))
