"""What a file of people would do to the directory: who is meant by each row, which rows are bad, who is disabled."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from .belonging import Domains, all_domains
from .imports import BadRow, ImportRefused, PersonRow, UnreadableRow, fold
from .models import ConnectedOrganisation, PersonKind, User

Key = TypeVar("Key")

MASS = 10
"""A file that disables more than this share (per cent) of the enabled people stops and asks."""


class Known(NamedTuple):
    """What the plan needs to know of a person in the directory."""

    username: str
    employee_number: str | None
    manager_id: UUID | None
    is_active: bool
    is_administrator: bool
    kind: str


class Directory:
    """Everybody in the directory by id, employee number and user name, in little memory."""

    def __init__(
        self, people: Mapping[UUID, Known], *, organisations: Mapping[str, UUID] | None = None, domains: Domains
    ) -> None:
        self.people = people
        self.organisations = organisations or {}
        self.domains = domains
        self.by_number = {known.employee_number: pk for pk, known in people.items() if known.employee_number}
        self.by_name = {fold(known.username): pk for pk, known in people.items()}

    @classmethod
    def locked(cls) -> "Directory":
        """Everybody, locked in one order until the transaction ends: an import is the only one that changes people."""
        people = User.objects.with_administrators().select_for_update(no_key=True)
        rows = people.order_by("pk").values_list("pk", *Known._fields)
        named = ConnectedOrganisation.objects.order_by().values_list("name", "pk")
        return cls(
            {pk: Known(*facts) for pk, *facts in rows.iterator(chunk_size=2000)},
            organisations={name.lower(): pk for name, pk in named},
            domains=all_domains(),
        )

    def find(self, key: str) -> UUID | None:
        """Whom an employee number or a user name means."""
        return self.by_number.get(key) or self.by_name.get(fold(key))


@dataclass(slots=True)
class Entry:
    """One good row: whom it is about, and what the plan must know of it."""

    line: int
    person_id: UUID
    label: str
    is_new: bool
    employee_number: str | None
    manager_key: str | None
    is_enabled: bool | None
    sponsor_keys: tuple[str, ...] | None
    organisation_id: UUID | None
    manager_id: UUID | None = None
    sponsor_ids: frozenset[UUID] | None = None


@dataclass
class Plan:
    """What is to be done, by the line of the file."""

    directory: Directory
    entries: dict[int, Entry] = field(default_factory=dict)
    bad_rows: list[BadRow] = field(default_factory=list)
    named: set[UUID] = field(default_factory=set)
    """Everybody whom the file names, be it in a bad row: they are not missing."""
    absent: list[UUID] = field(default_factory=list)

    @property
    def disabled(self) -> list[UUID]:
        """Everybody enabled whom the import disables."""
        told = (entry.person_id for entry in self.entries.values() if entry.is_enabled is False and not entry.is_new)
        return [pk for pk in told if self.directory.people[pk].is_active] + self.absent

    def name_of(self, pk: UUID) -> str:
        """The user name of somebody who is in the directory, or comes with the file."""
        known = self.directory.people.get(pk)
        return known.username if known else self._coming[pk]

    @cached_property
    def _coming(self) -> dict[UUID, str]:
        return {entry.person_id: entry.label for entry in self.entries.values() if entry.is_new}

    def drop(self, line: int, *, reason: str) -> None:
        """Give up a row."""
        self.entries.pop(line, None)
        self.bad_rows.append(BadRow(line, reason))


def make_plan(rows: Iterable[PersonRow | UnreadableRow], *, directory: Directory, is_complete: bool) -> Plan:
    """Match every row, settle the managers, and find who is missing."""
    plan = Plan(directory)
    matcher = _Matcher(plan)
    for row in rows:
        matcher.add(row)
    while _drop_unknown_managers(plan) or _drop_unknown_sponsors(plan) or _drop_circles(plan):
        pass
    if is_complete:
        plan.absent = [pk for pk, known in directory.people.items() if pk not in plan.named and _is_the_files(known)]
    plan.bad_rows.sort(key=lambda bad: bad.line)
    return plan


def refuse_mass_disable(plan: Plan) -> None:
    """Raises ImportRefused where more than a tenth of the enabled people would be disabled."""
    enabled = sum(known.is_active for known in plan.directory.people.values())
    disabled = len(plan.disabled)
    if disabled * 100 > enabled * MASS:
        raise ImportRefused(
            _(
                "This would disable %(disabled)d of %(enabled)d enabled people, more than %(share)d %%. "
                "Nothing was changed; if it is meant, allow it with --allow-mass-disable."
            )
            % {"disabled": disabled, "enabled": enabled, "share": MASS}
        )


def refuse_last_administrator(plan: Plan) -> None:
    """Raises ImportRefused where no enabled administrator would remain."""
    people = plan.directory.people
    administrators = {pk for pk, known in people.items() if known.is_administrator and known.is_active}
    if administrators and administrators <= set(plan.disabled):
        raise ImportRefused(_("This would disable the last administrator. Nothing was changed."))


def circles(managers: Mapping[Key, Key | None]) -> Iterator[list[Key]]:
    """Every circle of people who manage each other, as the ids in it, from report to manager."""
    settled: set[Key] = set()
    for start in managers:
        path: dict[Key, int] = {}
        current: Key | None = start
        while current is not None and current not in settled and current not in path:
            path[current] = len(path)
            current = managers.get(current)
        if current is not None and current in path:
            yield list(path)[path[current] :]
        settled.update(path)


class _Matcher:
    """Finds whom each row means, and refuses a row that means somebody twice or two people at once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines_by_key: dict[tuple[str, object], int] = {}

    def add(self, row: PersonRow | UnreadableRow) -> None:
        if isinstance(row, UnreadableRow):
            self.plan.bad_rows.append(row.bad)
            self.plan.named.update(filter(None, map(self.plan.directory.find, row.keys)))
            return
        found = self._owners(row)
        self.plan.named.update(found)
        if reason := self._refusal(row, found) or self._misplaced(row, found) or self._repetition(row, found):
            self.plan.bad_rows.append(BadRow(row.line, reason))
            return
        self.plan.entries[row.line] = Entry(
            line=row.line,
            person_id=found[0] if found else uuid7(),
            label=row.values["username"],
            is_new=not found,
            employee_number=row.employee_number,
            manager_key=row.manager,
            is_enabled=row.is_enabled,
            sponsor_keys=row.sponsors,
            organisation_id=self.plan.directory.organisations.get(row.organisation.lower()),
        )

    def _owners(self, row: PersonRow) -> list[UUID]:
        directory = self.plan.directory
        owners = (directory.by_number.get(row.employee_number or ""), directory.by_name.get(row.user_name))
        return list(dict.fromkeys(pk for pk in owners if pk))

    def _refusal(self, row: PersonRow, found: list[UUID]) -> str:
        if not found or not row.employee_number:
            return ""
        owner = self.plan.directory.people[found[-1]]
        if len(found) == 1 and owner.employee_number in (None, "", row.employee_number):
            return ""
        return _("the user name %(name)s belongs to somebody else, with the employee number %(number)s") % {
            "name": row.values["username"],
            "number": owner.employee_number or _("(none)"),
        }

    def _misplaced(self, row: PersonRow, found: list[UUID]) -> str:
        if not row.organisation:
            return ""
        if row.organisation.lower() not in self.plan.directory.organisations:
            return _("there is no connected organisation “%(name)s”") % {"name": row.organisation}
        known = self.plan.directory.people[found[0]].kind if found else PersonKind.MEMBER
        if row.values.get("kind", known) != PersonKind.GUEST:
            return _("only guests belong to a connected organisation")
        return ""

    def _repetition(self, row: PersonRow, found: list[UUID]) -> str:
        keys: list[tuple[str, object]] = [(_("user name"), row.user_name)]
        if row.employee_number:
            keys.append((_("employee number"), row.employee_number))
        keys.extend((_("person"), pk) for pk in found)
        for kind, key in keys:
            if (line := self.lines_by_key.get((kind, key))) is not None:
                return _("the %(kind)s %(key)s is already on line %(line)d") % {
                    "kind": kind,
                    "key": row.values["username"] if isinstance(key, UUID) else key,
                    "line": line,
                }
        self.lines_by_key.update(dict.fromkeys(keys, row.line))
        return ""


