"""What came of operations: what was found in the target, what the target did. Set-based: a batch costs as one does.

Each function takes operations that one worker claimed together, locks the people and then their grants, and leaves out
whatever another worker holds by now. What changed while the target was being called is superseded, and what is wanted
now is queued.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event
from directory.actions import hold_people
from directory.models import User

from .. import events
from ..lifecycle import GrantStatus
from ..models import Grant, GrantReason, Operation, OperationKind
from .queueing import queue

READ_BACK = gettext_lazy("read back from %(system)s")
SAID_SO = gettext_lazy("%(system)s said so")
NEVER_THERE = gettext_lazy("nothing was ever changed in %(system)s")

WANTED = {GrantStatus.PENDING: OperationKind.GRANT, GrantStatus.REMOVAL_PENDING: OperationKind.REVOKE}
"""What is to be done for a grant that is on its way."""


@dataclass(frozen=True)
class Failure:
    """Why it failed; `delay` is the wait that the target asked for; where it `is_final`, trying again is no use."""

    error: str
    delay: timedelta | None = None
    is_final: bool = False
    is_outage: bool = False


@transaction.atomic
def begin(operations: Sequence[Operation], *, now: datetime) -> list[Operation]:
    """Those of the claimed operations that still say what is wanted, with their grants as they are now.

    The rest is settled: what is outdated gives way to what is wanted now, and what never reached the target needs no
    removal there.
    """
    current = _lock(operations, now=now)
    idle = [o for o in current if o.kind == OperationKind.REVOKE and o.grant.was_present is None]
    _settle_removed(idle, proof=NEVER_THERE, now=now)
    return [operation for operation in current if operation not in idle]


@transaction.atomic
def hold_on(operations: Sequence[Operation], *, now: datetime) -> list[Operation]:
    """Lease operations anew; returns those that are still this worker's and still say what is wanted."""
    current = _lock(operations, now=now)
    outbox.renew(current, now=now)
    return current


@transaction.atomic
def note_presence(found: Mapping[Operation, bool], *, now: datetime) -> list[Operation]:
    """Remember, before anything is changed there, whether the target had each grant already.

    Committed before the call to the target, so that an attempt that is repeated after a crash does not take its own
    work for access that was there before. Access that was there before and is there no more is from now on what its
    reasons say; without reasons it stays adopted. Returns the operations that are still wanted: nothing may be done in
    the target for the others.
    """
    current = _lock(list(found), now=now)
    unseen = [operation for operation in current if operation.grant.was_present is None]
    gone = [o for o in current if o.grant.is_adopted and o.grant.was_present and not found[o]]
    _write_presence([o for o in unseen if found[o]], was_present=True)
    _write_presence([o for o in unseen if not found[o]], was_present=False)
    _write_presence(_with_reasons(gone), was_present=False)
    _record(events.GRANT_ADOPTED, [o for o in unseen if found[o]], now=now)
    return current


@transaction.atomic
def settle_delivered(operations: Sequence[Operation], *, is_verified: bool, now: datetime) -> None:
    """The target has them."""
    current = _lock(operations, now=now)
    outbox.settle_all(current, now=now)
    status = GrantStatus.VERIFIED if is_verified else GrantStatus.DELIVERED
    Grant.move_all([operation.grant for operation in current], status=status, at=now)
    _record(events.GRANT_DELIVERED, current, now=now, proof=READ_BACK if is_verified else SAID_SO)


@transaction.atomic
def settle_removed(operations: Sequence[Operation], *, is_verified: bool, now: datetime) -> None:
    """The target no longer has them."""
    _settle_removed(_lock(operations, now=now), proof=READ_BACK if is_verified else SAID_SO, now=now)


@transaction.atomic
def settle_waiting(operations: Sequence[Operation], *, delay: timedelta, is_done: bool, now: datetime) -> None:
    """The target took the changes and does not show them yet; look again after `delay`, which is no failure.

    `is_done` where the target said that it was done: then what was granted counts as delivered, not as verified.
    """
    current = _lock(operations, now=now)
    new = [operation for operation in current if operation.waiting_since is None]
    outbox.wait(new, now=now, delay=delay, waiting_since=now)
    outbox.wait([operation for operation in current if operation not in new], now=now, delay=delay)
    if not is_done:
        _record(events.GRANT_HANDED_OVER, [o for o in new if o.kind == OperationKind.GRANT], now=now)
        _record(events.REMOVAL_HANDED_OVER, [o for o in new if o.kind == OperationKind.REVOKE], now=now)
        return
    given = [o for o in current if o.kind == OperationKind.GRANT and o.grant.status != GrantStatus.DELIVERED]
    Grant.move_all([operation.grant for operation in given], status=GrantStatus.DELIVERED, at=now)
    _record(events.GRANT_DELIVERED, given, now=now, proof=SAID_SO)


def granting_took_its_time(operations: Sequence[Operation]) -> list[Operation]:
    """Those of whose grants an earlier operation had to wait for the target, which may be at it still."""
    waited = Operation.objects.filter(
        grant__in=[operation.grant_id for operation in operations],
        kind=OperationKind.GRANT,
        waiting_since__isnull=False,
    )
    grants = set(waited.values_list("grant_id", flat=True))
    return [operation for operation in operations if operation.grant_id in grants]


