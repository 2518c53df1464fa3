"""The daily digest: putting a message off until it, and beginning one for everybody for whom something waits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accessgov import outbox
from audit import journal

from ..models import Message, Occasion
from .queueing import Notice, queue


@transaction.atomic
def keep_for_digest(*, message: Message, digest_at: datetime, now: datetime) -> None:
    """Put a claimed message off until its reader's next digest. Raises LeaseLostError."""
    outbox.postpone(message, error="", now=now, delay=digest_at - now)
    message.digest_at = digest_at
    message.attempts = 0
    message.save(update_fields=["digest_at", "attempts"])


def queue_digests(*, now: datetime) -> int:
    """Begin a digest for everybody for whom something waits whose hour has come; returns for how many.

    In committed batches of three statements. Every message goes into one digest: a second sweep finds it taken.
    """
    total = 0
    while batch := _people_waiting(now):
        with transaction.atomic():
            _begin(batch, now=now)
        total += len(batch)
    return total


def _people_waiting(now: datetime) -> list[UUID]:
    waiting = Message.objects.uncollected().filter(digest_at__lte=now).order_by("recipient")
    return list(waiting.values_list("recipient", flat=True).distinct()[: journal.BATCH])


def _begin(people: Sequence[UUID], *, now: datetime) -> None:
    """A digest for each of them, and all that waits for them in it.

    Where two sweeps begin at the same moment, the second finds everything taken, and its digest is withheld as empty.
    """
    moment = f"{now:%Y%m%d%H%M%S%f}"
    queue(
        [
            Notice(person, Occasion.DIGEST, reference=person, correlation_id=person, once_per=moment)
            for person in people
        ],
        now=now,
    )
    begun = Message.objects.pending().filter(occasion=Occasion.DIGEST, recipient=OuterRef("recipient"))
    waiting = Message.objects.uncollected().filter(digest_at__lte=now, recipient__in=people)
    waiting.update(digest=Subquery(begun.order_by("-created_at", "-pk").values("pk")[:1]))