def _is_the_files(known: Known) -> bool:
    """Whether a complete file speaks for this person: it does for members, not for guests and administrators."""
    return known.is_active and known.kind == PersonKind.MEMBER and not known.is_administrator


def _drop_unknown_managers(plan: Plan) -> bool:
    """Find every row's manager in the file or the directory; True where a row had to go for it."""
    find = _finder(plan)
    unknown = []
    for entry in plan.entries.values():
        if entry.manager_key:
            entry.manager_id = find(entry.manager_key)
            if entry.manager_id is None:
                unknown.append(entry)
    for entry in unknown:
        plan.drop(
            entry.line,
            reason=_("the manager %(key)s is nobody's employee number or user name") % {"key": entry.manager_key},
        )
    return bool(unknown)


def _drop_unknown_sponsors(plan: Plan) -> bool:
    """Find every row's sponsors in the file or the directory; True where a row had to go for it."""
    find = _finder(plan)
    faults = {}
    for entry in plan.entries.values():
        if entry.sponsor_keys is None:
            continue
        found = {key: find(key) for key in entry.sponsor_keys}
        entry.sponsor_ids = frozenset(pk for pk in found.values() if pk)
        if unknown := [key for key, pk in found.items() if pk is None]:
            faults[entry.line] = _("the sponsor %(key)s is nobody's employee number or user name") % {
                "key": ", ".join(unknown)
            }
        elif entry.person_id in entry.sponsor_ids:
            faults[entry.line] = _("nobody is their own sponsor")
    for line, reason in faults.items():
        plan.drop(line, reason=reason)
    return bool(faults)


def _finder(plan: Plan) -> Callable[[str], UUID | None]:
    """Whom a key means, in the file as it stands or else in the directory."""
    by_number = {entry.employee_number: entry.person_id for entry in plan.entries.values() if entry.employee_number}
    by_name = {fold(entry.label): entry.person_id for entry in plan.entries.values()}
    return lambda key: by_number.get(key) or by_name.get(fold(key)) or plan.directory.find(key)


def _drop_circles(plan: Plan) -> bool:
    """Give up the rows by which people would manage each other in a circle; True where there was one."""
    managers = {pk: known.manager_id for pk, known in plan.directory.people.items()}
    asking = {entry.person_id: entry for entry in plan.entries.values() if entry.manager_key is not None}
    managers.update((pk, entry.manager_id) for pk, entry in asking.items())
    is_found = False
    for circle in list(circles(managers)):
        names = [asking[pk].label if pk in asking else plan.directory.people[pk].username for pk in circle]
        reason = _("a circle of managers: %s") % " → ".join([*names, names[0]])
        for entry in [asking[pk] for pk in circle if pk in asking]:
            plan.drop(entry.line, reason=reason)
            is_found = True
    return is_found
