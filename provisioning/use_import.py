"""Imports when people last used systems, or resources in them: the whole file, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from audit import journal
from catalog.models import Resource, TargetSystem
from directory.imports import BadRow, ImportRefused, fold, in_batches, read_records
from directory.models import User

from . import actions
from .actions.using import Used
from .models import UseSource

COLUMNS = ("person", "last_used", "system", "resource")
REQUIRED = ("person", "last_used")
Progress = Callable[[Iterable[Any]], Iterable[Any]]


class Row(NamedTuple):
    """One line of the file: whom it names, by employee number or user name, and what of theirs was used when."""

    line: int
    person: str
    system: UUID
    resource: UUID | None
    at: datetime | None


@dataclass(frozen=True)
class Options:
    """How an import is to be done; each as its switch on the command line says."""

    as_of: datetime
    system: str = ""
    """The short name of the system of rows that name none."""
    is_dry_run: bool = False
    skips_bad_rows: bool = False


@dataclass
class Outcome:
    """How many rows were taken in, of how many people, and the rows that could not be used."""

    rows: int = 0
    people: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


@transaction.atomic
def import_use(*, path: Path, options: Options, now: datetime, progress: Progress = iter) -> Outcome:
    """Keep what the file says, as far as it is newer than what is known; a dry run takes it all back.

    Raises ImportRefused, with nothing changed.
    """
    run = _Run(options, now=now)
    for batch in in_batches(progress(run.read(path)), size=journal.BATCH):
        run.carry_out(batch)
    if run.outcome.bad_rows and not options.skips_bad_rows:
        raise ImportRefused(
            _("%(bad)d rows are bad, so nothing was imported. Mend them, or leave them out with --skip-bad-rows.")
            % {"bad": len(run.outcome.bad_rows)},
            bad_rows=run.outcome.bad_rows,
        )
    run.sum_up(path.name)
    transaction.set_rollback(options.is_dry_run)
    return run.outcome


class _Run:
    """One import under way: which systems and resources there are, and whose use it has seen."""

    def __init__(self, options: Options, *, now: datetime) -> None:
        self.options = options
        self.now = now
        self.outcome = Outcome()
        self.systems = {system.slug: system for system in TargetSystem.objects.order_by()}
        found = Resource.objects.order_by().values_list("system", "origin_id", "pk")
        self.resources: dict[tuple[UUID, str], UUID] = {(system, origin): pk for system, origin, pk in found}
        self.seen: dict[UUID, set[UUID]] = {}
        """The people of each system."""
        self.by_resource: set[UUID] = set()
        if options.system and options.system not in self.systems:
            raise ImportRefused(_("No target system has the short name %(slug)s.") % {"slug": options.system})

    def read(self, path: Path) -> Iterator[Row | BadRow]:
        """Every line of the file. Raises ImportRefused."""
        for line, record in read_records(path, known=COLUMNS, required=REQUIRED):
            try:
                yield self._row(line, record)
            except ValidationError as error:
                yield BadRow(line, " ".join(error.messages))

    def carry_out(self, lines: Sequence[Row | BadRow]) -> None:
        """Keep what these lines say; after a bad row that stops the import, only go on looking for more of them."""
        people = _people(line.person for line in lines if isinstance(line, Row))
        uses: list[Used] = []
        for line in lines:
            person = people.get(line.person) if isinstance(line, Row) else None
            if isinstance(line, BadRow):
                self.outcome.bad_rows.append(line)
            elif person is None:
                reason = _("nobody has the employee number or user name %(key)s") % {"key": line.person}
                self.outcome.bad_rows.append(BadRow(line.line, reason))
            else:
                uses.append(Used(person, line.system, line.resource, line.at))
        if self.outcome.bad_rows and not self.options.skips_bad_rows:
            return
        actions.take_in_uses(uses, source=UseSource.IMPORT, seen_at=self.options.as_of)
        self.outcome.rows += len(uses)
        for use in uses:
            self.seen.setdefault(use.system, set()).add(use.person)
            self.by_resource.update([use.system] if use.resource else [])

    def sum_up(self, file: str) -> None:
        """Record the import, once for each system that it is about; a file without good rows leaves no trace."""
        self.outcome.people = len(set().union(*self.seen.values()))
        for system in self.systems.values():
            if people := self.seen.get(system.pk):
                actions.note_use_reading(
                    system=system,
                    source=UseSource.IMPORT,
                    seen_at=self.options.as_of,
                    people=len(people),
                    is_by_resource=system.pk in self.by_resource,
                    now=self.now,
                    file=file,
                )

    def _row(self, line: int, record: dict[str, str] | None) -> Row:
        """Raises ValidationError."""
        if record is None:
            raise ValidationError(_("it has more or fewer cells than the header"))
        if not record["person"] or "\x00" in record["person"]:
            raise ValidationError(_("nobody is named"))
        system = self._system(record.get("system") or self.options.system)
        resource = self._resource(system, record["resource"]) if record.get("resource") else None
        return Row(line, record["person"], system.pk, resource, self._moment(record["last_used"]))

    def _system(self, slug: str) -> TargetSystem:
        if not slug:
            raise ValidationError(_("no system is named, in the row or by --system"))
        if slug not in self.systems:
            raise ValidationError(_("no target system has the short name “%(slug)s”"), params={"slug": slug[:80]})
        return self.systems[slug]

    def _resource(self, system: TargetSystem, origin_id: str) -> UUID:
        found = self.resources.get((system.pk, origin_id))
        if found is None:
            raise ValidationError(
                _("%(system)s has no resource with the id “%(id)s”"), params={"system": system, "id": origin_id[:80]}
            )
        return found

    def _moment(self, text: str) -> datetime | None:
        """None for what was never used."""
        if not text:
            return None
        try:
            moment = parse_datetime(text)
            day = None if moment else parse_date(text)
        except ValueError:
            moment = day = None
        if day:
            moment = datetime.combine(day, time.min)
        if moment is None:
            raise ValidationError(
                _("“%(text)s” is no date: write 2026-12-31, or 2026-12-31T09:30:00Z"), params={"text": text[:40]}
            )
        moment = moment if moment.tzinfo else timezone.make_aware(moment)
        if moment > self.options.as_of:
            raise ValidationError(_("%(text)s is later than the file itself"), params={"text": text[:40]})
        return moment


def _people(keys: Iterable[str]) -> dict[str, UUID]:
    """Whom these employee numbers and user names mean; a number comes before a name."""
    wanted = set(keys)
    rows = User.objects.annotate(key=Lower("username")).order_by()
    rows = rows.filter(Q(employee_number__in=wanted) | Q(key__in={fold(key) for key in wanted}))
    found = list(rows.values_list("employee_number", "key", "pk")) if wanted else []
    by_number = {number: pk for number, _name, pk in found if number}
    by_name = {name: pk for _number, name, pk in found}
    known = {key: by_number.get(key) or by_name.get(fold(key)) for key in wanted}
    return {key: pk for key, pk in known.items() if pk}
