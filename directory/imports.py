"""Reading an import file: its encoding, its delimiter, its header, and each row of people in the directory's terms."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models import Risk, User

T = TypeVar("T")

FIELDS = {
    "user_name": "username",
    "email": "email",
    "given_name": "first_name",
    "family_name": "last_name",
    "display_name": "display_name",
    "department": "department",
    "job_title": "job_title",
    "company": "company",
    "employee_number": "employee_number",
    "kind": "kind",
    "hired_on": "hired_on",
    "leaves_on": "leaves_on",
    "risk": "risk",
}
"""The columns that fill a field of a person just as they stand, with that field."""
COLUMNS = (*FIELDS, "manager", "sponsors", "organisation", "enabled")
BETWEEN_SPONSORS = "|"
ATTRIBUTE = "attributes."
KEPT_IF_EMPTY = frozenset({"user_name", "display_name", "employee_number", "kind", "risk"})
"""An empty cell empties the field, but for these, which every person needs or is recognised by."""
ENABLED = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be imported, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return _("line %(line)d: %(reason)s") % {"line": self.line, "reason": self.reason}


class ImportRefused(Exception):
    """Nothing is imported: the file cannot be read, has bad rows, or would do more than was allowed."""

    def __init__(self, message: str, *, bad_rows: Sequence[BadRow] = ()) -> None:
        super().__init__(message)
        self.bad_rows = bad_rows


@dataclass(slots=True)
class PersonRow:
    """One row: the fields that it fills; None for a manager, sponsors or a state of which it says nothing.

    An organisation that is not named follows from the address.
    """

    line: int
    values: dict[str, Any]
    manager: str | None = None
    is_enabled: bool | None = None
    sponsors: tuple[str, ...] | None = None
    organisation: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def user_name(self) -> str:
        """The user name, as it is compared."""
        return fold(self.values["username"])

    @property
    def employee_number(self) -> str | None:
        """The employee number, where the row has one."""
        return self.values.get("employee_number")


@dataclass(slots=True)
class UnreadableRow:
    """A row that is bad in itself, with the keys that it names somebody by all the same."""

    bad: BadRow
    keys: tuple[str, ...] = ()


def fold(user_name: str) -> str:
    """User names are the same whatever their case."""
    return User.normalize_username(user_name.strip()).lower()


def in_batches(things: Iterable[T], *, size: int) -> Iterator[list[T]]:
    """Lists of at most `size` things."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as text. Raises ImportRefused where it cannot be read, or is not UTF-8 or not well-formed CSV."""
    try:
        if path.is_fifo():
            raise ImportRefused(_("%(file)s is a pipe, and files are read twice: save it first.") % {"file": path})
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise ImportRefused(
            _("%(file)s is not UTF-8 (byte 0x%(byte)02x is not): save it as “CSV UTF-8” and import it again.")
            % {"file": path.name, "byte": error.object[error.start]}
        ) from error
    except csv.Error as error:
        raise ImportRefused(
            _("%(file)s is not well-formed CSV: %(error)s") % {"file": path.name, "error": error}
        ) from error
    except OSError as error:
        raise ImportRefused(
            _("%(file)s cannot be read: %(error)s") % {"file": path, "error": error.strerror}
        ) from error


