"""Takes in when people last used what they have: readings of systems, and files."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import journal
from catalog.models import TargetSystem

from .. import events
from ..models import LastUse, UseReading, UseSource


@dataclass(frozen=True)
class Used:
    """That a person last used a system, or one resource in it, then; without a time, that they never did."""

    person: UUID
    system: UUID
    resource: UUID | None
    at: datetime | None

    @property
    def key(self) -> tuple[UUID, UUID]:
        """What there is one row of."""
        return (self.person, self.resource or self.system)


@transaction.atomic
def take_in_uses(uses: Collection[Used], *, source: UseSource, seen_at: datetime) -> int:
    """Keep what is newer than what is known, by two statements; returns how many people's use it was."""
    told = _newest(uses, seen_at=seen_at)
    known = _known(told)
    rows = [_row(use, known.get(key), source=source, seen_at=seen_at) for key, use in told.items()]
    LastUse.objects.bulk_create(
        rows,
        batch_size=journal.BATCH,
        update_conflicts=True,
        unique_fields=["person", "used"],
        update_fields=["last_used_at", "source", "seen_at"],
    )
    return len({person for person, _used in told})


@transaction.atomic
def note_use_reading(
    *,
    system: TargetSystem,
    source: UseSource,
    seen_at: datetime,
    people: int,
    is_by_resource: bool,
    now: datetime,
    file: str = "",
) -> None:
    """A system, or a file about it, has told all that it knows as of then."""
    reading, _is_new = UseReading.objects.select_for_update().get_or_create(system=system)
    reading.is_by_resource |= is_by_resource
    reading.last_error = ""
    if reading.seen_at is None or reading.seen_at <= seen_at:
        reading.seen_at, reading.source, reading.people = seen_at, source, people
    reading.save()
    details = {"people": people, "as_of": seen_at.isoformat(), **({"file": file} if file else {})}
    verb = events.USE_IMPORTED if file else events.USE_READ
    journal.record(verb, actor=None, target=system, at=now, details=details)


def note_use_unread(*, system: TargetSystem, error: str) -> None:
    """A system did not tell who uses it; what it told before stands, as old as it is."""
    UseReading.objects.update_or_create(system=system, defaults={"last_error": error})


def _newest(uses: Collection[Used], *, seen_at: datetime) -> dict[tuple[UUID, UUID], Used]:
    """The newest of each; nothing was used later than it was seen, whatever a target's clock says."""
    told: dict[tuple[UUID, UUID], Used] = {}
    for use in uses:
        at = min(use.at, seen_at) if use.at else None
        other = told.get(use.key)
        if other is None or _is_later(at, other.at):
            told[use.key] = Used(use.person, use.system, use.resource, at)
    return told


def _known(told: Mapping[tuple[UUID, UUID], Used]) -> dict[tuple[UUID, UUID], LastUse]:
    people, things = {person for person, _used in told}, {used for _person, used in told}
    rows = LastUse.objects.filter(person__in=people, used__in=things)
    return {(row.person_id, row.used): row for row in rows}


def _row(use: Used, known: LastUse | None, *, source: UseSource, seen_at: datetime) -> LastUse:
    row = LastUse(
        person_id=use.person,
        system_id=use.system,
        resource_id=use.resource,
        used=use.resource or use.system,
        last_used_at=use.at,
        source=source,
        seen_at=seen_at,
    )
    if known is not None and _is_later(known.last_used_at, row.last_used_at):
        row.last_used_at, row.source = known.last_used_at, known.source
    if known is not None:
        row.seen_at = max(known.seen_at, seen_at)
    return row


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
