"""How apps write in the journal, and how they hear what others wrote.

`record` is called inside the transaction that changes something. Listeners run in that same transaction, right after
the event is stored; they may add rows (a mail, an operation) and call actions of their own app, and never talk to the
world. They always get a list, so that a batch of ten thousand costs them one insert, not ten thousand.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from . import verbs
from .context import current
from .models import Event

Listener = Callable[[list[Event]], None]

_listeners: defaultdict[str, list[Listener]] = defaultdict(list)
BATCH = 1000


def listen(*wanted: str) -> Callable[[Listener], Listener]:
    """Have the decorated function called with the events of these verbs, inside the transaction that recorded them."""

    def register(listener: Listener) -> Listener:
        for verb in wanted:
            _listeners[verb].append(listener)
        return listener

    return register


def entry(
    verb: str,
    *,
    actor: Any,
    target: models.Model,
    at: datetime,
    person: Any = None,
    package: Any = None,
    details: dict[str, Any] | None = None,
    correlation_id: UUID | None = None,
) -> Event:
    """An event that is not stored yet, for `record_many`. `actor` None means the system itself.

    Raises ValueError for a verb that no app defines.
    """
    if not verbs.is_defined(verb):
        raise ValueError(f"No app defines the verb {verb!r}.")
    surroundings = current()
    event = Event(
        occurred_at=at,
        verb=verb,
        actor=actor,
        actor_label=_label(actor, 200) if actor else _("AccessGov"),
        target_kind=target._meta.model_name or "",
        target_id=str(target.pk),
        target_label=_label(target, 300),
        person_id=person.pk if person else None,
        person_label=_label(person, 200) if person else "",
        package_id=package.pk if package else None,
        package_label=_label(package, 300) if package else "",
        details=details or {},
        correlation_id=correlation_id or surroundings.correlation_id or uuid7(),
        source=surroundings.source,
    )
    event.subject = target
    return event


def record(verb: str, **facts: Any) -> Event:
    """Store one event (see `entry` for the facts) and tell its listeners. Raises RuntimeError outside a transaction."""
    event = entry(verb, **facts)
    record_many([event])
    return event


def record_many(events: Iterable[Event]) -> None:
    """Store events and tell their listeners, verb by verb. Raises RuntimeError outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("Events are recorded inside the transaction that changes something.")
    batch = list(events)
    Event.objects.bulk_create(batch, batch_size=BATCH)
    for verb, same in groupby(batch, key=lambda event: event.verb):
        heard = list(same)
        for listener in _listeners[verb]:
            listener(heard)


def _label(thing: Any, length: int) -> str:
    return str(thing)[:length]
