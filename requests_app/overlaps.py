"""Who holds what is incompatible (behaviour 9): reported with both sides, never removed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from audit.pagination import Keyset
from catalog.models import AccessPackage, Incompatibility
from catalog.roles import Right
from directory.models import GroupClosure, Membership, User
from directory.permissions import can_read_everything

from .lifecycle import AssignmentStatus
from .models import Assignment, SeparationException
from .querysets import AssignmentQuerySet

OVERLAPS = Keyset("starts_at", size=50)
EXPORTED = Keyset("starts_at", size=500)


@dataclass(frozen=True)
class Other:
    """What somebody holds beside a package that rules it out: another assignment, or the membership of a group."""

    name: str
    since: datetime
    assignment: Assignment | None = None
    exception: SeparationException | None = None
    """The latest exception that let them hold both; where it is over, they hold both without one."""


@dataclass(frozen=True)
class Overlap:
    """One person's access to a package with everything incompatible that they hold as well."""

    assignment: Assignment
    others: list[Other]


@dataclass(frozen=True)
class Listing:
    """A page of overlaps, and the cursors of its neighbours where there are any."""

    rows: list[Overlap]
    newer: str | None
    older: str | None


def can_see(user: User) -> bool:
    """Administrators and auditors see all overlaps; owners those of the packages that they look after."""
    return user.is_active and (can_read_everything(user) or _looked_after(user).exists())


def visible_to(user: User) -> AssignmentQuerySet:
    """Access to packages that the user looks after, of people who hold something that rules these out."""
    held = Assignment.objects.exclude(status=AssignmentStatus.ENDED)
    beside = held.filter(person=OuterRef("person"), package__ruled_out_by__package=OuterRef("package")).order_by()
    member = Membership.objects.filter(
        person=OuterRef("person"), group__ancestor_links__ancestor__rules_out__package=OuterRef("package")
    )
    rules = Incompatibility.objects.values("package")
    overlapping = held.filter(Exists(beside) | Exists(member), package__in=rules).select_related("person", "package")
    return overlapping.filter(package__in=_looked_after(user))


def page(user: User, *, cursor: str | None, keyset: Keyset = OVERLAPS) -> Listing:
    """A page of overlaps, the latest first, by five statements."""
    found = keyset.page(visible_to(user), cursor=cursor)
    return Listing(rows=_complete(found.rows), newer=found.newer, older=found.older)


def everything(user: User) -> Iterator[Overlap]:
    """Every overlap, for a file: read page by page, so that memory stays flat."""
    cursor: str | None = None
    while True:
        found = page(user, cursor=cursor, keyset=EXPORTED)
        yield from found.rows
        cursor = found.older
        if cursor is None:
            return


def _looked_after(user: User) -> Any:
    packages = AccessPackage.objects.order_by()
    if not can_read_everything(user):
        packages = packages.with_right(user, Right.ASSIGNMENTS)
    return packages.values("pk")


def _complete(rows: Sequence[Assignment]) -> list[Overlap]:
    rules = Incompatibility.objects.filter(package__in={row.package_id for row in rows}).with_names()
    by_package: defaultdict[UUID, list[Incompatibility]] = defaultdict(list)
    for rule in rules:
        by_package[rule.package_id].append(rule)
    known = [*(rule for some in by_package.values() for rule in some)]
    people = {row.person_id for row in rows}
    held = _held(people, packages={rule.other_package_id for rule in known if rule.other_package_id})
    joined = _joined(people, groups={rule.group_id for rule in known if rule.group_id})
    exceptions = _exceptions(people, packages={row.package_id for row in rows})
    return [
        Overlap(
            row,
            [
                replace(other, exception=exceptions.get((row.person_id, _pair(rule))))
                for rule in by_package[row.package_id]
                if (other := _other(row, rule, held, joined))
            ],
        )
        for row in rows
    ]


def _other(
    row: Assignment,
    rule: Incompatibility,
    held: dict[tuple[UUID, UUID], Assignment],
    joined: dict[tuple[UUID, UUID], datetime],
) -> Other | None:
    if rule.group_id:
        since = joined.get((row.person_id, rule.group_id))
        return Other(str(rule), since) if since else None
    other = held.get((row.person_id, rule.other_package_id)) if rule.other_package_id else None
    return Other(str(rule), other.starts_at, other) if other else None


def _held(people: set[UUID], *, packages: set[UUID]) -> dict[tuple[UUID, UUID], Assignment]:
    rows = Assignment.objects.filter(person__in=people, package__in=packages).exclude(status=AssignmentStatus.ENDED)
    return {(row.person_id, row.package_id): row for row in rows.order_by("starts_at", "pk")}


def _joined(people: set[UUID], *, groups: set[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """Since when each person belongs to each group, directly or by a group inside it."""
    links = GroupClosure.objects.filter(ancestor__in=groups, descendant__memberships__person__in=people)
    rows = links.values_list("descendant__memberships__person", "ancestor", "descendant__memberships__added_at")
    found: dict[tuple[UUID, UUID], datetime] = {}
    for person, group, since in rows:
        found[person, group] = min(since, found.get((person, group), since))
    return found


def _exceptions(people: set[UUID], *, packages: set[UUID]) -> dict[tuple[UUID, frozenset[UUID | None]], Any]:
    """The latest exception of each person for each pair that was in force once."""
    about = Q(package__in=packages) | Q(other_package__in=packages)
    rows = (SeparationException.objects.in_force() | SeparationException.objects.over()).filter(about)
    found = rows.filter(person__in=people).order_by("decided_at", "pk")
    return {(row.person_id, _pair(row)): row for row in found}


def _pair(row: Incompatibility | SeparationException) -> frozenset[UUID | None]:
    return frozenset((row.package_id, row.other_package_id or row.group_id))
