"""Who may do what: the one table that the permissions are tried against, and that docs/permissions.md is written from.

`python -m tests.permission_table` writes that page. How each operation is tried is in permission_doors.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"
ROLES = {
    "administrator": "administrator",
    "auditor": "auditor",
    "organisations": "administrator of connected organisations",
    "creator": "catalog creator",
    "owner": "catalog owner",
    "manager": "package manager",
    "assigner": "assignment manager",
    "reader": "catalog reader",
    "package_owner": "owner of the package",
    "anybody": "anybody else",
}
"""Whoever tries: one person for each, who has that role and no other."""
ADMINISTRATION = "administration"
CLOSED = {ADMINISTRATION: ("auditor", "package_owner")}
"""Doors that stay closed to some, whatever they may do by others."""

OWNERS = ("owner",)
MANAGERS = ("owner", "manager")
ASSIGNERS = ("owner", "manager", "assigner", "package_owner")
READERS = ("owner", "manager", "assigner", "reader")


@dataclass(frozen=True)
class Operation:
    """Something that one can do: who may everywhere, who may in the catalogs of their role, and by which doors."""

    name: str
    everywhere: tuple[str, ...] = ("administrator",)
    in_theirs: tuple[str, ...] = ()
    doors: tuple[str, ...] = ("action",)

    def is_allowed(self, role: str, *, is_theirs: bool, door: str) -> bool:
        """What the table says."""
        may = role in self.everywhere or (is_theirs and role in self.in_theirs)
        return may and role not in CLOSED.get(door, ())


ALL = ("administrator", "auditor")
THREE = ("action", "page", "API")
TABLE = (
    Operation("Give a role that holds everywhere", doors=("action", "API", ADMINISTRATION)),
    Operation("Change people and groups"),
    Operation("Read the journal", everywhere=ALL, doors=("page", "API")),
    Operation(
        "Change connected organisations",
        everywhere=("administrator", "organisations"),
        doors=("action", ADMINISTRATION),
    ),
    Operation("Create a catalog", everywhere=("administrator", "creator"), doors=("action", ADMINISTRATION)),
    Operation("Create a resource", doors=("action", ADMINISTRATION)),
    Operation("See a disabled catalog", everywhere=ALL, in_theirs=READERS, doors=("API", ADMINISTRATION)),
    Operation("See who has which role", everywhere=ALL, in_theirs=READERS, doors=("page", "API", ADMINISTRATION)),
    Operation("See findings", everywhere=ALL, in_theirs=MANAGERS, doors=("page", "API")),
    Operation("See packages without a review", everywhere=ALL, in_theirs=READERS, doors=("page",)),
    Operation("Change a catalog", in_theirs=OWNERS, doors=("action", ADMINISTRATION)),
    Operation("Delete a catalog", in_theirs=OWNERS, doors=("action", ADMINISTRATION)),
    Operation("Appoint an owner", in_theirs=OWNERS, doors=("action", "API", ADMINISTRATION)),
    Operation("Appoint a package manager", in_theirs=OWNERS, doors=("action", "API", ADMINISTRATION)),
    Operation("Appoint an assignment manager", in_theirs=OWNERS, doors=("action", "API")),
    Operation("Appoint a reader", in_theirs=OWNERS, doors=("action", "API")),
    Operation("Take a role away", in_theirs=OWNERS, doors=("action", "API", ADMINISTRATION)),
    Operation("Put a resource that one owns into a catalog", in_theirs=OWNERS, doors=("action", ADMINISTRATION)),
    Operation("Put a resource of others into a catalog", doors=("action", ADMINISTRATION)),
    Operation("Take a resource that one owns out of a catalog", in_theirs=OWNERS),
    Operation("Take a resource of others out of a catalog"),
    Operation("Change a custom extension", in_theirs=OWNERS),
    Operation(
        "See a package", everywhere=ALL, in_theirs=(*READERS, "package_owner"), doors=("page", "API", ADMINISTRATION)
    ),
    Operation("Create a package", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Change a package", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Change what a package gives", in_theirs=MANAGERS),
    Operation("Delete a package", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Change a policy", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Delete a policy", in_theirs=MANAGERS),
    Operation("Rule what is incompatible", in_theirs=MANAGERS),
    Operation("Assign a package", in_theirs=ASSIGNERS, doors=THREE),
    Operation("See who has a package", everywhere=ALL, in_theirs=ASSIGNERS, doors=("page", "API", ADMINISTRATION)),
    Operation("Take access away", in_theirs=ASSIGNERS, doors=THREE),
    Operation("Move the end of access", in_theirs=ASSIGNERS, doors=THREE),
    Operation("See a request", everywhere=ALL, in_theirs=ASSIGNERS, doors=("page", "API", ADMINISTRATION)),
    Operation("Cancel a request", in_theirs=ASSIGNERS, doors=THREE),
    Operation("See an access review", everywhere=ALL, in_theirs=MANAGERS, doors=("API", ADMINISTRATION)),
    Operation("Set up an access review", in_theirs=MANAGERS, doors=("action", "API", ADMINISTRATION)),
    Operation("Change an access review", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Start an access review", in_theirs=MANAGERS, doors=("action", "API")),
    Operation("Delete an access review", in_theirs=MANAGERS, doors=("action", ADMINISTRATION)),
    Operation("Ask why somebody cannot have a package", everywhere=ALL, in_theirs=ASSIGNERS, doors=("page",)),
)
INTRODUCTION = """# Who may do what

This page is written from the table that the tests try, role by role, door by door, in one's own catalog and in another
(`tests/permission_table.py`); `make permissions` writes it anew.

● everywhere · ○ in the catalogs of their role, or for the package that they own · empty: not at all

"""
NOTES = """
- Roles are given to people and to groups; whoever belongs to a group, directly or through nested groups, has its roles.
- Nobody decides on their own access, or on what they asked for, whatever their role.
- **A resource** enters a catalog, and leaves it, by the hand of administrators or of somebody who owns both. Once it is
  inside, every package manager of that catalog may use it: owning the resource is what guards that.
- Whoever creates a catalog becomes its first owner. A catalog creator sees no catalogs but their own.
- The administration is not open to auditors, who read the same on the pages and by the API, nor to owners of packages.
- Administrators and auditors are named on their own pages of *People*, or by the page of a group that makes all of its
  members one; only administrators fill such a group, and no package gives it. Roles are given on the catalog's page.
"""


def render() -> str:
    """The page."""
    return INTRODUCTION + "\n".join(_lines()) + "\n" + NOTES


def _lines() -> Iterator[str]:
    yield "| | " + " | ".join([*ROLES.values(), "by"]) + " |"
    yield "|---|" + ":-:|" * len(ROLES) + "---|"
    for operation in TABLE:
        cells = " | ".join(_cell(operation, role) for role in ROLES)
        yield f"| {operation.name} | {cells} | {', '.join(door for door in operation.doors if door != 'action')} |"


def _cell(operation: Operation, role: str) -> str:
    if role in operation.everywhere:
        return "●"
    return "○" if role in operation.in_theirs else " "


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
