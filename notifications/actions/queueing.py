"""Storing that somebody is to be told something."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accessgov import outbox
from audit import journal

from ..models import Message, Occasion


@dataclass(frozen=True)
class Notice:
    """That somebody is to be told something, once for each `once_per` (else: once for each reference)."""

    recipient_id: UUID
    occasion: Occasion
    reference: UUID
    correlation_id: UUID
    once_per: str = ""

    @property
    def key(self) -> str:
        """What makes a second notice of the same thing to the same person fall away."""
        return f"{self.occasion}:{self.once_per or self.reference}:{self.recipient_id}"


def queue(notices: Iterable[Notice], *, now: datetime, due_at: datetime | None = None) -> None:
    """Store messages for these notices, by one statement however many there are; inside the caller's transaction.

    What somebody was told already, or is being told, falls away by its key.
    """
    from ..tasks import deliver

    messages = [
        Message(
            recipient_id=notice.recipient_id,
            occasion=notice.occasion,
            reference=notice.reference,
            correlation_id=notice.correlation_id,
            idempotency_key=notice.key,
            created_at=now,
            due_at=due_at or now,
        )
        for notice in notices
    ]
    Message.objects.bulk_create(messages, ignore_conflicts=True, batch_size=journal.BATCH)
    if due_at is None:
        outbox.dispatch(deliver, [message.pk for message in messages])


def queue_for_all(untold: "QuerySet[Any]", notice: Callable[[Any], Notice], *, now: datetime) -> int:
    """Queue a notice for each row, until nobody is left who was not told; returns for how many.

    In committed batches of two statements. The rows have to fall out of `untold` by being told; those that do not,
    for whatever reason, end it rather than come again and again.
    """
    total = 0
    told: set[Any] = set()
    while batch := [row for row in untold[: journal.BATCH] if row.pk not in told]:
        with transaction.atomic():
            queue([notice(row) for row in batch], now=now)
        told |= {row.pk for row in batch}
        total += len(batch)
    return total
