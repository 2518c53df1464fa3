"""By which names people were given something, where a target knows them by names alone: it is taken by the same."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext as _

from directory.models import User

from ..lifecycle import GrantStatus
from ..models import Alias, Grant
from ..models import Connector as ConnectorRow
from .base import ConnectorError

ATTRIBUTES = ("username", "email", "employee_number")


@dataclass(frozen=True)
class Names:
    """What a person is called, or was when something was given to them."""

    username: str
    email: str
    employee_number: str

    @classmethod
    def of(cls, known: "User | Alias") -> "Names":
        """Today's names of a person, or those that an alias kept."""
        return cls(known.username, known.email, known.employee_number or "")

    def key(self, by: Collection[str]) -> tuple[str, ...]:
        """What a target that knows people by these attributes tells them apart by."""
        return tuple(getattr(self, attribute).strip().casefold() for attribute in sorted(by))


class Aliases:
    """The names of people in one system, which knows them `by` some of their attributes; by none, it needs no names.

    Where it may go by any one of several, only those that it is `told_apart_by` say whose name a name is.
    """

    def __init__(self, row: ConnectorRow, *, by: Collection[str], told_apart_by: Collection[str] = ()) -> None:
        self.row = row
        self.by = by
        self.told_apart_by = told_apart_by or by

    def of(self, people: Sequence[User]) -> dict[UUID, list[Names]]:
        """By which names each may hold something: today's, and then earlier ones that mean something else there.

        Today's is left out where they were given nothing by it and somebody else was: there it means the other.
        """
        kept = self._kept(people)
        others = self._taken([person for person in people if Names.of(person).key(self.by) not in kept[person.pk]])
        found = {}
        for person in people:
            today = {} if person.pk in others else {(names := Names.of(person)).key(self.by): names}
            found[person.pk] = list((today | kept[person.pk] | today).values())
        return found

    def note(self, people: Sequence[User]) -> dict[UUID, ConnectorError]:
        """Keep what they are called, before something is given to them; returns whose name is still another's there."""
        if not self.by:
            return {}
        taken = self._taken(people)
        Alias.objects.bulk_create(
            [Alias(connector=self.row, person=one, **asdict(Names.of(one))) for one in people if one.pk not in taken],
            ignore_conflicts=True,
        )
        return {person.pk: self._is_taken(person) for person in people if person.pk in taken}

    def _kept(self, people: Sequence[User]) -> dict[UUID, dict[tuple[str, ...], Names]]:
        """By which names each was given something."""
        kept: dict[UUID, dict[tuple[str, ...], Names]] = {person.pk: {} for person in people}
        if self.by:
            for alias in self.row.aliases.filter(person__in=people).order_by("pk"):
                names = Names.of(alias)
                kept[alias.person_id].setdefault(names.key(self.by), names)
        return kept

    def _taken(self, people: Sequence[User]) -> set[UUID]:
        """Who is called by now what somebody else was called who was given something that may be there still."""
        if not people or not self.by:
            return set()
        first = next(iter(self.told_apart_by))
        said = [(getattr(person, first) or "").strip() for person in people]
        values = {spelled for name in said for spelled in (name, name.lower(), name.casefold())}
        present = Grant.objects.filter(person=OuterRef("person"), resource_role__resource__system=self.row.system_id)
        rows = self.row.aliases.alias(spelled=Lower(Trim(first))).filter(spelled__in=values)
        bearers: dict[tuple[str, ...], set[UUID]] = {}
        for alias in rows.filter(Exists(present.exclude(status=GrantStatus.REMOVED))):
            bearers.setdefault(Names.of(alias).key(self.told_apart_by), set()).add(alias.person_id)
        return {one.pk for one in people if bearers.get(Names.of(one).key(self.told_apart_by), set()) - {one.pk}}

    def _is_taken(self, person: User) -> ConnectorError:
        return ConnectorError(
            _(
                "What %(person)s is called in %(system)s was another person's name, who may hold something by it there "
                "still: have that taken away, or have them renamed there and say so under “Names in systems”."
            )
            % {"person": person, "system": self.row}
        )
