"""When what somebody has was last used, as expressions over what systems told (`provisioning.models.LastUse`).

*Used* means in the system in which the access is: what is told of the resource itself counts before what is told of
its system (reference, section 10.6: the sign-in to the application, or else to the tenant). Signing in to AccessGov is
use of nothing else, and counts neither for nor against anything.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, DateTimeField, Expression, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.db.models.lookups import GreaterThanOrEqual

from catalog.models import PackageRole
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
"""Sets of places that are asked for one by one; where there are more, each row looks for its own."""
Place = tuple[Q, Q]
"""Of which rows, and what is said in `LastUse` of where their access is."""
Places = Callable[[str], "list[Place]"]
"""Where access is, by a field of a resource role."""


def of_assignments(terms: Terms) -> Places:
    """Of assignments: where the roles of their packages are.

    Most packages are in the same few systems: those that are in the same ones share one question, which reads one row
    of an index for each assignment.
    """
    about = BY_PACKAGE.get(ReviewScope(terms.scope))

    @cache
    def places(field: str) -> list[Place]:
        roles = PackageRole.objects.order_by()
        its_own = _of_its_own(field)
        if about is None:
            return [(Q(), its_own)]
        found = roles.filter(**{about: terms.about}).values_list("package", f"resource_role__{field}").distinct()
        shared = _packages_by_places(found)
        found_together = [(Q(package__in=those), Q(used__in=ids)) for ids, those in shared.items()]
        return found_together or [(Q(), its_own)]

    return places


def _of_its_own(field: str) -> Q:
    """The places of each row's own package: one row of an index for each of them."""
    roles = PackageRole.objects.filter(package=OuterRef(OuterRef("package"))).order_by()
    return Q(used__in=roles.values(f"resource_role__{field}"))


def of_grants(field: str) -> list[Place]:
    """Of grants: where their role is."""
    return [(Q(), Q(used=OuterRef(f"resource_role__{field}")))]


def _packages_by_places(found: Iterable[tuple[UUID, UUID]]) -> dict[frozenset[UUID], list[UUID]]:
    """Packages that are in the same places; nothing where these are too many sets."""
    places: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for package, place in found:
        places[package].add(place)
    shared: defaultdict[frozenset[UUID], list[UUID]] = defaultdict(list)
    for package, ids in places.items():
        shared[frozenset(ids)].append(package)
    return dict(shared) if len(shared) <= MOST else {}


@dataclass(frozen=True)
class Use:
    """The use of what `places` lead to; `cutoff` is from when on it counts as recent."""

    places: Places
    cutoff: datetime

    @cached_property
    def readings(self) -> list[UseReading]:
        """The systems that ever told anything."""
        return list(UseReading.objects.filter(seen_at__isnull=False))

    def last_used_at(self) -> Expression:
        """The newest use, NULL where it was never used or nothing is known."""
        newest = self._newest(lambda newest: newest)
        return NullIf(newest, _instant(NEVER)) if newest else Value(None, output_field=DateTimeField())

    def verdict(self, *, may_deny: bool) -> Expression | None:
        """What its use says: it stays where it is recent, and goes where it is not, if it `may`; NULL where nothing.

        A system that was not asked since the cutoff cannot say that something is unused.
        """
        asked = [reading.system_id for reading in self.readings if reading.seen_at and reading.seen_at >= self.cutoff]
        denied = Value(Recommendation.DENY if may_deny else None, output_field=CharField())

        def judged(newest: Expression) -> Expression:
            recent = When(GreaterThanOrEqual(newest, _instant(self.cutoff)), then=Value(Recommendation.APPROVE))
            return Case(recent, default=denied, output_field=CharField())

        return self._newest(judged, asked) if asked else None

    def _newest(self, judged: Callable[[Any], Expression], systems: "list[UUID] | None" = None) -> Expression | None:
        """What is made of the newest use: of the resources where something is known of them, else of their systems."""
        if not self.readings:
            return None
        own = ["resource"] if any(reading.is_by_resource for reading in self.readings) else []
        found = [self._read(self.places(field), judged, systems) for field in (*own, "resource__system")]
        return Coalesce(*found) if len(found) > 1 else found[0]

    @staticmethod
    def _read(places: "list[Place]", judged: Callable[[Any], Expression], systems: "list[UUID] | None") -> "Expression":
        known = LastUse.objects.filter(person=OuterRef("person")).order_by()
        known = known.filter(system__in=systems) if systems is not None else known
        newest = Max(Coalesce("last_used_at", _instant(NEVER)))
        said: list[tuple[Q, Any]] = [
            (of, Subquery(known.filter(there).values("person").annotate(said=judged(newest)).values("said")))
            for of, there in places
        ]
        if not said[0][0]:
            return said[0][1]
        return Case(*(When(of, then=found) for of, found in said))


def _instant(moment: datetime) -> Value:
    return Value(moment, output_field=DateTimeField())