@transaction.atomic
def settle_failed(failures: Mapping[Operation, Failure], *, now: datetime) -> None:
    """The target did not do it: try again later, or make it stuck.

    Where the target as a whole is away the attempts do not run out. The journal keeps the first failure and the giving
    up, not each attempt in between.
    """
    current = _lock(list(failures), now=now)
    news = [operation for operation in current if not operation.grant.last_error]
    for operation in current:
        _postpone(operation, failures[operation], now=now)
    grants = [operation.grant for operation in current if operation.kind == OperationKind.GRANT]
    Grant.fail_all(grants, errors={operation.grant_id: failures[operation].error for operation in current}, at=now)
    Grant.blame(
        [operation.grant for operation in current if operation.kind == OperationKind.REVOKE],
        errors={operation.grant_id: failures[operation].error for operation in current},
    )
    _record_failures(news, failures, now=now)
    stuck = [operation for operation in current if operation.status == WorkStatus.STUCK]
    journal.record_many(
        tell(events.OPERATION_STUCK, o, now=now, error=failures[o].error, attempts=o.attempts) for o in stuck
    )


def _postpone(operation: Operation, failure: Failure, *, now: datetime) -> None:
    if failure.is_final:
        outbox.give_up(operation, error=failure.error)
        return
    if failure.is_outage:
        operation.attempts = min(operation.attempts, operation.MAX_ATTEMPTS - 1)
    delay = failure.delay
    if delay is not None and not failure.is_outage:
        delay = max(delay, outbox.backoff(operation.attempts))
    outbox.postpone(operation, error=failure.error, now=now, delay=delay)


def _record_failures(news: Sequence[Operation], failures: Mapping[Operation, Failure], *, now: datetime) -> None:
    """Verb by verb, so that listeners hear them together."""
    verbs = {OperationKind.GRANT: events.GRANT_FAILED, OperationKind.REVOKE: events.REMOVAL_FAILED}
    for kind, verb in verbs.items():
        those = [operation for operation in news if operation.kind == kind]
        journal.record_many(tell(verb, operation, now=now, error=failures[operation].error) for operation in those)


def _settle_removed(operations: Sequence[Operation], *, proof: "str | Promise", now: datetime) -> None:
    outbox.settle_all(operations, now=now)
    grants = [operation.grant for operation in operations]
    Grant.move_all(grants, status=GrantStatus.REMOVED, at=now)
    Grant.forget_presence(grants)
    _record(events.GRANT_REMOVED, operations, now=now, proof=proof)


def _lock(operations: Sequence[Operation], *, now: datetime) -> list[Operation]:
    """Lock people, grants and operations; the operations that are still this worker's and still say what is wanted."""
    if not operations:
        return []
    hold_people([operation.grant.person_id for operation in operations])
    rows = Grant.objects.filter(pk__in=[operation.grant_id for operation in operations])
    grants = {grant.pk: grant for grant in rows.select_for_update(of=("self",)).order_by("pk")}
    ours = outbox.still_held(operations)
    for operation in ours:
        operation.grant = _as_it_is_now(grants[operation.grant_id], operation.grant)
    outdated = [operation for operation in ours if operation.generation != operation.grant.generation]
    _follow_up(outdated, now=now)
    return [operation for operation in ours if operation not in outdated]


def _as_it_is_now(grant: Grant, claimed: Grant) -> Grant:
    """The locked grant, with the names that were read with the claim."""
    grant.person, grant.resource_role = claimed.person, claimed.resource_role
    return grant


def _follow_up(outdated: Sequence[Operation], *, now: datetime) -> None:
    """Queue what is wanted now in the place of what was wanted when these were claimed."""
    outbox.settle_all(outdated, now=now, status=WorkStatus.SUPERSEDED)
    stories = {operation.grant_id: operation.correlation_id for operation in outdated}
    for status, kind in WANTED.items():
        queue([o.grant for o in outdated if o.grant.status == status], kind=kind, now=now, stories=stories)


def _write_presence(operations: Sequence[Operation], *, was_present: bool) -> None:
    if operations:
        Grant.objects.filter(pk__in=[operation.grant_id for operation in operations]).update(
            was_present=was_present, is_adopted=was_present
        )
    for operation in operations:
        operation.grant.was_present = operation.grant.is_adopted = was_present


def _with_reasons(operations: Sequence[Operation]) -> list[Operation]:
    if not operations:
        return []
    reasons = GrantReason.objects.living().filter(grant__in=[operation.grant_id for operation in operations])
    wanted = set(reasons.values_list("grant_id", flat=True))
    return [operation for operation in operations if operation.grant_id in wanted]


def _record(verb: str, operations: Sequence[Operation], *, now: datetime, proof: "str | Promise" = "") -> None:
    """Journal the same of each, with its proof, in which `%(system)s` is the name of its system."""
    if operations:
        journal.record_many(
            tell(verb, operation, now=now, proof=str(proof) % {"system": system_of(operation)})
            if proof
            else tell(verb, operation, now=now)
            for operation in operations
        )


def tell(verb: str, operation: Operation, *, now: datetime, actor: User | None = None, **details: object) -> Event:
    """An event about the operation's grant, not stored yet."""
    return journal.entry(
        verb,
        actor=actor,
        target=operation.grant,
        person=operation.grant.person,
        at=now,
        details={"operation": str(operation.pk), **details},
        correlation_id=operation.correlation_id,
    )


def system_of(operation: Operation) -> str:
    """The name of the system in which it is to be done."""
    return str(operation.grant.resource_role.resource.system)
