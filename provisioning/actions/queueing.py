"""What every change of mind about a grant leads to: a new generation, and one operation that makes it so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event

from .. import events
from ..lifecycle import GrantStatus
from ..models import Grant, Operation, OperationKind

OPEN = (WorkStatus.PENDING, WorkStatus.STUCK)
"""An operation in one of these states is the only one of its grant."""


def turn(grants: Sequence[Grant], *, status: GrantStatus, now: datetime) -> None:
    """Change direction: a new generation, by one statement; operations of the older one no longer count."""
    if not grants:
        return
    Grant.turn_all(grants, status=status, at=now)
    outdated = Operation.objects.filter(grant__in=[grant.pk for grant in grants], status__in=OPEN, leased_until=None)
    outbox.supersede(outdated, now=now)


def queue(grants: Sequence[Grant], *, kind: OperationKind, now: datetime, stories: Mapping[UUID, UUID | None]) -> None:
    """Add an operation for each grant that has none under way; one that is under way is followed up when it settles."""
    if not grants:
        return
    under_way = Operation.objects.filter(grant__in=[grant.pk for grant in grants], status__in=OPEN)
    busy = set(under_way.values_list("grant_id", flat=True))
    idle = [grant for grant in grants if grant.pk not in busy]
    rows = [
        Operation(
            grant=grant,
            system_id=grant.resource_role.resource.system_id,
            kind=kind,
            generation=grant.generation,
            due_at=now,
            created_at=now,
            correlation_id=stories[grant.pk],
            idempotency_key=f"{grant.pk}:{grant.generation}",
        )
        for grant in idle
    ]
    Operation.objects.bulk_create(rows, batch_size=journal.BATCH)
    verb = events.GRANT_QUEUED if kind == OperationKind.GRANT else events.REMOVAL_QUEUED
    journal.record_many(tell(verb, grant, now=now, story=stories[grant.pk]) for grant in idle)
    dispatch(rows)


def given_up(grants: Sequence[Grant]) -> list[Grant]:
    """Those of these grants that failed and that nobody tries any more, because somebody skipped the operation."""
    failed = [grant for grant in grants if grant.status == GrantStatus.FAILED]
    if not failed:
        return []
    tried = Operation.objects.filter(grant__in=[grant.pk for grant in failed], status__in=OPEN)
    busy = set(tried.values_list("grant_id", flat=True))
    return [grant for grant in failed if grant.pk not in busy]


def tell(verb: str, grant: Grant, *, now: datetime, story: UUID | None, **details: object) -> Event:
    return journal.entry(
        verb, actor=None, target=grant, person=grant.person, at=now, details=details, correlation_id=story
    )


def dispatch(operations: Sequence[Operation]) -> None:
    """After the commit, hint to the workers that there is something to do in these systems."""
    from ..tasks import carry_out

    outbox.dispatch(carry_out, dict.fromkeys(operation.system_id for operation in operations))
