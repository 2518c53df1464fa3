"""Reading a file of who holds what in a system: every row names somebody and a role, or nothing of it is taken in."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.utils.translation import gettext as _

from catalog.models import ResourceRole
from directory.imports import BadRow, ImportRefused, read_records

from .connectors.matching import KnownBy
from .models import Connector, ListedHolder

PEOPLE = {"username": KnownBy.USERNAME, "mail": KnownBy.EMAIL, "employee_number": KnownBy.EMPLOYEE_NUMBER}
"""The columns that name somebody: exactly one of them is in a file."""
RESOURCE, ROLE = "resource", "role"
MOST_BAD = 50
"""Bad rows that are told."""
MOST_ROWS = 1_000_000
LONGEST: int = ListedHolder._meta.get_field("account").max_length  # type: ignore[assignment]  # it has one


@dataclass(frozen=True)
class HolderFile:
    """What a file says: by which attribute it knows people, and its pairs of role and account, each once."""

    known_by: str
    holders: dict[tuple[UUID, str], int]


def read_holders(path: Path, *, connector: Connector) -> HolderFile:
    """The file as a whole. Raises ImportRefused, with its bad rows by line."""
    rows = read_records(path, known=[*PEOPLE, RESOURCE, ROLE], required=[RESOURCE, ROLE])
    roles = _roles(connector)
    holders: dict[tuple[UUID, str], int] = {}
    bad: list[BadRow] = []
    column = ""
    for line, record in rows:
        column = column or _column(record or {})
        found = _pair(record, column=column, roles=roles)
        if isinstance(found, str):
            bad.append(BadRow(line, found))
            if len(bad) == MOST_BAD:
                break
        else:
            holders.setdefault(found, line)
        if len(holders) > MOST_ROWS:
            raise ImportRefused(_("The file has more than %(most)d rows.") % {"most": MOST_ROWS})
    if bad:
        raise ImportRefused(_("Nothing was taken in: some rows cannot be understood."), bad_rows=bad)
    return HolderFile(PEOPLE[column or "username"], holders)


def _column(record: dict[str, str]) -> str:
    found = [name for name in PEOPLE if name in record]
    if len(found) != 1:
        raise ImportRefused(_("The file names people by one column: %(columns)s.") % {"columns": ", ".join(PEOPLE)})
    return found[0]


def _pair(record: dict[str, str] | None, *, column: str, roles: dict[tuple[str, str], UUID]) -> tuple[UUID, str] | str:
    """Role and account, or what is wrong."""
    if record is None:
        return _("it has more or fewer cells than the header")
    account = record[column].casefold()
    if not account:
        return _("nobody is named")
    if "\x00" in account or len(account) > LONGEST:
        return _("“%(name)s” is no name") % {"name": account[:40]}
    role = roles.get((record[RESOURCE], record[ROLE]))
    if role is None:
        return _("the resource “%(resource)s” has no role “%(role)s”") % {
            "resource": record[RESOURCE][:80],
            "role": record[ROLE][:80],
        }
    return role, account


def _roles(connector: Connector) -> dict[tuple[str, str], UUID]:
    rows = ResourceRole.objects.filter(resource__system=connector.system_id)
    found = rows.values_list("resource__origin_id", "origin_id", "pk")
    return {(resource, role): pk for resource, role, pk in found}
