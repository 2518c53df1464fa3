"""When what somebody has was last used, as expressions over what systems told (`provisioning.models.LastUse`).

*Used* means in the system in which the access is. Of each place what is told of the resource itself counts before what
is told of its system (reference, section 10.6: the sign-in to the application, or else to the tenant); of a package the
newest of what is told of its places. Signing in to AccessGov is use of nothing else, and counts neither for nor against
anything.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    Expression,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf
from django.db.models.lookups import GreaterThanOrEqual

from catalog.models import PackageRole, ResourceRole
from provisioning.models import LastUse, UseReading

from .choices import Recommendation, ReviewScope
from .terms import Terms

BY_PACKAGE = {
    ReviewScope.POLICY: "package__policies",
    ReviewScope.PACKAGE: "package",
    ReviewScope.CATALOG: "package__catalog",
}
"""Which packages a review looks at; one of a person looks at theirs, which are few."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for what was never used, where nothing known is NULL."""
MOST = 20
"""Sets of systems that are asked for one by one; where there are more, each row looks for its own."""
Roles = Callable[[Callable[[str], Any]], "QuerySet[ResourceRole]"]
"""The roles of one row, where a field of the row is found by what is given."""


@dataclass(frozen=True)
class Places:
    """Where the access of some rows is: in the resources of their roles, and the systems of these."""

    roles: Roles
    in_systems: Q
    """What `LastUse` tells of these systems."""
    rows: Q = field(default_factory=Q)
    """Of which rows; of all where it is empty."""
    systems: frozenset[UUID] | None = None
    """These systems; None where each row has its own."""

    def are_all_in(self, systems: Iterable[UUID]) -> Q:
        """Of which rows all places are in these systems."""
        return Q(~Exists(self.roles(OuterRef).exclude(resource__system__in=systems)))


def of_assignments(terms: Terms) -> list[Places]:
    """Of assignments: where the roles of their packages are.

    Most packages are in the same few systems: those that are in the same ones share one question, which reads one row
    of an index for each assignment.
    """
    about = BY_PACKAGE.get(ReviewScope(terms.scope))
    shared: dict[frozenset[UUID], list[UUID]] = {}
    if about is not None:
        roles = PackageRole.objects.filter(**{about: terms.about}).order_by()
        shared = _packages_by_systems(roles.values_list("package", "resource_role__resource__system").distinct())
    found = [Places(_of_package, Q(used__in=ids), Q(package__in=those), ids) for ids, those in shared.items()]
    return found or [Places(_of_package, Q(used__in=_of_package(_two_levels_out).values("resource__system")))]


def of_grants() -> list[Places]:
    """Of grants: where their role is."""
    return [Places(_of_grant, Q(used=OuterRef("resource_role__resource__system")))]


def _of_package(row: Callable[[str], Any]) -> "QuerySet[ResourceRole]":
    return ResourceRole.objects.filter(package_roles__package=row("package")).order_by()


def _of_grant(row: Callable[[str], Any]) -> "QuerySet[ResourceRole]":
    return ResourceRole.objects.filter(pk=row("resource_role")).order_by()


def _two_levels_out(name: str) -> OuterRef:
    return OuterRef(OuterRef(name))


def _packages_by_systems(found: Iterable[tuple[UUID, UUID]]) -> dict[frozenset[UUID], list[UUID]]:
    """Packages that are in the same systems; nothing where these are too many sets."""
    systems: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for package, system in found:
        systems[package].add(system)
    shared: defaultdict[frozenset[UUID], list[UUID]] = defaultdict(list)
    for package, ids in systems.items():
        shared[frozenset(ids)].append(package)
    return dict(shared) if len(shared) <= MOST else {}


@dataclass(frozen=True)
class Use:
    """The use of what `places_of` leads to; `cutoff` is from when on it counts as recent."""

    places_of: Callable[[], list[Places]]
    cutoff: datetime

    @cached_property
    def readings(self) -> list[UseReading]:
        """The systems that ever told anything."""
        return list(UseReading.objects.filter(seen_at__isnull=False))

    @cached_property
    def places(self) -> list[Places]:
        """Where the access is; not looked for where no system ever told anything."""
        return self.places_of() if self.readings else []

    def last_used_at(self) -> Expression:
        """The newest use, NULL where it was never used or nothing is known."""
        if not self.places:
            return Value(None, output_field=DateTimeField())
        newest = _by_rows([(one.rows, self._told(one, lambda newest: newest)) for one in self.places])
        return NullIf(newest, _instant(NEVER))

    def verdict(self, *, may_deny: bool) -> Expression | None:
        """What its use says: it stays where it is recent, and goes where it is not, if it `may`; NULL where nothing.

        A system that was not asked since the cutoff cannot say that something is unused, nor can the others for it.
        """
        asked = {reading.system_id for reading in self.readings if reading.seen_at and reading.seen_at >= self.cutoff}
        if not asked:
            return None
        return _by_rows([(one.rows, self._judged(one, asked if may_deny else set())) for one in self.places])

    def _judged(self, places: Places, asked: set[UUID]) -> Any:
        """What use of these places says, which is against it only where all of them are in systems that were asked."""
        kept, denied = (self._told(places, self._judge(unless)) for unless in (None, Recommendation.DENY))
        if places.systems is not None:
            return denied if places.systems <= asked else kept
        return Case(When(places.are_all_in(asked), then=denied), default=kept) if asked else kept

    def _judge(self, unless: str | None) -> Callable[[Any], Expression]:
        """That recent use is to stay; `unless` it is recent, this."""

        def judged(newest: Expression) -> Expression:
            recent = When(GreaterThanOrEqual(newest, _instant(self.cutoff)), then=Value(Recommendation.APPROVE))
            return Case(recent, default=Value(unless, output_field=CharField()), output_field=CharField())

        return judged

    def _told(self, places: Places, judged: Callable[[Any], Expression]) -> Any:
        """What is made of the newest use of the places of a row; NULL where nothing is known of any."""
        known = LastUse.objects.filter(self._is_of(places), person=OuterRef("person")).order_by()
        newest = Max(Coalesce("last_used_at", _instant(NEVER)))
        return Subquery(known.values("person").annotate(said=judged(newest)).values("said"))

    def _is_of(self, places: Places) -> Q:
        """What tells of these places: resources, and the systems of those of which nothing is told themselves."""
        by_resource = {reading.system_id for reading in self.readings if reading.is_by_resource}
        if not by_resource or (places.systems is not None and places.systems.isdisjoint(by_resource)):
            return places.in_systems
        roles = places.roles(_two_levels_out)
        own = LastUse.objects.filter(person=OuterRef(OuterRef("person")), used=OuterRef("resource")).order_by()
        silent = roles.filter(~Exists(own), resource__system=OuterRef("used"))
        return Q(used__in=roles.values("resource")) | Q(Exists(silent))


def _by_rows(found: list[tuple[Q, Any]]) -> Any:
    """Of each row what is found for rows like it."""
    if not found[0][0]:
        return found[0][1]
    return Case(*(When(rows, then=said) for rows, said in found))


def _instant(moment: datetime) -> Value:
    return Value(moment, output_field=DateTimeField())
