"""What leaving and coming back means for accounts: disabled where that was chosen, and enabled again if we disabled it.

Callers lock the people first. All of it is set-based: a thousand leavers cost as many statements as one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event
from directory.models import User

from .. import events
from ..models import AccountChange, AccountChangeKind, Connector
from ..querysets import AccountChangeQuerySet
from .queueing import OPEN

Stories = Mapping[UUID, UUID | None]
"""The correlation ids of what is told, by person."""


@transaction.atomic
def disable_accounts_of(people: Sequence[User], *, stories: Stories, now: datetime) -> None:
    """Have the accounts of these people, who left, disabled wherever an administrator chose that."""
    connectors = list(Connector.objects.filter(disables_accounts=True).select_related("system"))
    _disable([(connector, person) for connector in connectors for person in people], stories=stories, now=now)


@transaction.atomic
def enable_accounts_of(people: Sequence[User], *, stories: Stories, now: datetime) -> None:
    """Have what we disabled of these people, who came back, enabled again; what waits to be disabled is not."""
    _supersede({person.pk for person in people}, kind=AccountChangeKind.DISABLE, now=now)
    _enable(AccountChange.objects.to_be_undone(people), people=people, stories=stories, now=now)


@transaction.atomic
def forget_disabled_in(connector: Connector, *, now: datetime) -> None:
    """It is another system from now on: what was disabled in the former one is not enabled in this one."""
    changes = AccountChange.objects.filter(system=connector.system_id)
    changes.filter(is_to_be_undone=True).update(is_to_be_undone=False)
    _end(changes.filter(kind=AccountChangeKind.ENABLE), now=now)


def follow_up(outdated: Sequence[AccountChange], *, now: datetime) -> None:
    """Queue what is wanted now in the place of what was wanted when these were claimed; their people are locked."""
    if not outdated:
        return
    outbox.settle_all(outdated, now=now, status=WorkStatus.SUPERSEDED)
    _tell_superseded(outdated, now=now)
    stories = {change.person_id: change.correlation_id for change in outdated}
    back = [change.person for change in outdated if change.person.is_active]
    if back:
        accounts = {change.account for change in outdated}
        undone = [one for one in AccountChange.objects.to_be_undone(back) if one.account in accounts]
        _enable(undone, people=back, stories=stories, now=now)
    gone = [change for change in outdated if is_wanted(change.person, change.connector)]
    _disable([(change.connector, change.person) for change in gone], stories=stories, now=now)


def is_wanted(person: User, connector: Connector) -> bool:
    """Whether the person's account there is to be disabled."""
    return not person.is_active and connector.disables_accounts


def _disable(accounts: Sequence[tuple[Connector, User]], *, stories: Stories, now: datetime) -> None:
    if not accounts:
        return
    _supersede({person.pk for _connector, person in accounts}, kind=AccountChangeKind.ENABLE, now=now)
    kind = AccountChangeKind.DISABLE
    _queue([_change(connector, person, kind, stories=stories, now=now) for connector, person in accounts])


def _enable(disabled: Iterable[AccountChange], *, people: Sequence[User], stories: Stories, now: datetime) -> None:
    """One for each account, by what was found when it was disabled last."""
    known = {person.pk: person for person in people}
    last = {change.account: change for change in disabled}
    kind = AccountChangeKind.ENABLE
    _queue([
        _change(one.connector, known[one.person_id], kind, stories=stories, now=now, before=one.before)
        for one in last.values()
    ])  # fmt: skip


def _change(
    connector: Connector, person: User, kind: AccountChangeKind, *, stories: Stories, now: datetime, before: str = ""
) -> AccountChange:
    pk = uuid7()
    return AccountChange(
        pk=pk,
        system=connector.system,
        person=person,
        kind=kind,
        before=before,
        due_at=now,
        created_at=now,
        correlation_id=stories.get(person.pk),
        idempotency_key=str(pk),
    )


def _supersede(people: Collection[UUID], *, kind: AccountChangeKind, now: datetime) -> None:
    """What nobody is at is settled; what somebody is at is followed up when it settles."""
    _end(AccountChange.objects.filter(person__in=people, kind=kind, leased_until=None), now=now)


def _end(changes: AccountChangeQuerySet, *, now: datetime) -> None:
    """Those of these that are open are not wanted any more."""
    rows = list(changes.filter(status__in=OPEN).with_names().select_for_update(of=("self",)).order_by("pk"))
    if rows:
        outbox.supersede(AccountChange.objects.filter(pk__in=[row.pk for row in rows]), now=now)
        _tell_superseded(rows, now=now)


def _tell_superseded(changes: Iterable[AccountChange], *, now: datetime) -> None:
    journal.record_many(tell(events.ACCOUNT_CHANGE_SUPERSEDED, change, now=now) for change in changes)


def _queue(wanted: Sequence[AccountChange]) -> None:
    """Add these, but for accounts with a change that is open already."""
    if not wanted:
        return
    people = {change.person_id for change in wanted}
    under_way = AccountChange.objects.filter(person__in=people, status__in=OPEN)
    busy = set(under_way.values_list("system_id", "person_id"))
    new = [change for change in wanted if change.account not in busy]
    AccountChange.objects.bulk_create(new, batch_size=journal.BATCH)
    for kind, verb in (
        (AccountChangeKind.DISABLE, events.ACCOUNT_DISABLING_QUEUED),
        (AccountChangeKind.ENABLE, events.ACCOUNT_ENABLING_QUEUED),
    ):
        journal.record_many(tell(verb, change, now=change.created_at) for change in new if change.kind == kind)
    dispatch(new)


def tell(verb: str, change: AccountChange, *, now: datetime, actor: User | None = None, **details: object) -> Event:
    """An event about the account, not stored yet."""
    return journal.entry(
        verb,
        actor=actor,
        target=change.connector,
        person=change.person,
        at=now,
        details={"change": str(change.pk), **details},
        correlation_id=change.correlation_id,
    )


def dispatch(changes: Sequence[AccountChange]) -> None:
    """After the commit, hint to the workers that there is something to do in these systems."""
    from ..tasks import change_accounts

    outbox.dispatch(change_accounts, dict.fromkeys(change.system_id for change in changes))
