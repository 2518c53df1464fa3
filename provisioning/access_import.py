"""Taking over access that people already have: pairs of person and permission become adopted grants, set by set."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from audit import journal
from catalog import events as catalog_events
from catalog.choices import ResourceKind
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.import_plan import Directory
from directory.imports import BadRow, ImportRefused, clean_field, fold, in_batches, opened, read_records
from directory.models import User
from directory.people_import import add_people

from . import events
from .lifecycle import PRESENT, GrantStatus
from .models import Grant

COLUMNS = ("person", "permission", "resource", "role", "description")
REQUIRED = ("person", "permission")
MEMBER = "Member"
LENGTHS = {"permission": 200, "resource": 200, "role": 120, "description": 2000}
Progress = Callable[[Iterable[Any]], Iterable[Any]]


class Pair(NamedTuple):
    """One line of the file: a person, by employee number or user name, has a permission."""

    line: int
    person: str
    permission: str
    resource: str = ""
    role: str = MEMBER
    description: str = ""

    @property
    def role_key(self) -> tuple[str, str]:
        """What the resource and its role are known by in the system."""
        return self.permission, self.role.lower()


@dataclass(frozen=True)
class Options:
    """How an import is to be done; each as its switch on the command line says."""

    slug: str
    system_name: str = ""
    creates_people: bool = False
    is_dry_run: bool = False
    skips_bad_rows: bool = False


@dataclass
class Outcome:
    """How many grants were adopted, were known already or wait for something else, and what had to be created."""

    adopted: int = 0
    unchanged: int = 0
    not_present: int = 0
    """Grants that AccessGov knows as not delivered, or as removed, though the file has them: left as they are."""
    repeated: int = 0
    people: int = 0
    resources: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


@transaction.atomic
def import_access(*, path: Path, options: Options, now: datetime, progress: Progress = iter) -> Outcome:
    """Adopt every grant that the file names; a dry run does it all and takes it back.

    Raises ImportRefused, with nothing changed.
    """
    run = _Run(options, now=now)
    for batch in in_batches(progress(read_pairs(path)), size=journal.BATCH):
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


def read_pairs(path: Path) -> Iterator[Pair | BadRow]:
    """Every line of a file of either format: a table with a header, or pairs of numbers. Raises ImportRefused."""
    with opened(path) as file:
        first = next((line for line in file if line.strip()), "")
    if not first:
        raise ImportRefused(_("%(file)s is empty.") % {"file": path.name})
    return _read_numbers(path) if all(word.isdecimal() for word in first.split()) else _read_table(path)


def _read_numbers(path: Path) -> Iterator[Pair | BadRow]:
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            words = line.split()
            if len(words) == 2 and all(word.isdecimal() for word in words):
                yield Pair(number, person=words[0], permission=words[1])
            elif words:
                yield BadRow(number, _("it is not a person number and a permission number"))


def _read_table(path: Path) -> Iterator[Pair | BadRow]:
    for line, record in read_records(path, known=COLUMNS, required=REQUIRED):
        if record is None:
            yield BadRow(line, _("it has more or fewer cells than the header"))
        elif reason := _fault(record):
            yield BadRow(line, reason)
        else:
            yield Pair(line, **{**record, "role": record.get("role") or MEMBER})


def _fault(record: dict[str, str]) -> str:
    if missing := [name for name in REQUIRED if not record[name]]:
        return _("%(columns)s is missing") % {"columns": ", ".join(missing)}
    if long := [name for name, length in LENGTHS.items() if len(record.get(name, "")) > length]:
        return _("%(columns)s is too long") % {"columns": ", ".join(long)}
    return _("a NUL character") if any("\x00" in text for text in record.values()) else ""


class _Run:
    """One import under way: whom and what it knows by now, under one correlation id."""

    def __init__(self, options: Options, *, now: datetime) -> None:
        self.options = options
        self.now = now
        self.story = uuid7()
        self.outcome = Outcome()
        self.directory = Directory.locked()
        self.system = self._find_system()
        of_system = ResourceRole.objects.filter(resource__system=self.system).select_related("resource")
        self.roles = {(role.resource.origin_id, role.origin_id): role for role in of_system}
        self.resources = {resource.origin_id: resource for resource in self.system.resources.all()}
        self.seen: set[tuple[UUID, UUID]] = set()

    def carry_out(self, lines: Sequence[Pair | BadRow]) -> None:
        """Adopt what these lines name; after a bad row that stops the import, only go on looking for more of them."""
        pairs = self._readable(lines)
        if self.outcome.bad_rows and not self.options.skips_bad_rows:
            return
        self._create_roles(pairs)
        wanted: dict[tuple[UUID, UUID], ResourceRole] = {}
        for pair in pairs:
            role, person_id = self.roles[pair.role_key], self._person_of(pair)
            # Ids already held elsewhere make a tuple in `seen` cost little: a million pairs fit in memory.
            key = (person_id, role.pk)
            if key in self.seen:
                self.outcome.repeated += 1
            else:
                self.seen.add(key)
                wanted[key] = role
        self._adopt(wanted)

    def sum_up(self, file: str) -> None:
        """Record the import as a whole; one that changed nothing leaves no trace."""
        done = self.outcome
        if not (done.adopted or done.people or done.resources):
            return
        self._record(
            events.ACCESS_IMPORTED,
            self.system,
            file=file,
            adopted=done.adopted,
            unchanged=done.unchanged,
            not_present=done.not_present,
            bad_rows=len(done.bad_rows),
        )

    def _find_system(self) -> TargetSystem:
        name = self.options.system_name or self.options.slug
        try:
            system, is_new = TargetSystem.objects.get_or_create(slug=_slug(self.options.slug), defaults={"name": name})
        except ValidationError as error:
            raise ImportRefused(f"--system: {' '.join(error.messages)}") from error
        if is_new:
            self._record(catalog_events.SYSTEM_CREATED, system)
        return system

    def _readable(self, lines: Sequence[Pair | BadRow]) -> list[Pair]:
        pairs: list[Pair] = []
        strangers: dict[str, User] = {}
        for line in lines:
            if isinstance(line, BadRow):
                self.outcome.bad_rows.append(line)
            elif self.directory.find(line.person) or line.person in strangers:
                pairs.append(line)
            else:
                try:
                    strangers[line.person] = self._new_person(line.person)
                    pairs.append(line)
                except ValidationError as error:
                    self.outcome.bad_rows.append(BadRow(line.line, " ".join(error.messages)))
        self._add_people(list(strangers.values()))
        return pairs

    def _new_person(self, key: str) -> User:
        """Raises ValidationError where nobody may be created, or not with such a key."""
        if not self.options.creates_people:
            raise ValidationError(_("nobody has the employee number or user name %(key)s"), params={"key": key})
        if not key.isdecimal():
            return User(username=clean_field("username", key))
        name = f"person-{key}"
        if self.directory.by_name.get(name):
            raise ValidationError(_("the user name %(name)s belongs to somebody else"), params={"name": name})
        number = clean_field("employee_number", key)
        return User(username=name, employee_number=number, display_name=_("Person %(number)s") % {"number": number})

    def _add_people(self, people: Sequence[User]) -> None:
        add_people(people, now=self.now, correlation_id=self.story)
        self.outcome.people += len(people)
        for person in people:
            self.directory.by_name[fold(person.username)] = person.pk
            if person.employee_number:
                self.directory.by_number[person.employee_number] = person.pk

    def _person_of(self, pair: Pair) -> UUID:
        person_id = self.directory.find(pair.person)
        if person_id is None:
            raise LookupError(pair.person)
        return person_id

    def _create_roles(self, pairs: Sequence[Pair]) -> None:
        new = {pair.role_key: pair for pair in pairs if pair.role_key not in self.roles}
        if not new:
            return
        resources = {
            pair.permission: self._new_resource(pair)
            for pair in reversed(list(new.values()))
            if pair.permission not in self.resources
        }
        Resource.objects.bulk_create(resources.values(), batch_size=journal.BATCH)
        self.resources.update(resources)
        roles = {
            key: ResourceRole(resource=self.resources[pair.permission], origin_id=key[1], name=pair.role)
            for key, pair in new.items()
        }
        ResourceRole.objects.bulk_create(roles.values(), batch_size=journal.BATCH)
        self.roles.update(roles)
        self.outcome.resources += len(resources)
        journal.record_many(self._entry(catalog_events.RESOURCE_CREATED, resource) for resource in resources.values())

    def _new_resource(self, pair: Pair) -> Resource:
        return Resource(
            system=self.system,
            kind=ResourceKind.APPLICATION,
            origin_id=pair.permission,
            name=pair.resource or _("Permission %(id)s") % {"id": pair.permission[:180]},
            description=pair.description,
        )

    def _adopt(self, wanted: dict[tuple[UUID, UUID], ResourceRole]) -> None:
        people = User.objects.in_bulk({person_id for person_id, _role_id in wanted})
        known = self._known(wanted)
        present = sum(status in PRESENT for status in known.values())
        grants = [
            Grant(
                person=people[key[0]],
                resource_role=role,
                status=GrantStatus.DELIVERED,
                is_adopted=True,
                was_present=True,
                changed_at=self.now,
            )
            for key, role in wanted.items()
            if key not in known
        ]
        Grant.objects.bulk_create(grants, batch_size=journal.BATCH)
        journal.record_many(self._entry(events.GRANT_ADOPTED, grant, person=grant.person) for grant in grants)
        self.outcome.adopted += len(grants)
        self.outcome.unchanged += present
        self.outcome.not_present += len(known) - present

    def _known(self, wanted: dict[tuple[UUID, UUID], ResourceRole]) -> dict[tuple[UUID, UUID], str]:
        people, roles = {key[0] for key in wanted}, {key[1] for key in wanted}
        rows = Grant.objects.filter(person__in=people, resource_role__in=roles)
        found = rows.values_list("person_id", "resource_role_id", "status").order_by()
        return {key: status for *ids, status in found if (key := (ids[0], ids[1])) in wanted}

    def _record(self, verb: str, target: Any, **details: Any) -> None:
        journal.record_many([self._entry(verb, target, **details)])

    def _entry(self, verb: str, target: Any, *, person: User | None = None, **details: Any) -> Any:
        return journal.entry(
            verb, actor=None, target=target, person=person, at=self.now, details=details, correlation_id=self.story
        )


def _slug(text: str) -> str:
    """Raises ValidationError where it is no short name of a system."""
    field_of_slug = TargetSystem._meta.get_field("slug")
    return field_of_slug.clean(text, None)
