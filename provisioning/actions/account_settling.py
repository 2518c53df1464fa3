"""What came of changes of accounts: what was found in the target, what the target did.

Each function takes changes that one worker claimed, locks the people, and leaves out what another worker holds by now.
Whoever came back or left while the target was being called has what is wanted now queued.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from directory.actions import lock_people

from .. import events
from ..models import AccountChange, AccountChangeKind, Operation, OperationKind
from .disabling import follow_up, is_wanted, tell
from .settling import Failure

DONE = {AccountChangeKind.DISABLE: events.ACCOUNT_DISABLED, AccountChangeKind.ENABLE: events.ACCOUNT_ENABLED}
FAILED = {
    AccountChangeKind.DISABLE: events.ACCOUNT_DISABLING_FAILED,
    AccountChangeKind.ENABLE: events.ACCOUNT_ENABLING_FAILED,
}


@transaction.atomic
def begin_account_changes(changes: Sequence[AccountChange], *, now: datetime) -> list[AccountChange]:
    """Those of the claimed changes that still say what is wanted; the rest gives way to what is wanted now."""
    return _lock(changes, now=now)


@transaction.atomic
def note_account(change: AccountChange, *, is_enabled: bool, before: str, now: datetime) -> bool:
    """Remember, before anything is changed there, that an account was enabled; False where nothing is wanted any more.

    Committed before the call to the target, so that an attempt that is repeated after a crash does not take its own
    work for an account that others had disabled.
    """
    if not _lock([change], now=now):
        return False
    outbox.renew([change], now=now)
    if is_enabled and change.kind == AccountChangeKind.DISABLE:
        change.is_to_be_undone, change.before = True, before
        change.save(update_fields=["is_to_be_undone", "before"])
    return True


@transaction.atomic
def settle_account(change: AccountChange, *, outcome: str, is_gone: bool = False, now: datetime) -> None:
    """The account is as it was wanted, or what was to be enabled again `is_gone`."""
    if not _lock([change], now=now):
        return
    outbox.settle(change, now=now, status=WorkStatus.SUPERSEDED if is_gone else WorkStatus.DONE)
    change.outcome = outcome
    change.save(update_fields=["outcome"])
    if change.kind == AccountChangeKind.ENABLE:
        disabled = AccountChange.objects.filter(system=change.system_id, person=change.person_id, is_to_be_undone=True)
        disabled.update(is_to_be_undone=False)
    verb = events.ACCOUNT_GONE if is_gone else DONE[AccountChangeKind(change.kind)]
    journal.record_many([tell(verb, change, now=now, proof=outcome)])


@transaction.atomic
def wait_for_account(change: AccountChange, *, delay: timedelta, is_done: bool, now: datetime) -> None:
    """Look again after `delay`, which is no failure.

    `is_done` where the target said so and does not show it yet; otherwise the account may be there in a moment.
    """
    since = change.waiting_since or now if is_done else None
    outbox.wait(_lock([change], now=now), now=now, delay=delay, waiting_since=since)


@transaction.atomic
def fail_accounts(failures: Mapping[AccountChange, Failure], *, now: datetime) -> None:
    """The target did not do it: try again later, or make it stuck.

    Where the target as a whole is away the attempts do not run out. The journal keeps the first failure and the giving
    up, not each attempt in between.
    """
    current = _lock(list(failures), now=now)
    news = [change for change in current if not change.last_error]
    for change in current:
        _postpone(change, failures[change], now=now)
    for kind, verb in FAILED.items():
        those = [change for change in news if change.kind == kind]
        journal.record_many(tell(verb, change, now=now, error=failures[change].error) for change in those)
    journal.record_many(
        tell(events.ACCOUNT_STUCK, change, now=now, error=failures[change].error, attempts=change.attempts)
        for change in current
        if change.status == WorkStatus.STUCK
    )


def may_be_created_just_now(change: AccountChange, *, now: datetime) -> bool:
    """Whether a worker is giving the person something there, which may make an account where there is none."""
    giving = Operation.objects.pending().filter(system=change.system_id, kind=OperationKind.GRANT, leased_until__gt=now)
    return giving.filter(grant__person=change.person_id).exists()


def _postpone(change: AccountChange, failure: Failure, *, now: datetime) -> None:
    if failure.is_final:
        outbox.give_up(change, error=failure.error)
        return
    if failure.is_outage:
        change.attempts = min(change.attempts, change.MAX_ATTEMPTS - 1)
    delay = failure.delay
    if delay is not None and not failure.is_outage:
        delay = max(delay, outbox.backoff(change.attempts))
    outbox.postpone(change, error=failure.error, now=now, delay=delay)


def _lock(changes: Sequence[AccountChange], *, now: datetime) -> list[AccountChange]:
    """Lock people and changes; those that are still this worker's and still say what is wanted."""
    if not changes:
        return []
    people = lock_people([change.person_id for change in changes])
    ours = outbox.still_held(changes)
    for change in ours:
        change.person = people[change.person_id]
    outdated = [change for change in ours if not _says_what_is_wanted(change)]
    follow_up(outdated, now=now)
    return [change for change in ours if change not in outdated]


def _says_what_is_wanted(change: AccountChange) -> bool:
    if change.kind == AccountChangeKind.ENABLE:
        return change.person.is_active
    return is_wanted(change.person, change.connector)
