"""Pages by key for packages in alphabetical order: no offset, no count, the same cost on every page."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from audit.pagination import BadCursor, Page
from catalog.models import AccessPackage
from catalog.querysets import PackageQuerySet

PAGE_SIZE = 24


@dataclass(frozen=True)
class Edge:
    """The package at the edge of a page, and whether to go on backwards through the alphabet."""

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


def page_of(packages: PackageQuerySet, *, cursor: str | None, size: int = PAGE_SIZE) -> Page[AccessPackage]:
    """The page that the cursor names (none: the first); `newer` leads back, `older` on. Raises BadCursor."""
    start = Edge.decode(cursor) if cursor else None
    is_backwards = start is not None and start.is_backwards
    ordered = packages.order_by("-name", "-pk") if is_backwards else packages.order_by("name", "pk")
    found = list(ordered.filter(_beyond(start))[: size + 1])
    has_more, rows = len(found) > size, found[:size]
    if is_backwards:
        rows.reverse()
    return Page(
        rows=rows,
        newer=_edge(rows[0], is_backwards=True) if rows and start and (has_more or not is_backwards) else None,
        older=_edge(rows[-1], is_backwards=False) if rows and (has_more or is_backwards) else None,
    )


def _beyond(start: Edge | None) -> Q:
    """Packages on the far side of the edge; the first condition is what the index on name and id answers."""
    if start is None:
        return Q()
    side = "lt" if start.is_backwards else "gt"
    further: dict[str, Any] = {f"name__{side}": start.name}
    same_name: dict[str, Any] = {"name": start.name, f"pk__{side}": start.pk}
    return Q(**{f"name__{side}e": start.name}) & (Q(**further) | Q(**same_name))


def _edge(package: AccessPackage, *, is_backwards: bool) -> str:
    return Edge(name=package.name, pk=package.pk, is_backwards=is_backwards).encode()
