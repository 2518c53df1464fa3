"""What came of an operation: what was found in the target, what the target did, and trying again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
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
from .queueing import OPEN, dispatch, queue


@transaction.atomic
def note_presence(*, operation: Operation, was_present: bool, now: datetime) -> bool:
    """Remember, before anything is changed there, whether the target had the grant already.

    Committed before the call to the target, so that an attempt that is repeated after a crash does not take its own
    work for access that was there before. Returns False, with the operation settled, where the grant is not wanted
    any more: then nothing may be done in the target. Raises LeaseLostError.
    """
    if settle_outdated(operation=operation, now=now):
        return False
    grant = operation.grant
    grant.was_present = grant.is_adopted = was_present
    grant.save(update_fields=["was_present", "is_adopted"])
    if was_present:
        _record(events.GRANT_ADOPTED, operation, now=now)
    return True


@transaction.atomic
def settle_outdated(*, operation: Operation, now: datetime) -> bool:
    """Settle an operation that no longer says what is wanted, and queue what is; False where it still does.

    Raises LeaseLostError.
    """
    grant = _lock_for_settling(operation)
    if operation.generation == grant.generation:
        return False
    outbox.settle(operation, now=now, status=WorkStatus.SUPERSEDED)
    return _changed_meanwhile(operation, grant, now=now)


@transaction.atomic
def settle_delivered(*, operation: Operation, is_verified: bool, now: datetime) -> None:
    """The target has it. Raises LeaseLostError."""
    grant = _lock_for_settling(operation)
    outbox.settle(operation, now=now)
    if _changed_meanwhile(operation, grant, now=now):
        return
    grant.move_to(GrantStatus.VERIFIED if is_verified else GrantStatus.DELIVERED, at=now)
    proof = _("read back from %(system)s") if is_verified else _("%(system)s said so")
    _record(events.GRANT_DELIVERED, operation, now=now, proof=proof % {"system": _system(grant)})


@transaction.atomic
def settle_removed(*, operation: Operation, is_verified: bool, now: datetime) -> None:
    """The target no longer has it. Raises LeaseLostError."""
    grant = _lock_for_settling(operation)
    outbox.settle(operation, now=now)
    if _changed_meanwhile(operation, grant, now=now):
        return
    grant.was_present = None
    grant.verified_at = None
    grant.save(update_fields=["was_present", "verified_at"])
    grant.move_to(GrantStatus.REMOVED, at=now)
    proof = _("read back from %(system)s") if is_verified else _("nothing was ever changed in %(system)s")
    _record(events.GRANT_REMOVED, operation, now=now, proof=proof % {"system": _system(grant)})


@transaction.atomic
def settle_failed(*, operation: Operation, error: str, retry_after: timedelta | None, now: datetime) -> None:
    """The target did not do it: try again later, or make it stuck. Raises LeaseLostError.

    The journal keeps the first failure and the giving up, not each attempt in between.
    """
    grant = _lock_for_settling(operation)
    outbox.postpone(operation, error=error, now=now, delay=retry_after)
    if _changed_meanwhile(operation, grant, now=now):
        return
    is_grant = operation.kind == OperationKind.GRANT
    is_news = not grant.last_error
    if is_grant:
        grant.move_to(GrantStatus.FAILED, at=now, error=error)
    else:
        grant.last_error = error
        grant.save(update_fields=["last_error"])
    if is_news:
        _record(events.GRANT_FAILED if is_grant else events.REMOVAL_FAILED, operation, now=now, error=error)
    if operation.status == WorkStatus.STUCK:
        _record(events.OPERATION_STUCK, operation, now=now, error=error, attempts=operation.attempts)


@transaction.atomic
def retry_stuck(*, operations: "Sequence[Operation]", actor: User, now: datetime) -> int:
    """Put stuck operations back to work; returns how many. Raises PermissionDenied."""
    if not is_administrator(actor):
        raise PermissionDenied(_("Only administrators put stuck work back."))
    stuck = list(Operation.objects.with_grants().filter(pk__in=[o.pk for o in operations], status=WorkStatus.STUCK))
    count = outbox.retry(Operation.objects.filter(pk__in=[o.pk for o in stuck]), now=now)
    for operation in stuck:
        _record(events.OPERATION_RETRIED, operation, now=now, actor=actor)
    dispatch(stuck)
    return count


def _lock_for_settling(operation: Operation) -> Grant:
    lock_people([operation.grant.person_id])
    grant = Grant.objects.with_names().select_for_update(of=("self",)).get(pk=operation.grant_id)
    operation.grant = grant
    return grant


def _changed_meanwhile(operation: Operation, grant: Grant, *, now: datetime) -> bool:
    """Whether what is wanted changed while the target was being called; then queue what is wanted now."""
    if operation.generation == grant.generation:
        return False
    if operation.status in OPEN:
        outbox.supersede(Operation.objects.filter(pk=operation.pk), now=now)
    kind = OperationKind.GRANT if grant.status == GrantStatus.PENDING else OperationKind.REVOKE
    queue([grant], kind=kind, now=now, stories={grant.pk: operation.correlation_id})
    return True


def _record(verb: str, operation: Operation, *, now: datetime, actor: User | None = None, **details: object) -> None:
    journal.record(
        verb,
        actor=actor,
        target=operation.grant,
        person=operation.grant.person,
        at=now,
        details={"operation": str(operation.pk), **details},
        correlation_id=operation.correlation_id,
    )


def _system(grant: Grant) -> str:
    return str(grant.resource_role.resource.system)
