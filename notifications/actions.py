"""Every change to messages: being queued, sent, withheld, put off, given up and put back to work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event
from directory.models import User

from . import events
from .models import Message, Occasion
from .permissions import can_retry
from .querysets import ending_untold, undecided_untold

if TYPE_CHECKING:
    from requests_app.models import ApprovalAssignee

    from .letters import Letter

REMINDERS = ((Occasion.ENDS_TOMORROW, timedelta(days=1)), (Occasion.ENDS_IN_TWO_WEEKS, timedelta(days=14)))
"""How long before its end somebody is told of it, the shortest notice first (behaviour 16)."""


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
    from .tasks import deliver

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


def queue_reminders(*, now: datetime) -> int:
    """Remind everybody whose access ends within two weeks, and again within a day; returns how many.

    In committed batches of two statements. After a week of downtime whoever is left with less than a day gets the
    shorter notice only. Access that was given for no longer than the notice gets none.
    """
    total, after = 0, now
    for occasion, notice in REMINDERS:
        total += _remind(occasion, after=after, until=now + notice, notice=notice, now=now)
        after = now + notice
    return total


def _remind(occasion: Occasion, *, after: datetime, until: datetime, notice: timedelta, now: datetime) -> int:
    untold, total = ending_untold(occasion, after=after, until=until, notice=notice), 0
    while batch := list(untold[: journal.BATCH]):
        with transaction.atomic():
            queue([_reminder(occasion, assignment) for assignment in batch], now=now)
        total += len(batch)
    return total


def queue_decision_reminders(*, now: datetime) -> int:
    """Remind those who still have to decide: at half of the stage's time, and one day before it ends (behaviour 1).

    In committed batches of two statements; returns how many. After a downtime the later reminder is enough.
    """
    day_before = F("approval__due_at") - timedelta(days=1)
    half_of_its_time = ExpressionWrapper(F("approval__time_limit") / 2, output_field=DurationField())
    halfway = F("approval__due_at") - Cast(half_of_its_time, DurationField())  # SQLite's half is no whole number
    late = undecided_untold(Occasion.DECIDE_TOMORROW, point=day_before, now=now)
    half = undecided_untold(Occasion.DECIDE_HALFTIME, point=halfway, now=now, unless_told=[Occasion.DECIDE_TOMORROW])
    return _urge(Occasion.DECIDE_TOMORROW, late, now=now) + _urge(Occasion.DECIDE_HALFTIME, half, now=now)


def _urge(occasion: Occasion, undecided: "QuerySet[ApprovalAssignee]", *, now: datetime) -> int:
    total = 0
    while batch := list(undecided[: journal.BATCH]):
        with transaction.atomic():
            queue([_urging(occasion, one) for one in batch], now=now)
        total += len(batch)
    return total


def _urging(occasion: Occasion, one: "ApprovalAssignee") -> Notice:
    return Notice(
        recipient_id=one.person_id,
        occasion=occasion,
        reference=one.approval_id,
        correlation_id=one.approval.access_request_id,
    )


def _reminder(occasion: Occasion, assignment: Any) -> Notice:
    return Notice(
        recipient_id=assignment.person_id,
        occasion=occasion,
        reference=assignment.pk,
        correlation_id=assignment.story,
        once_per=f"{assignment.pk}:{assignment.ends_at.timestamp():.0f}",
    )


@transaction.atomic
def settle_sent(*, message: Message, letter: "Letter", sent_to: str, now: datetime) -> None:
    """The mail server took it: keep the words as they were sent. Raises LeaseLostError."""
    outbox.settle(message, now=now)
    message.sent_to, message.subject, message.text, message.html = sent_to, letter.subject, letter.text, letter.html
    message.save(update_fields=["sent_to", "subject", "text", "html"])
    _record(events.MESSAGE_SENT, message, now=now, subject=letter.subject)


@transaction.atomic
def settle_withheld(*, message: Message, because: str, now: datetime) -> None:
    """Do not send it, and say why. Raises LeaseLostError."""
    outbox.settle(message, now=now, status=WorkStatus.SUPERSEDED)
    message.withheld_because = because[:200]
    message.save(update_fields=["withheld_because"])


@transaction.atomic
def settle_failed(*, message: Message, error: str, is_final: bool, now: datetime) -> None:
    """The mail server did not take it: try again later, or give it up where it never will. Raises LeaseLostError."""
    if is_final:
        outbox.give_up(message, error=error)
    else:
        outbox.postpone(message, error=error, now=now)
    if message.status == WorkStatus.STUCK:
        _record(events.MESSAGE_STUCK, message, now=now, error=message.last_error, attempts=message.attempts)


@transaction.atomic
def retry_stuck(*, messages: Sequence[Message], actor: User, now: datetime) -> int:
    """Put stuck messages back to work; returns how many. Raises PermissionDenied."""
    from .tasks import deliver

    if not can_retry(actor):
        raise PermissionDenied(_("Only administrators put stuck messages back."))
    rows = Message.objects.with_recipients().stuck().filter(pk__in=[message.pk for message in messages])
    stuck = list(rows.select_for_update(of=("self",)).order_by("pk"))
    outbox.retry(Message.objects.filter(pk__in=[message.pk for message in stuck]), now=now)
    journal.record_many(_tell(events.MESSAGE_RETRIED, message, actor=actor, now=now) for message in stuck)
    outbox.dispatch(deliver, [message.pk for message in stuck])
    return len(stuck)


def _record(verb: str, message: Message, *, now: datetime, **details: object) -> None:
    journal.record_many([_tell(verb, message, actor=None, now=now, **details)])


def _tell(verb: str, message: Message, *, actor: User | None, now: datetime, **details: object) -> Event:
    return journal.entry(
        verb,
        actor=actor,
        target=message,
        person=message.recipient,
        at=now,
        details={"occasion": message.occasion, **details},
        correlation_id=message.correlation_id,
    )
