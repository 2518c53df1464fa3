"""The digest of a frozen population: what exactly is hashed, so that anybody can hash it again.

A campaign's digest is the SHA-256 over the hexadecimal digests of its parts, each followed by a line feed, in the order
of their numbers. A part's digest is the SHA-256 over the lines of its items in the order of their ids; a line is the
JSON array of the item's frozen values (`FROZEN`, in that order), compact, keys aside, non-ASCII characters as they are,
in UTF-8, followed by a line feed. Instants are ISO 8601 in UTC with microseconds.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

FROZEN = (
    "id", "person_id", "assignment_id", "grant_id", "person_name", "department", "job_title", "manager_name",
    "is_guest", "what", "where", "under", "is_privileged", "is_adopted", "held_since", "held_until", "last_used_at",
    "peers", "peers_with", "covered_by", "conflicts_with", "recommendation",
)  # fmt: skip
"""What of an item is never written again."""


def line_of(values: Sequence[Any]) -> bytes:
    """The line of an item, from its values in the order of `FROZEN`."""
    plain = [_plain(value) for value in values]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def digest_of_part(rows: Iterable[Sequence[Any]]) -> str:
    """The digest of a part, from its items' values in the order of their ids."""
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(line_of(row))
    return hashed.hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """The digest of a population, from those of its parts in the order of their numbers."""
    return hashlib.sha256("".join(f"{part}\n" for part in parts).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if value is None or isinstance(value, bool | int | str) else str(value)
