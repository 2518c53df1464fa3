"""What a change of a package's roles will do to those who hold it, counted before it is saved; set-based."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from catalog.models import AccessPackage, ResourceRole
from directory.models import User
from provisioning.lifecycle import GrantStatus, sources_of
from provisioning.models import Grant, GrantReason

from .models import Assignment

NAMES = 5
"""People who are named for each role; the rest is counted."""
LOOKED_THROUGH = 200
"""Holders among whom somebody to name is looked for."""
GOING = sources_of(GrantStatus.REMOVAL_PENDING)


@dataclass
class Gained:
    """A role that the package is to give: to how many, and how many of them have it already for another reason."""

    role: ResourceRole
    people: int
    had: int
    names: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        """How many get it in the target system."""
        return self.people - self.had


@dataclass
class Lost:
    """A role that the package is to give no more, and what becomes of those who have it by the package."""

    role: ResourceRole
    people: int = 0
    kept_by_others: int = 0
    kept_as_adopted: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def removed(self) -> int:
        """How many lose it in the target system."""
        return self.people - self.kept_by_others - self.kept_as_adopted


@dataclass
class Foreseen:
    """All that a change of the roles means; `people` is how many hold the package."""

    people: int
    gained: list[Gained]
    lost: list[Lost]


def foresee(package: AccessPackage, *, gained: Collection[ResourceRole], lost: Collection[ResourceRole]) -> Foreseen:
    """Count what it means to put these roles in, and to take those out. A fixed number of statements."""
    people = Assignment.objects.live().filter(package=package).count()
    return Foreseen(people, _gained(package, gained, people=people), _lost(package, lost))


def _gained(package: AccessPackage, roles: Collection[ResourceRole], *, people: int) -> list[Gained]:
    if not roles:
        return []
    holders = Assignment.objects.live().filter(package=package)
    here = Grant.objects.wanted().filter(resource_role__in=roles).exclude(status=GrantStatus.DRIFTED)
    theirs = here.filter(person__in=holders.order_by().values("person"))
    counted = theirs.order_by().values_list("resource_role").annotate(number=Count("pk"))
    had = dict(counted)
    named = User.objects.filter(pk__in=holders.order_by().values("person")).order_by("display_name", "pk")
    some = list(named[:LOOKED_THROUGH])
    have = set(here.filter(person__in=some).values_list("resource_role", "person"))
    return [
        Gained(role, people, had.get(role.pk, 0), _first(str(one) for one in some if (role.pk, one.pk) not in have))
        for role in roles
    ]


def _lost(package: AccessPackage, roles: Collection[ResourceRole]) -> list[Lost]:
    if not roles:
        return []
    found = {role.pk: Lost(role) for role in roles}
    holders = Assignment.objects.live().filter(package=package)
    living = GrantReason.objects.living().filter(
        reference__in=holders.order_by().values("pk"), grant__resource_role__in=roles
    )
    others = GrantReason.objects.living().filter(grant=OuterRef("grant")).exclude(pk=OuterRef("pk"))
    marked = living.annotate(has_other=Exists(others)).order_by()
    counted = marked.values("grant__resource_role").annotate(
        people=Count("pk"),
        adopted=Count("pk", filter=Q(grant__is_adopted=True)),
        other=Count("pk", filter=Q(grant__is_adopted=False, has_other=True)),
    )
    for row in counted:
        one = found[row["grant__resource_role"]]
        one.people, one.kept_as_adopted, one.kept_by_others = row["people"], row["adopted"], row["other"]
    for role_id, name in _removed_first(marked):
        found[role_id].names.append(name)
    return list(found.values())


def _removed_first(marked: QuerySet[Any]) -> Iterable[tuple[UUID, str]]:
    """Of each role the first few whose access really goes, by name."""
    going = marked.filter(grant__is_adopted=False, has_other=False, grant__status__in=GOING)
    place = Window(RowNumber(), partition_by=F("grant__resource_role"), order_by=["grant__person__display_name", "pk"])
    ids = going.annotate(place=place).filter(place__lte=NAMES).values_list("grant__resource_role", "grant__person")
    rows = list(ids)
    people = User.objects.in_bulk([person_id for _, person_id in rows])
    return [(role_id, str(people[person_id])) for role_id, person_id in rows]


def _first(names: Iterable[str]) -> list[str]:
    return [name for name, _ in zip(names, range(NAMES), strict=False)]
