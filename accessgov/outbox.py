"""What rows of work share: falling due, being claimed under a lease, and being settled.

A row of work (a mail to send, an operation to make in a target system) is a row of its own domain that inherits from
`WorkRow`. It is written in the transaction that makes it necessary; Celery only carries the hint that there is
something to do. A worker claims the row in a short transaction, talks to the world outside any transaction, and
settles the row in another short transaction. A claim is a lease: where the worker dies, the lease runs out and the
next sweep hands the row to somebody else.

```
pending ──claim──▶ pending (leased) ──settle──▶ done
   ▲                    │
   └────postpone────────┴──after MAX_ATTEMPTS──▶ stuck ──retry──▶ pending
pending ──supersede──▶ superseded
```
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from celery import Task
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError
from uuid_utils.compat import uuid7

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a worker may hold a row: longer than the slowest permitted call to a target system."""
FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(hours=1)
BROKER_LEFT_ALONE = 5.0
"""Seconds for which the broker is not asked again once it did not answer."""
SWEEP_LIMIT = 1000
"""How many due rows one sweep hands out; the rest waits for the next one."""


class LeaseLostError(Exception):
    """The row was claimed by another worker, or settled, since this worker claimed it."""


class WorkStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    DONE = "done", _("done")
    STUCK = "stuck", _("stuck")
    SUPERSEDED = "superseded", _("no longer needed")


Row = TypeVar("Row", bound="WorkRow")


class WorkQuerySet(models.QuerySet[Row]):
    """Reads that every kind of work answers."""

    def pending(self) -> Self:
        """Work that is still to be done, due or not, leased or not."""
        return self.filter(status=WorkStatus.PENDING)

    def due(self, now: datetime) -> Self:
        """Work that is to be done now and that no living worker holds."""
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=now)
        return self.pending().filter(free, due_at__lte=now)

    def stuck(self) -> Self:
        """Work that was given up after too many attempts, and waits for a person."""
        return self.filter(status=WorkStatus.STUCK)


