"""Carrying out an import of people: every write of it, in one transaction, batch by batch, with its events."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from audit import journal
from audit.models import Event

from . import events
from .belonging import Before, Domains, organisation_of
from .import_plan import Directory, Entry, Plan, make_plan, refuse_last_administrator, refuse_mass_disable
from .imports import BadRow, ImportRefused, PersonRow, in_batches, read_people
from .models import PersonKind, User

SPONSORS = "sponsors"
SPONSORING: Any = User.sponsors.through
Progress = Callable[[Iterable[Any]], Iterable[Any]]
"""Passes the rows on, and may show how far it is."""


@dataclass(frozen=True)
class Options:
    """How an import is to be done; each as its switch on the command line says."""

    is_dry_run: bool = False
    skips_bad_rows: bool = False
    is_complete: bool = False
    allows_mass_disable: bool = False


@dataclass
class Outcome:
    """How many people an import created, changed, disabled and left, and the rows that it could not use."""

    created: int = 0
    changed: int = 0
    disabled: int = 0
    unchanged: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)

    @property
    def has_changes(self) -> bool:
        """Whether anybody was created, changed or disabled."""
        return bool(self.created or self.changed or self.disabled)


@transaction.atomic
def import_people(*, path: Path, options: Options, now: datetime, progress: Progress = iter) -> Outcome:
    """Make the directory say what the file says; a dry run does it all and takes it back.

    Raises ImportRefused, with nothing changed.
    """
    plan = make_plan(progress(read_people(path)), directory=Directory.locked(), is_complete=options.is_complete)
    _refuse(plan, options=options)
    run = _Run(plan, now=now)
    readable = (row for row in progress(read_people(path)) if isinstance(row, PersonRow) and row.line in plan.entries)
    for rows in in_batches(readable, size=journal.BATCH):
        run.carry_out(rows)
    for absent in in_batches(plan.absent, size=journal.BATCH):
        run.disable(absent)
    run.sum_up(path.name)
    transaction.set_rollback(options.is_dry_run)
    return run.outcome


def add_people(people: Sequence[User], *, now: datetime, correlation_id: UUID) -> None:
    """Create people who cannot sign in with a password yet, and record it. Call inside a transaction."""
    for person in people:
        person.password = make_password(None)
        person.display_name = person.display_name or person.get_full_name() or person.username
    User.objects.bulk_create(people, batch_size=journal.BATCH)
    journal.record_many(
        journal.entry(
            events.PERSON_CREATED, actor=None, target=person, person=person, at=now, correlation_id=correlation_id
        )
        for person in people
    )


def _refuse(plan: Plan, *, options: Options) -> None:
    if plan.bad_rows and not options.skips_bad_rows:
        raise ImportRefused(
            _("%(bad)d rows are bad, so nothing was imported. Mend them, or leave them out with --skip-bad-rows.")
            % {"bad": len(plan.bad_rows)},
            bad_rows=plan.bad_rows,
        )
    refuse_last_administrator(plan)
    if not options.allows_mass_disable:
        refuse_mass_disable(plan)


class _Run:
    """One import under way: what it has done so far, under one correlation id."""

    def __init__(self, plan: Plan, *, now: datetime) -> None:
        self.plan = plan
        self.now = now
        self.story = uuid7()
        self.outcome = Outcome(bad_rows=plan.bad_rows)

    def carry_out(self, rows: Sequence[PersonRow]) -> None:
        """Create and change the people of these rows."""
        entries = {row.line: self.plan.entries[row.line] for row in rows}
        known = User.objects.in_bulk([entry.person_id for entry in entries.values() if not entry.is_new])
        sponsors = _Sponsors(self.plan, entries.values())
        new, changes = [], {}
        for row in rows:
            entry = entries[row.line]
            person = known.get(entry.person_id) or User(pk=entry.person_id, date_joined=self.now)
            fields = _fill(person, row=row, entry=entry, domains=self.plan.directory.domains)
            fields |= sponsors.changes_of(entry)
            if entry.is_new:
                new.append(person)
            elif fields:
                changes[person] = fields
        add_people(new, now=self.now, correlation_id=self.story)
        self._change(changes)
        sponsors.save()
        self.outcome.created += len(new)
        self.outcome.unchanged += len(rows) - len(new) - len(changes)

    def disable(self, person_ids: Sequence[UUID]) -> None:
        """Disable people whom a complete file no longer has."""
        people = User.objects.in_bulk(person_ids)
        for person in people.values():
            person.is_active = False
        self._change({person: {"is_active": (True, False)} for person in people.values()})

    def sum_up(self, file: str) -> None:
        """Record the import as a whole; one that changed nothing leaves no trace."""
        done = self.outcome
        if not done.has_changes:
            return
        journal.record(
            events.PEOPLE_IMPORTED,
            actor=None,
            target=ContentType.objects.get_for_model(User),
            at=self.now,
            details={
                "file": file,
                "created": done.created,
                "changed": done.changed,
                "disabled": done.disabled,
                "unchanged": done.unchanged,
                "bad_rows": len(done.bad_rows),
            },
            correlation_id=self.story,
        )

    def _change(self, changes: dict[User, dict[str, tuple[Any, Any]]]) -> None:
        if not changes:
            return
        if columns := set().union(*changes.values()) - {SPONSORS}:
            User.objects.bulk_update(changes, sorted(columns), batch_size=journal.BATCH)
        told = [event for person, fields in changes.items() for event in self._tell(person, fields)]
        journal.record_many(sorted(told, key=lambda event: event.verb))
        disabled = sum(event.verb == events.PERSON_DISABLED for event in told)
        self.outcome.disabled += disabled
        self.outcome.changed += len(changes) - disabled

    def _tell(self, person: User, fields: dict[str, tuple[Any, Any]]) -> list[Event]:
        told = []
        plain = {name: values for name, values in fields.items() if name != "is_active"}
        if plain:
            told.append(self._entry(events.PERSON_CHANGED, person, details=_describe(plain)))
        if "is_active" in fields:
            told.append(self._entry(events.PERSON_ENABLED if person.is_active else events.PERSON_DISABLED, person))
        return told

    def _entry(self, verb: str, person: User, *, details: dict[str, Any] | None = None) -> Event:
        return journal.entry(
            verb, actor=None, target=person, person=person, at=self.now, details=details, correlation_id=self.story
        )


class _Sponsors:
    """Who answers for the people of some rows, as it is and as it is to be."""

    def __init__(self, plan: Plan, entries: Iterable[Entry]) -> None:
        self.plan = plan
        told = {entry.person_id: entry.sponsor_ids for entry in entries if entry.sponsor_ids is not None}
        self.present: dict[UUID, set[UUID]] = {pk: set() for pk in told}
        for link in SPONSORING.objects.filter(from_user__in=told) if told else ():
            self.present[link.from_user_id].add(link.to_user_id)
        self.wanted = {pk: set(ids) for pk, ids in told.items()}

    def changes_of(self, entry: Entry) -> dict[str, tuple[str, str]]:
        """The old and the new names, where they differ."""
        pk = entry.person_id
        if self.wanted.get(pk) == self.present.get(pk):
            return {}
        return {SPONSORS: (self._names(self.present[pk]), self._names(self.wanted[pk]))}

    def save(self) -> None:
        """By two statements; a sponsor may come in a later batch, for the database looks at them at the very end."""
        changed = [pk for pk in self.wanted if self.wanted[pk] != self.present[pk]]
        SPONSORING.objects.filter(from_user__in=changed).delete()
        links = [SPONSORING(from_user_id=pk, to_user_id=sponsor) for pk in changed for sponsor in self.wanted[pk]]
        SPONSORING.objects.bulk_create(links, batch_size=journal.BATCH)

    def _names(self, ids: Iterable[UUID]) -> str:
        return ", ".join(sorted(self.plan.name_of(pk) for pk in ids)) or "—"


def _fill(person: User, *, row: PersonRow, entry: Entry, domains: Domains) -> dict[str, tuple[Any, Any]]:
    """Put what the row says into the person; returns the fields that changed, with the old and the new value."""
    wanted = dict(row.values)
    wanted["organisation_id"] = organisation_of(
        is_guest=wanted.get("kind", person.kind) == PersonKind.GUEST,
        email=wanted.get("email", person.email),
        named=entry.organisation_id or person.organisation_id,
        before=None if entry.is_new else Before.of(person),
        domains=domains,
    )
    if entry.manager_key is not None:
        wanted["manager_id"] = entry.manager_id
    if row.is_enabled is not None:
        wanted["is_active"] = row.is_enabled
    if row.attributes:
        merged = {**person.attributes, **row.attributes}
        wanted["attributes"] = {name: value for name, value in merged.items() if value != ""}
    changed = {name: (old, value) for name, value in wanted.items() if (old := getattr(person, name)) != value}
    for name, (_old, value) in changed.items():
        setattr(person, name, value)
    return {name.removesuffix("_id"): values for name, values in changed.items()}


def _describe(fields: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    """The changed fields in words, and each with its old and its new value."""
    names = [str(User._meta.get_field(name).verbose_name) for name in fields]  # type: ignore[union-attr]
    return {
        "changed": ", ".join(names),
        "fields": {name: [_plain(value) for value in values] for name, values in fields.items()},
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | dict) else str(value)
