"""The list of members that a target system writes: believed as a whole or not at all."""

import csv
import io
import json
import os
import sqlite3
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from . import csv_folders as folders
from .base import Clock, ConnectorError, Entitlement

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MOST_TOLD = 10
"""Bad rows or duplicates that are told by their lines."""
CLOCKS_APART = timedelta(hours=1)
"""How far ahead the clock of whoever writes the list may be."""


Columns = tuple[int, int, int | None, int]
"""How many cells a row has, and where person, resource (if anywhere) and role stand."""


Row = tuple[str, str, str, str, int]
"""Role, resource, the person's name as it is compared and as it is written, line."""
AMONG = "SELECT key FROM member WHERE role = ? AND resource = ? AND key IN (SELECT value FROM json_each(?))"
HOLDERS = "SELECT key, min(name) FROM member WHERE role = ? AND resource = ? GROUP BY key ORDER BY key"
TWICE = """
    SELECT line FROM (
        SELECT line, row_number() OVER (PARTITION BY role, resource, key ORDER BY line) AS nth FROM member
    ) WHERE nth > 1 ORDER BY line LIMIT ?
"""


def normalized(name: str) -> str:
    """A name without regard to its case and to how its letters are composed."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


class MemberList:
    """One list, as a connector's options describe it, read once and as a whole into a table on the disk.

    The table is SQLite's, in a file of its own that nobody else sees: a list of millions takes no memory, and each
    role of it is found without reading the rest.
    """

    def __init__(self, options: Mapping[str, Any], *, system: str, clock: Clock) -> None:
        self._options = options
        self._system = system
        self._clock = clock
        self._table: sqlite3.Connection | None = None
        self._read: tuple[int, int, int] | None = None
        self.name = f"{options['incoming']}/{options['list_file']}"

    def close(self) -> None:
        """Forget it all; may be called twice."""
        if self._table is not None:
            self._table.close()
        self._table = self._read = None

    def written_at(self) -> datetime | None:
        """When the list was written; None where there is none."""
        try:
            with self._open() as file:
                return _written_at(file)
        except ConnectorError:
            return None

    def among(self, keys: Collection[str], entitlement: Entitlement) -> set[str]:
        """Those of the names, as they are compared, who hold the role. Raises ConnectorError."""
        return {key for (key,) in self._ask(AMONG, *self._of(entitlement), json.dumps(list(keys)))}

    def holders(self, entitlement: Entitlement) -> Iterator[tuple[str, str]]:
        """Each who holds the role, once: the name as it is compared, and as it is written. Raises ConnectorError."""
        yield from self._ask(HOLDERS, *self._of(entitlement))

    def summary(self) -> str:
        """How many rows the list has, and which of them say what another did. Raises ConnectorError."""
        [(count,)] = self._ask("SELECT count(*) FROM member")
        lines = ", ".join(str(line) for (line,) in self._ask(TWICE, MOST_TOLD))
        words = _("%(list)s has %(count)d rows")
        if lines:
            words = _("%(list)s has %(count)d rows, some of them twice (lines %(lines)s)")
        return words % {"list": self.name, "count": count, "lines": lines}

    def _of(self, entitlement: Entitlement) -> tuple[str, str]:
        return entitlement.role_id, entitlement.resource_id if self._options["resource_column"] else ""

    def _ask(self, query: str, *values: object) -> sqlite3.Cursor:
        """The rows, out of the table of the list as it is now."""
        with self._open() as file:
            found = _mark(file)
            self._require_fresh(_written_at(file))
            if self._table is None or found != self._read:
                self._table = self._fill(file)
                self._read = found
        return self._table.execute(query, values)

    def _open(self) -> BinaryIO:
        with folders.opened(self._options["incoming"], system=self._system) as folder:
            try:
                return folders.read(folder, self._options["list_file"])
            except OSError as error:
                raise folders.unusable(error, what=self.name, system=self._system) from error

    def _fill(self, file: BinaryIO) -> sqlite3.Connection:
        """The table. Raises ConnectorError where a row of the list is bad, or somebody writes it meanwhile."""
        self.close()
        before, table = _mark(file), sqlite3.connect("")
        try:
            table.execute("CREATE TABLE member (role TEXT, resource TEXT, key TEXT, name TEXT, line INTEGER)")
            table.executemany("INSERT INTO member VALUES (?, ?, ?, ?, ?)", self._parsed(file))
            table.execute("CREATE INDEX of_role ON member (role, resource, key)")
            if _mark(file) != before:
                raise self._not_believed(_("it changed while it was read; have it moved into its place as a whole"))
        except ConnectorError:
            table.close()
            raise
        return table

    def _require_fresh(self, written_at: datetime) -> None:
        age = self._clock() - written_at
        if age > timedelta(hours=self._options["fresh_hours"]):
            hours = int(age.total_seconds() // 3600)
            raise self._not_believed(_("it is %(hours)d hours old; have the system write it anew") % {"hours": hours})
        if age < -CLOCKS_APART:
            raise self._not_believed(_("it comes from the future; set the clock of whoever writes it"))

    def _parsed(self, file: BinaryIO) -> Iterator[Row]:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, delimiter=DELIMITERS[self._options["delimiter"]], strict=True)
        try:
            columns = self._columns(next(reader, []))
            yield from self._members(((reader.line_num, cells) for cells in reader if cells), columns)
        except (csv.Error, UnicodeDecodeError) as error:
            reason = _("it is not UTF-8") if isinstance(error, UnicodeDecodeError) else str(error)
            words = _("it cannot be read after line %(line)d (%(reason)s)")
            raise self._not_believed(words % {"line": reader.line_num, "reason": reason}) from error
        finally:
            text.detach()

    def _members(self, rows: Iterator[tuple[int, list[str]]], columns: Columns) -> Iterator[Row]:
        bad: list[str] = []
        _width, person, resource, role = columns
        for line, cells in rows:
            if fault := _fault(cells, columns):
                bad.append(_("line %(line)d (%(fault)s)") % {"line": line, "fault": fault})
                if len(bad) == MOST_TOLD:
                    break
                continue
            name = cells[person].strip()
            there = "" if resource is None else cells[resource].strip()
            yield cells[role].strip(), there, normalized(name), name, line
        if bad:
            raise self._not_believed(_("it has rows that cannot be understood: %(rows)s") % {"rows": ", ".join(bad)})

    def _columns(self, header: list[str]) -> Columns:
        """How many there are, and where person, resource and role stand."""
        titles = [title.strip() for title in header]

        def place(option: str) -> int:
            if titles.count(self._options[option]) != 1:
                words = _("it must have one column “%(title)s”, and has: %(titles)s")
                found = ", ".join(titles) or _("nothing at all")
                raise self._not_believed(words % {"title": self._options[option], "titles": found})
            return titles.index(self._options[option])

        person, role = place("person_column"), place("role_column")
        return len(titles), person, place("resource_column") if self._options["resource_column"] else None, role

    def _not_believed(self, why: str) -> ConnectorError:
        return ConnectorError(
            _("The list %(list)s of %(system)s is not believed: %(why)s.")
            % {"list": self.name, "system": self._system, "why": why},
            is_outage=True,
        )


def _written_at(file: BinaryIO) -> datetime:
    return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, tz=UTC)


def _mark(file: BinaryIO) -> tuple[int, int, int]:
    """What tells one state of the file from another."""
    stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _fault(cells: list[str], columns: Columns) -> str:
    """What is wrong with a row; nothing with most, for which no words are looked up."""
    width, person, resource, role = columns
    if len(cells) != width:
        return _("%(count)d cells instead of %(width)d") % {"count": len(cells), "width": width}
    if not cells[person].strip():
        return _("nobody")
    if not cells[role].strip():
        return _("no role")
    return _("no resource") if resource is not None and not cells[resource].strip() else ""