class WorkRow(models.Model):
    """A row of work: what is to be done is said by the inheriting model."""

    MAX_ATTEMPTS = 40
    """With the delays above: rather more than a day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=WorkStatus.choices, default=WorkStatus.PENDING)
    due_at = models.DateTimeField(_("due at"))
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True, editable=False)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=120, unique=True)
    correlation_id = models.UUIDField(_("correlation id"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(
                fields=["due_at"], name="%(app_label)s_%(class)s_due", condition=models.Q(status=WorkStatus.PENDING)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_settled_at_iff_done_or_superseded",
                condition=models.Q(status__in=(WorkStatus.DONE, WorkStatus.SUPERSEDED), settled_at__isnull=False)
                | models.Q(status__in=(WorkStatus.PENDING, WorkStatus.STUCK), settled_at__isnull=True),
            ),
        ]


def claim(queryset: WorkQuerySet[Row], *, now: datetime, limit: int = 1) -> list[Row]:
    """Take up to `limit` due rows under a lease, and count the attempt; rows that others hold are skipped.

    Commits at once: call it outside any transaction. SQLite, with its one writer, needs no row locks and ignores them.
    """
    with transaction.atomic():
        due = queryset.due(now).order_by("due_at")
        rows: list[Row] = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        lease(rows, now=now)
    return rows


def lease(rows: Sequence[WorkRow], *, now: datetime) -> None:
    """Put locked rows under one lease, and count the attempt; for claims that choose their rows themselves."""
    token = uuid4()
    for row in rows:
        row.lease, row.leased_until, row.attempts = token, now + LEASE, row.attempts + 1
    if rows:
        _of(rows).update(lease=token, leased_until=now + LEASE, attempts=models.F("attempts") + 1)


def renew(rows: Sequence[WorkRow], *, now: datetime) -> None:
    """Hold claimed rows for another lease, where their turn comes late."""
    for row in rows:
        row.leased_until = now + LEASE
    if rows:
        _held(rows).update(leased_until=now + LEASE)


def give_back(rows: Sequence[WorkRow]) -> None:
    """Let go of claimed rows that were not tried: the attempt does not count, and they are due as they were."""
    if rows:
        _held(rows).update(lease=None, leased_until=None, attempts=models.F("attempts") - 1)


def still_held(rows: Sequence[Row]) -> list[Row]:
    """Those of these rows that are still under their lease, locked; what another worker has by now is left out."""
    held = set(_held(rows).select_for_update(of=("self",)).values_list("pk", flat=True)) if rows else set()
    for row in rows:
        if row.pk not in held:
            logger.warning("%s %s is held by another worker.", row._meta.verbose_name, row.pk)
    return [row for row in rows if row.pk in held]


def settle_all(rows: Sequence[WorkRow], *, now: datetime, status: WorkStatus = WorkStatus.DONE) -> None:
    """End rows that are `still_held`, by one statement."""
    _write_all(rows, status=status, settled_at=now, lease=None, leased_until=None, last_error="")


def wait(rows: Sequence[WorkRow], *, now: datetime, delay: timedelta, **more: Any) -> None:
    """Look again later at rows that are `still_held`, where that is no failure: their attempts are counted anew."""
    _write_all(rows, due_at=now + delay, attempts=0, lease=None, leased_until=None, last_error="", **more)


def settle(row: WorkRow, *, now: datetime, status: WorkStatus = WorkStatus.DONE) -> None:
    """End a claimed row. Raises LeaseLostError where another worker has it: nothing of the result may be kept then."""
    _write(row, status=status, settled_at=now, lease=None, leased_until=None, last_error="")


def postpone(row: WorkRow, *, error: str, now: datetime, delay: timedelta | None = None) -> None:
    """Give a claimed row back to be tried again later, or make it stuck where it was tried often enough.

    `delay` is what the target asked for (its Retry-After); otherwise the delay doubles with each attempt, up to an
    hour, and is spread by a fifth so that rows that failed together do not return together. Raises LeaseLostError.
    """
    status = WorkStatus.STUCK if row.attempts >= row.MAX_ATTEMPTS else WorkStatus.PENDING
    wait = delay if delay is not None else backoff(row.attempts)
    _write(row, status=status, due_at=now + wait, lease=None, leased_until=None, last_error=error[:2000])


def give_up(row: WorkRow, *, error: str) -> None:
    """Make a claimed row stuck at once: what failed cannot succeed by itself. Raises LeaseLostError."""
    _write(row, status=WorkStatus.STUCK, lease=None, leased_until=None, last_error=error[:2000])


def retry(queryset: "models.QuerySet[Any]", *, now: datetime) -> int:
    """Put stuck rows back to work, with their attempts counted anew; returns how many."""
    return queryset.filter(status=WorkStatus.STUCK).update(status=WorkStatus.PENDING, due_at=now, attempts=0)


def supersede(queryset: "models.QuerySet[Any]", *, now: datetime) -> int:
    """Settle open rows whose work is not wanted any more; returns how many."""
    return queryset.filter(status__in=(WorkStatus.PENDING, WorkStatus.STUCK)).update(
        status=WorkStatus.SUPERSEDED, settled_at=now, lease=None, leased_until=None
    )


def release(queryset: "models.QuerySet[Any]") -> int:
    """Take back the leases of workers that are known to be dead, before they run out; returns how many."""
    held = queryset.filter(status=WorkStatus.PENDING, lease__isnull=False)
    return held.update(lease=None, leased_until=None)


def backoff(attempts: int) -> timedelta:
    """The wait after the given number of attempts: 2 s, 4 s, 8 s … at most an hour, give or take a fifth."""
    seconds = min(FIRST_DELAY.total_seconds() * 2 ** (max(attempts, 1) - 1), LONGEST_DELAY.total_seconds())
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # nosec B311


def dispatch(task: "Task[Any, Any]", ids: Iterable[UUID]) -> None:
    """After the commit, hint to the workers that these rows are due. A broker that is away costs only time."""
    rows = [str(row_id) for row_id in ids]
    if rows:
        transaction.on_commit(lambda: send(task, rows))


def wake(task: "Task[Any, Any]") -> None:
    """After the commit, hint to the workers that this sweep has something to do before beat says so."""
    transaction.on_commit(lambda: _deliver(task))


def send(task: "Task[Any, Any]", ids: Iterable[str]) -> int:
    """Send one task for each id; returns how many the broker took. The sweep makes good for the rest."""
    sent = 0
    for row_id in ids:
        if not _deliver(task, row_id):
            break
        sent += 1
    return sent


def sweep(queryset: WorkQuerySet[Any], *, task: "Task[Any, Any]", now: datetime) -> int:
    """Hint again at everything that is due and that nobody holds; returns how many hints were sent."""
    ids = queryset.due(now).order_by("due_at").values_list("pk", flat=True)[:SWEEP_LIMIT]
    return send(task, [str(row_id) for row_id in ids])


def drain(queryset: WorkQuerySet[Row], *, perform: Callable[[Row], None], now: datetime) -> int:
    """Claim and perform, one after the other, all that is due at `now`; for commands and tests. Returns how many."""
    count = 0
    while rows := claim(queryset, now=now):
        perform(rows[0])
        count += 1
    return count


class _Broker:
    """What this process knows of the broker."""

    back_at = 0.0
    """When to try it again, by the monotonic clock: a click that hints at several rows waits for it once at most."""


def _deliver(task: "Task[Any, Any]", *arguments: str) -> bool:
    if time.monotonic() < _Broker.back_at:
        return False
    try:
        task.delay(*arguments)
    except (OperationalError, ConnectionError) as error:
        _Broker.back_at = time.monotonic() + BROKER_LEFT_ALONE
        logger.warning("The broker is away (%s); the sweep will hand out what is due.", error)
        return False
    return True


def _of(rows: Sequence[WorkRow]) -> "models.QuerySet[Any]":
    return type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows])


def _held(rows: Sequence[WorkRow]) -> "models.QuerySet[Any]":
    return _of(rows).filter(status=WorkStatus.PENDING, lease__in={row.lease for row in rows})


def _write_all(rows: Sequence[WorkRow], **values: Any) -> None:
    if not rows:
        return
    _of(rows).update(**values)
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)


def _write(row: WorkRow, **values: Any) -> None:
    held = type(row)._default_manager.filter(pk=row.pk, lease=row.lease, status=WorkStatus.PENDING)
    if row.lease is None or not held.update(**values):
        raise LeaseLostError(f"{row._meta.verbose_name} {row.pk} is held by another worker.")
    for name, value in values.items():
        setattr(row, name, value)
