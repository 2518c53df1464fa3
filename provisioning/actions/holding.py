"""When a target as a whole is in trouble: its connector is held back, paused after a while, and resumes by itself."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accessgov import outbox
from audit import journal

from .. import events
from ..models import AccountChange, Connector, Operation

PAUSED_AFTER = 5
"""Failures in a row after which the connector counts as paused and its owners are told."""
LONGEST_WAIT = timedelta(minutes=10)
"""However long a target has been away, whether it is back is tried again after this, unless it asked for longer."""
ANSWER_KEPT_FOR = timedelta(minutes=1)
"""How exactly the time of the last answer is kept."""


@transaction.atomic
def note_outage(*, connector_id: UUID, error: str, delay: timedelta | None, now: datetime) -> datetime:
    """Hold a connector back after a failure of its target, and return until when.

    The wait doubles with each failure in a row, up to LONGEST_WAIT, and is no shorter than `delay`, for which the
    target asked: it may ask for none at all, or its clock may go before ours. No operation is begun before that.
    """
    connector = Connector.objects.select_for_update(of=("self",)).get(pk=connector_id)
    connector.failures += 1
    wait = max(delay or timedelta(), min(outbox.backoff(connector.failures), LONGEST_WAIT))
    connector.held_until = max(now + wait, connector.held_until or now)
    connector.last_error = error
    if connector.failures >= PAUSED_AFTER and connector.paused_at is None:
        connector.paused_at = now
        journal.record(events.CONNECTOR_PAUSED, actor=None, target=connector, at=now, details={"error": error})
    connector.save(update_fields=["failures", "held_until", "last_error", "paused_at"])
    return connector.held_until


@transaction.atomic
def note_answer(*, connector: Connector, now: datetime) -> None:
    """The target did what it was asked: whatever held the connector back is over, and what waited is due.

    But for a hold of which `connector` knew nothing when it was read: the target asked for it after that. Costs nothing
    while all is well, but one statement a minute.
    """
    is_news = connector.last_answer_at is None or now - connector.last_answer_at >= ANSWER_KEPT_FOR
    if is_news:
        connector.last_answer_at = now
        Connector.objects.filter(pk=connector.pk).update(last_answer_at=now)
    if not connector.failures:
        return
    locked = Connector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
    if locked.held_until and locked.held_until > now and locked.held_until != connector.held_until:
        return
    if locked.paused_at:
        journal.record(events.CONNECTOR_RESUMED, actor=None, target=locked, at=now)
    locked.failures = connector.failures = 0
    locked.held_until = locked.paused_at = None
    locked.last_error = ""
    locked.save(update_fields=["failures", "held_until", "paused_at", "last_error"])
    waiting = ~Q(last_error="") & Q(leased_until=None, due_at__gt=now)
    Operation.objects.pending().filter(waiting, system=locked.system_id).update(due_at=now)
    AccountChange.objects.pending().filter(waiting, system=locked.system_id).update(due_at=now)
