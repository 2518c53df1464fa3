"""The journal as a file: CSV and JSON lines, written as they are read, in memory that does not grow with the file."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone

from . import verbs
from .pagination import Cursor, Keyset
from .querysets import EventQuerySet

JOURNAL = Keyset("occurred_at")
BATCH = 2000
"""Events that one statement reads; the memory of an export is that of a batch."""
COLUMNS = (
    "id",
    "occurred_at",
    "verb",
    "actor_id",
    "actor_label",
    "target_kind",
    "target_id",
    "target_label",
    "person_id",
    "person_label",
    "package_id",
    "package_label",
    "details",
    "correlation_id",
    "source",
)
HEADINGS = (*COLUMNS, "sentence")
SUSPICIOUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
"""What a spreadsheet may take for the beginning of a formula."""

Writer = Callable[[list[dict[str, Any]]], str]


def guarded(text: str) -> str:
    """The text so that a spreadsheet shows it instead of computing it."""
    return f"'{text}" if text.startswith(SUSPICIOUS) else text


def lines(events: EventQuerySet, *, file_format: str, as_of: datetime) -> Iterator[str]:
    """The file in pieces: every event that occurred before `as_of`, newest first."""
    beginning, write = FORMATS[file_format][1:]
    if beginning:
        yield beginning
    before = Cursor(at=as_of, pk=UUID(int=0))
    for batch in JOURNAL.batches(events, *COLUMNS, before=before, size=BATCH):
        yield write([_row(values) for values in batch])


def response(events: EventQuerySet, *, file_format: str, as_of: datetime) -> StreamingHttpResponse:
    """The file as an answer that begins at once; `file_format` is one of FORMATS."""
    answer = StreamingHttpResponse(
        lines(events, file_format=file_format, as_of=as_of), content_type=FORMATS[file_format][0]
    )
    name = f"journal-{timezone.localdate(as_of).isoformat()}.{file_format}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    """An event as a file tells it: ids and moments as text, and the sentence that a person reads."""
    row = dict(zip(COLUMNS, values, strict=True))
    row["sentence"] = verbs.tell_event(
        row["verb"],
        details=row["details"],
        actor=row["actor_label"],
        person=row["person_label"],
        package=row["package_label"],
        target=row["target_label"],
    )
    row["occurred_at"] = row["occurred_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    for name in ("id", "actor_id", "person_id", "package_id", "correlation_id"):
        row[name] = str(row[name]) if row[name] else None
    return row


def _csv_lines(rows: list[dict[str, Any]]) -> str:
    return _csv_text([_cell(row[name]) for name in HEADINGS] for row in rows)


def _json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return guarded(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _csv_text(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


FORMATS: dict[str, tuple[str, str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", _csv_text([HEADINGS]), _csv_lines),
    "jsonl": ("application/x-ndjson; charset=utf-8", "", _json_lines),
}
"""Each format's content type, what its file begins with, and what writes its rows."""
