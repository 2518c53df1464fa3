"""What becomes of a message that a worker claimed: sent, withheld, put off, given up; or put back to work by people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event
from directory.models import User

from .. import events
from ..models import Message
from ..permissions import can_retry

if TYPE_CHECKING:
    from ..letters import Letter, Part


@transaction.atomic
def settle_sent(*, message: Message, letter: "Letter", sent_to: str, now: datetime) -> None:
    """The mail server took it, with all its parts: keep the words as they were sent. Raises LeaseLostError."""
    outbox.settle(message, now=now)
    message.sent_to, message.subject, message.text, message.html = sent_to, letter.subject, letter.text, letter.html
    message.save(update_fields=["sent_to", "subject", "text", "html"])
    told = _settle_parts(letter.parts, sent_to=sent_to, now=now) if letter.parts else []
    if letter.parts:
        message.parts.pending().update(digest=None)  # more than one digest holds: the rest goes with the next
    journal.record_many(
        _tell(events.MESSAGE_SENT, each, actor=None, now=now, subject=each.subject) for each in (message, *told)
    )


@transaction.atomic
def settle_withheld(*, message: Message, because: str, now: datetime, parts: "Iterable[Part]" = ()) -> None:
    """Do not send it, and say why. Raises LeaseLostError."""
    outbox.settle(message, now=now, status=WorkStatus.SUPERSEDED)
    message.withheld_because = because[:200]
    message.save(update_fields=["withheld_because"])
    _settle_parts(parts, sent_to="", now=now)
    waiting = message.parts.pending()
    waiting.update(status=WorkStatus.SUPERSEDED, settled_at=now, withheld_because=because[:200])


@transaction.atomic
def settle_failed(*, message: Message, error: str, is_final: bool, now: datetime) -> None:
    """The mail server did not take it: try again later, or give it up where it never will. Raises LeaseLostError."""
    if is_final:
        outbox.give_up(message, error=error)
    else:
        outbox.postpone(message, error=error, now=now)
    if message.status == WorkStatus.STUCK:
        told = _tell(
            events.MESSAGE_STUCK, message, actor=None, now=now, error=message.last_error, attempts=message.attempts
        )
        journal.record_many([told])


@transaction.atomic
def retry_stuck(*, messages: Sequence[Message], actor: User, now: datetime) -> int:
    """Put stuck messages back to work; returns how many. Raises PermissionDenied."""
    from ..tasks import deliver

    if not can_retry(actor):
        raise PermissionDenied(_("Only administrators put stuck messages back."))
    rows = Message.objects.with_recipients().stuck().filter(pk__in=[message.pk for message in messages])
    stuck = list(rows.select_for_update(of=("self",)).order_by("pk"))
    outbox.retry(Message.objects.filter(pk__in=[message.pk for message in stuck]), now=now)
    journal.record_many(_tell(events.MESSAGE_RETRIED, message, actor=actor, now=now) for message in stuck)
    outbox.dispatch(deliver, [message.pk for message in stuck])
    return len(stuck)


def _settle_parts(parts: "Iterable[Part]", *, sent_to: str, now: datetime) -> list[Message]:
    """Settle what a digest told, and what it need not tell any more; returns what it told."""
    told: list[Message] = []
    others: list[Message] = []
    for part in parts:
        row = part.message
        row.withheld_because = part.withheld_because[:200]
        if part.letter:
            row.sent_to, row.subject = sent_to, part.letter.subject
        (told if part.letter else others).append(row)
    open_rows = Message.objects.pending()
    fields = ["withheld_because", "sent_to", "subject"]
    open_rows.bulk_update([*told, *others], fields, batch_size=journal.BATCH)
    for rows, status in ((told, WorkStatus.DONE), (others, WorkStatus.SUPERSEDED)):
        open_rows.filter(pk__in=[row.pk for row in rows]).update(status=status, settled_at=now)
    return told


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
