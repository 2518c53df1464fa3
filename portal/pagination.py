"""Pages by key in alphabetical order, for packages and people: no offset, no count, the same cost on every page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from audit.pagination import BadCursor, Page

Row = TypeVar("Row", bound=Model)
PAGE_SIZE = 24


@dataclass(frozen=True)
class Edge:
    """The row at the edge of a page, and whether to go on backwards through the alphabet."""

    name: str
    pk: UUID
    is_backwards: bool = False

    def encode(self) -> str:
        """The edge as one opaque word for an address."""
        facts = [self.name, str(self.pk), int(self.is_backwards)]
        return urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Edge":
        """Read what `encode` wrote. Raises BadCursor for anything else."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            name, pk, is_backwards = json.loads(urlsafe_b64decode(padded))
            if not isinstance(name, str) or "\0" in name or is_backwards not in (0, 1):
                raise ValueError(text)
            name.encode()  # half of a surrogate pair is no text that a database takes
            return cls(name=name, pk=UUID(pk), is_backwards=bool(is_backwards))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise BadCursor(_("This link into the list is damaged. Open the list from its first page.")) from error


def page_of(rows: "QuerySet[Row]", *, cursor: str | None, size: int = PAGE_SIZE, by: str = "name") -> Page[Row]:
    """The page that the cursor names (none: the first); `newer` leads back, `older` on. Raises BadCursor."""
    start = Edge.decode(cursor) if cursor else None
    is_backwards = start is not None and start.is_backwards
    ordered = rows.order_by(f"-{by}", "-pk") if is_backwards else rows.order_by(by, "pk")
    found = list(ordered.filter(_beyond(start, by=by))[: size + 1])
    has_more, shown = len(found) > size, found[:size]
    if is_backwards:
        shown.reverse()
    has_before, has_after = start and (has_more or not is_backwards), has_more or is_backwards
    return Page(
        rows=shown,
        newer=_edge(shown[0], by=by, is_backwards=True) if shown and has_before else None,
        older=_edge(shown[-1], by=by, is_backwards=False) if shown and has_after else None,
    )


def _beyond(start: Edge | None, *, by: str) -> Q:
    """Rows on the far side of the edge; the first condition is what the index on name and id answers."""
    if start is None:
        return Q()
    side = "lt" if start.is_backwards else "gt"
    further: dict[str, Any] = {f"{by}__{side}": start.name}
    same_name: dict[str, Any] = {by: start.name, f"pk__{side}": start.pk}
    return Q(**{f"{by}__{side}e": start.name}) & (Q(**further) | Q(**same_name))


def _edge(row: Any, *, by: str, is_backwards: bool) -> str:
    return Edge(name=getattr(row, by), pk=row.pk, is_backwards=is_backwards).encode()