def read_table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with comma or semicolon, header first, each with the line where it begins.

    Empty lines are passed over. Raises ImportRefused.
    """
    with opened(path) as file:
        first = file.readline()
        file.seek(0)
        delimiter = ";" if first.count(";") > first.count(",") else ","
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        begins = 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1


def check_header(header: Sequence[str], *, known: Sequence[str], required: Iterable[str], prefix: str = "") -> None:
    """Raises ImportRefused, naming the columns, where one is unknown, twice there or missing."""
    unknown = [name for name in header if name not in known and not (prefix and name.removeprefix(prefix) != name)]
    twice = sorted({name for name in header if header.count(name) > 1})
    missing = [name for name in required if name not in header]
    faults = [
        (_("unknown columns: %s"), unknown),
        (_("columns that are there twice: %s"), twice),
        (_("missing columns: %s"), missing),
    ]
    found = [text % ", ".join(name or _("(no name)") for name in names) for text, names in faults if names]
    if found:
        columns = ", ".join([*known, *([f"{prefix}*"] if prefix else [])])
        raise ImportRefused(
            _("The header cannot be used: %(faults)s. The columns are: %(columns)s.")
            % {"faults": "; ".join(found), "columns": columns}
        )


def read_records(
    path: Path, *, known: Sequence[str], required: Iterable[str], prefix: str = ""
) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Each row with its line as a dictionary by column; None where its cells are not as many as the columns.

    Raises ImportRefused.
    """
    table = read_table(path)
    _line, header = next(table, (0, []))
    if not header:
        raise ImportRefused(_("%(file)s is empty.") % {"file": path.name})
    check_header(header, known=known, required=required, prefix=prefix)
    for line, cells in table:
        yield line, dict(zip(header, cells, strict=True)) if len(cells) == len(header) else None


def read_people(path: Path) -> Iterator[PersonRow | UnreadableRow]:
    """Every row of a file of people. Raises ImportRefused for what is wrong with the file as a whole."""
    for line, record in read_records(path, known=COLUMNS, required=["user_name"], prefix=ATTRIBUTE):
        if record is None:
            yield UnreadableRow(BadRow(line, _("it has more or fewer cells than the header")))
            continue
        row, reasons = _parse(line, record)
        keys = tuple(filter(None, (record.get("employee_number"), record["user_name"])))
        yield UnreadableRow(BadRow(line, "; ".join(reasons)), keys) if reasons else row


def clean_field(name: str, text: str) -> Any:
    """The text as this field of a person keeps it. Raises ValidationError."""
    if "\x00" in text:
        raise ValidationError(_("a NUL character"))
    if name == "risk":
        return _read_risk(text)
    value: Any = User.normalize_username(text) if name == "username" else text.lower() if name == "kind" else text
    return User._meta.get_field(name).clean(value, None)  # type: ignore[union-attr]


def _parse(line: int, record: Mapping[str, str]) -> tuple[PersonRow, list[str]]:
    reasons = [] if record["user_name"] else [_("user_name is missing")]
    row = PersonRow(line=line, values={}, manager=record.get("manager"), organisation=record.get("organisation", ""))
    for column, text in record.items():
        try:
            _put(row, column=column, text=text)
        except ValidationError as error:
            reasons.append(f"{column}: {' '.join(error.messages)}")
    return row, reasons


def _put(row: PersonRow, *, column: str, text: str) -> None:
    if column.startswith(ATTRIBUTE):
        if "\x00" in text:
            raise ValidationError(_("a NUL character"))
        row.attributes[column.removeprefix(ATTRIBUTE)] = text
    elif column == "sponsors":
        row.sponsors = tuple(dict.fromkeys(key.strip() for key in text.split(BETWEEN_SPONSORS) if key.strip()))
    elif column == "enabled" and text:
        row.is_enabled = _read_enabled(text)
    elif column in FIELDS and text:
        row.values[FIELDS[column]] = clean_field(FIELDS[column], text)
    elif column in FIELDS and column not in KEPT_IF_EMPTY:
        row.values[FIELDS[column]] = None if column.endswith("_on") else ""


def _read_enabled(text: str) -> bool:
    if text.lower() not in ENABLED:
        raise ValidationError(_("“%(text)s” is none of %(known)s"), params={"text": text, "known": ", ".join(ENABLED)})
    return ENABLED[text.lower()]


def _read_risk(text: str) -> Risk:
    known = {risk.name.lower(): risk for risk in Risk}
    if text.lower() not in known:
        raise ValidationError(_("“%(text)s” is none of %(known)s"), params={"text": text, "known": ", ".join(known)})
    return known[text.lower()]
