"""Reports as files that are written while they are read: CSV that no spreadsheet computes, and JSON lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from audit.exports import guarded

from ..models import Campaign
from .rows import COLUMNS, lines_of, row_of

CSV, JSON_LINES, PDF = "csv", "jsonl", "pdf"
CONTENT_TYPES = {
    CSV: "text/csv; charset=utf-8",
    JSON_LINES: "application/x-ndjson; charset=utf-8",
    PDF: "application/pdf",
}
FLOWING = (CSV, JSON_LINES)
"""Formats without an end that they could not reach."""


def flow(campaigns: Iterable[Campaign], *, file_format: str, wanted: Q | None = None) -> Iterator[str]:
    """The items of these campaigns as the pieces of a file; memory does not grow with it."""
    if file_format == CSV:
        yield csv_line(COLUMNS)
    write = csv_row if file_format == CSV else json_row
    for campaign in campaigns:
        for line in lines_of(campaign, wanted=wanted):
            yield write(row_of(campaign, line))


def csv_row(row: dict[str, Any]) -> str:
    """The row as a line of CSV."""
    return csv_line(_text(value) for value in row.values())


def csv_line(cells: Iterable[str]) -> str:
    """One line of a CSV file, in which no cell is taken for a formula."""
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def json_row(row: dict[str, Any]) -> str:
    """The row as a line of JSON."""
    plain = {name: _plain(value) for name, value in row.items()}
    return f"{json.dumps(plain, ensure_ascii=False)}\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


def _text(value: Any) -> str:
    """As CSV has it: nothing is empty, yes and no are words."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(_plain(value))
