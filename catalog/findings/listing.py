"""Lists of findings: all that somebody may see, page by page, and those about one package."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from audit.pagination import PAGE_SIZE, BadCursor
from directory.models import User
from directory.permissions import can_read_everything

from ..models import AccessPackage, Catalog
from ..roles import Right
from .registry import CHECKS, Finding

EXPORTED = 500


@dataclass(frozen=True)
class Listing:
    """A page of findings, and the cursor of the next one where there is one."""

    rows: list[Finding]
    next: str | None


def page(
    user: User, *, kinds: Sequence[str] = (), severity: str = "", cursor: str | None = None, size: int = PAGE_SIZE
) -> Listing:
    """A page of what the user may see, the worst first, by one statement for each kind at most. Raises BadCursor."""
    wanted = [one for one in CHECKS.values() if one.name in (kinds or CHECKS) and severity in ("", one.severity)]
    start, after = _decode(cursor) if cursor else ("", None)
    if start:
        names = [one.name for one in wanted]
        wanted = wanted[names.index(start) :] if start in names else []
    catalogs, found = _scope(user), list[Finding]()
    for one in wanted:
        rows = one.rows(catalogs)
        rows = rows.filter(pk__gt=after) if one.name == start else rows
        found += [Finding(one, row) for row in rows[: size + 1 - len(found)]]
        if len(found) > size:
            return Listing(rows=found[:size], next=_encode(found[size - 1]))
    return Listing(rows=found, next=None)


def findings(user: User, *, kinds: Sequence[str] = (), severity: str = "") -> Iterator[Finding]:
    """Everything that the user may see, for a file: read page by page, so that memory stays flat."""
    cursor: str | None = None
    while True:
        found = page(user, kinds=kinds, severity=severity, cursor=cursor, size=EXPORTED)
        yield from found.rows
        cursor = found.next
        if cursor is None:
            return


def findings_of(package: AccessPackage) -> list[Finding]:
    """What there is to say about one package and its policies, for whoever edits it."""
    about = (one for one in CHECKS.values() if one.to_package)
    return [Finding(one, row) for one in about for row in one.of_package(package)]


def _scope(user: User) -> Any:
    """The catalogs whose findings the user may see, as a subquery; None where it is all of them."""
    if can_read_everything(user):
        return None
    return Catalog.objects.with_right(user, Right.PACKAGES).order_by().values("pk")


def _encode(last: Finding) -> str:
    return urlsafe_b64encode(json.dumps([last.kind, str(last.row.pk)]).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, UUID]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        kind, pk = json.loads(urlsafe_b64decode(padded))
        if kind not in CHECKS:
            raise ValueError(kind)
        return kind, UUID(pk)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadCursor(_("This link into the list is damaged. Open the list from its first page.")) from error


def titles() -> list[tuple[str, Any]]:
    """Every kind with its title, for filters."""
    return [(one.name, one.title) for one in CHECKS.values()]
