"""The connector of systems that take files: changes go out as CSV, and a list of members comes back, or does not."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, Self
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov.outbox import WorkStatus
from audit.exports import guarded
from directory.models import User

from ..models import Connector as ConnectorRow
from ..models import Operation, OperationKind
from . import base, matching
from . import csv_folders as folders
from .aliases import ATTRIBUTES, Aliases, Names
from .base import Capability, Connector, ConnectorError, Entitlement, Holder, Outcome, Progress
from .csv_lists import DELIMITERS, MemberList, normalized
from .csv_options import CsvOptions

COLUMNS = ("key", "action", "username", "mail", "employee_number", "resource", "role", "when")
PREFIX = "accessgov-"


class CsvFolder(Connector):
    """Whoever takes the files does each key once; what the list does not show yet is handed over, not done."""

    aliases: Aliases
    options_form = CsvOptions
    secret_label = ""  # nosec B105 - it asks for none

    def __init__(self, row: ConnectorRow, *, clock: base.Clock = timezone.now) -> None:
        super().__init__(row, clock=clock)
        self._has_list = bool(row.options.get("incoming"))
        known_by = [row.options.get("known_by") or matching.KnownBy.USERNAME.value]
        by = known_by if self._has_list else ATTRIBUTES  # without a list nobody says what the target goes by
        self.aliases = Aliases(row, by=by, told_apart_by=known_by)
        self._list = MemberList(row.options, system=str(row), clock=clock)
        reads = (Capability.READ_BACK, Capability.HOLDERS) if self._has_list else ()
        self.capabilities = frozenset((Capability.BATCH, *reads))

    def __enter__(self) -> Self:
        if self._has_list:
            self.as_of = self._list.written_at()
        return self

    def close(self) -> None:
        """Forget what the list said."""
        self._list.close()

    def check(self) -> str:
        """Whether files can be put into the folder, and what the list says."""
        outgoing = self.row.options["outgoing"]
        with folders.opened(outgoing, system=str(self.row)) as folder:
            if not folders.is_writable(folder):
                raise ConnectorError(
                    _("We may not put files into %(folder)s for %(system)s.")
                    % {"folder": outgoing, "system": self.row},
                    is_outage=True,
                )
            waiting = len(folders.names(folder, prefix=PREFIX))
        said = _("%(folder)s takes files, %(count)d not fetched yet") % {"folder": outgoing, "count": waiting}
        if not self._has_list:
            return said
        try:
            return f"{said}; {self._list.summary()}"
        finally:
            self.close()

    # --- Changes ------------------------------------------------------------------------------------------------------

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """A file with one row."""
        return _single(self.grant_many([person], entitlement, keys={person.pk: key}), person)

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """A file with one row."""
        return _single(self.revoke_many([person], entitlement, keys={person.pk: key}), person)

    def grant_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """One file with a row for each, but for those whom the list could never show."""
        nameless = [person for person in people if self._has_list and not self._known_as(person)]
        rest = [person for person in people if person not in nameless]
        faults = {person.pk: self._is_nameless(person) for person in nameless} | self.aliases.note(rest)
        rows = [(person, Names.of(person), keys[person.pk]) for person in rest if person.pk not in faults]
        return {**faults, **self._hand_over("grant", rows, entitlement)}

    def revoke_many(
        self, people: Sequence[User], entitlement: Entitlement, *, keys: Mapping[UUID, str]
    ) -> dict[UUID, Outcome]:
        """One file with a row for each, and one more for each earlier name by which they may hold it.

        Whoever can hold it by no name at all has nothing to lose.
        """
        names = self.aliases.of(people)
        rows = [
            (person, each, f"{keys[person.pk]}/{number}" if number else keys[person.pk])
            for person in people
            for number, each in enumerate(names[person.pk])
        ]
        nothing = {person.pk: Progress.DONE for person in people if not names[person.pk]}
        return {**nothing, **self._hand_over("revoke", rows, entitlement)}

    def _hand_over(
        self, action: str, changes: Sequence[tuple[User, Names, str]], entitlement: Entitlement
    ) -> dict[UUID, Outcome]:
        """Write what was not written yet; what was stays as it is, under its key."""
        outgoing = self.row.options["outgoing"]
        with folders.opened(outgoing, system=str(self.row)) as folder:
            try:
                written = self._written(folder, {key for _person, _names, key in changes})
                rows = [
                    self._row(action, names, entitlement, key=key)
                    for _person, names, key in changes
                    if key not in written
                ]
                if rows:
                    folders.write(folder, self._new_name(), self._file(rows))
            except OSError as error:
                raise folders.unusable(error, what=outgoing, system=str(self.row)) from error
        return dict.fromkeys((person.pk for person, _names, _key in changes), self._progress)

    @property
    def _progress(self) -> Progress:
        return Progress.HANDED_OVER if self._has_list else Progress.DONE

    def _written(self, folder: int, keys: Collection[str]) -> set[str]:
        """Which of the keys went out before: as we remember, or in a file that nobody has fetched yet.

        Where a worker died between the file and its memory, and the file was fetched, a key goes out a second time.
        """
        whole = {key.partition("/")[0] for key in keys}
        handed_over = Operation.objects.filter(idempotency_key__in=whole, waiting_since__isnull=False)
        before = set(handed_over.values_list("idempotency_key", flat=True))
        known = {key for key in keys if key.partition("/")[0] in before}
        if rest := set(keys) - known:
            names = folders.names(folder, prefix=PREFIX)
            known |= {key for name in names for key in self._keys_in(folder, name) if key in rest}
        return known

    def _keys_in(self, folder: int, name: str) -> Iterator[str]:
        try:
            file = folders.read(folder, name)
        except FileNotFoundError:  # fetched a moment ago
            return
        with file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
            yield from (row["key"] for row in csv.DictReader(text, delimiter=self._delimiter) if row.get("key"))

    def _row(self, action: str, names: Names, entitlement: Entitlement, *, key: str) -> list[str]:
        values = (
            key,
            action,
            names.username,
            names.email,
            names.employee_number,
            entitlement.resource_id,
            entitlement.role_id,
            self.clock().astimezone(UTC).isoformat(timespec="seconds"),
        )
        return [guarded(value) for value in values]

    def _file(self, rows: list[list[str]]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self._delimiter)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        return text.getvalue().encode()

    def _new_name(self) -> str:
        """Names sort in the order of their time."""
        return f"{PREFIX}{self.clock().astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}.csv"

    @property
    def _delimiter(self) -> str:
        return DELIMITERS[self.row.options["delimiter"]]

    # --- What the list says -------------------------------------------------------------------------------------------

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """As `read_many`."""
        return person.pk in self.read_many([person], entitlement)

    def read_many(self, people: Sequence[User], entitlement: Entitlement) -> set[UUID]:
        """Who is on the list, but for changes that went out, were never seen on it, and are no longer waited for.

        Such a change may still be made, so it counts as made: what is wanted now then goes out behind it.
        """
        self._require(Capability.READ_BACK)
        attribute = self.row.options["known_by"]
        names = self.aliases.of(people)
        keys = {pk: {normalized(getattr(each, attribute)) for each in those} - {""} for pk, those in names.items()}
        listed = self._list.among(set().union(*keys.values()), entitlement)
        on_their_way = self._on_their_way(people, entitlement)
        return {person.pk for person in people if on_their_way.get(person.pk, bool(keys[person.pk] & set(listed)))}

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """Each once, whatever the case of their names."""
        self._require(Capability.HOLDERS)
        yield from matching.holders(self._list.holders(entitlement), attribute=self.row.options["known_by"])

    def _on_their_way(self, people: Sequence[User], entitlement: Entitlement) -> dict[UUID, bool]:
        """By person, whether the last change that went out gives the role, where it was given up before it was seen."""
        went_out = Operation.objects.filter(
            system=self.row.system_id,
            grant__person__in=people,
            grant__resource_role__origin_id=entitlement.role_id,
            grant__resource_role__resource__origin_id=entitlement.resource_id,
            waiting_since__isnull=False,
        ).order_by("created_at", "pk")
        last: dict[UUID, tuple[str, str]] = {
            person: (status, kind) for person, status, kind in went_out.values_list("grant__person", "status", "kind")
        }
        return {
            person: kind == OperationKind.GRANT
            for person, (status, kind) in last.items()
            if status == WorkStatus.SUPERSEDED
        }

    def _known_as(self, person: User) -> str:
        return matching.known_as(person, self.row.options["known_by"])

    def _is_nameless(self, person: User) -> ConnectorError:
        return ConnectorError(
            _("The list of %(system)s knows people by their %(attribute)s, and %(person)s has none.")
            % {
                "system": self.row,
                "attribute": matching.KnownBy(self.row.options["known_by"]).label,
                "person": person,
            }
        )

    def _require(self, capability: Capability) -> None:
        if capability not in self.capabilities:
            raise self._cannot(capability)


def _single(outcomes: Mapping[UUID, Any], person: User) -> Progress:
    """The one outcome. Raises the ConnectorError that it is."""
    outcome = outcomes[person.pk]
    if isinstance(outcome, ConnectorError):
        raise outcome
    return outcome
