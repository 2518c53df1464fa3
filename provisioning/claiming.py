"""Which operations and changes of accounts a worker takes next: system by system, as many as it bears, in order."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accessgov import outbox

from .models import AccountChange, Connector, Operation

BATCH = 50
"""How many operations a worker takes at once: a target that can gets them in few calls."""
BURST = timedelta(seconds=20)
"""Where a rate is set: how much of it may be used at once after a pause; as long as the sweep takes to come again."""


@transaction.atomic
def claim(system_id: UUID, *, now: datetime, limit: int = BATCH) -> list[Operation]:
    """Take due operations of one system under a lease; none where its connector bears no more at the moment.

    Never two of one person and resource at the same time, and those in the order in which they were queued. While a
    connector is in trouble a single operation tries whether it answers again. Commits at once.
    """
    connector = Connector.objects.select_for_update(of=("self",)).filter(system=system_id).first()
    if connector is not None:
        limit = min(limit, _room(connector, now=now))
    if limit < 1:
        return []
    rows = _first_of_each(Operation.objects.due_in(system_id, now=now)[:limit])
    if connector is not None and connector.rate_per_minute and rows:
        _use_up(connector, len(rows), now=now)
    outbox.lease(rows, now=now)
    return rows


@transaction.atomic
def claim_accounts(system_id: UUID, *, now: datetime, limit: int = BATCH) -> list[AccountChange]:
    """As `claim`, for the changes of accounts in one system."""
    connector = Connector.objects.select_for_update(of=("self",)).get(system=system_id)
    limit = min(limit, _room(connector, now=now))
    if limit < 1:
        return []
    due = AccountChange.objects.with_names().due(now).filter(system=system_id).order_by("due_at", "id")
    rows = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
    if connector.rate_per_minute and rows:
        _use_up(connector, len(rows), now=now)
    outbox.lease(rows, now=now)
    return rows


def _room(connector: Connector, *, now: datetime) -> int:
    """How many operations the connector bears now; while it is in trouble one, when nobody is at work in it."""
    if not connector.is_enabled or (connector.held_until and connector.held_until > now):
        return 0
    working = Operation.objects.pending().filter(system=connector.system_id, leased_until__gt=now)
    changing = AccountChange.objects.pending().filter(system=connector.system_id, leased_until__gt=now)
    leases = working.order_by().values("lease").union(changing.order_by().values("lease"))
    if leases.count() >= (1 if connector.failures else connector.max_concurrency):
        return 0
    return min(1 if connector.failures else BATCH, _allowance(connector, now=now))


def _allowance(connector: Connector, *, now: datetime) -> int:
    """How many changes the rate allows now (a leaky bucket: `next_free_at` is when it is empty)."""
    if not connector.rate_per_minute:
        return BATCH
    debt = max((connector.next_free_at or now) - now, timedelta())
    burst = max(connector.rate_per_minute * BURST.total_seconds() / 60, 1)
    return int(burst - debt.total_seconds() * connector.rate_per_minute / 60 + 1e-6)


def _use_up(connector: Connector, count: int, *, now: datetime) -> None:
    begins = max(connector.next_free_at or now, now)
    connector.next_free_at = begins + timedelta(seconds=60 * count / (connector.rate_per_minute or 1))
    connector.save(update_fields=["next_free_at"])


def _first_of_each(operations: "outbox.WorkQuerySet[Operation]") -> list[Operation]:
    """The first operation of each person and resource; what follows it is taken when it is done."""
    found: dict[tuple[UUID, UUID], Operation] = {}
    for operation in operations:
        found.setdefault((operation.grant.person_id, operation.grant.resource_role.resource_id), operation)
    return list(found.values())
