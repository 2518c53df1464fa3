"""What somebody has beside the access in question: what is incompatible with it, and what gives the same."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, Expression, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Left

from catalog.models import Incompatibility, PackageRole
from directory.models import Membership
from provisioning.models import GrantReason
from requests_app.models import Assignment, SeparationException

LONGEST_NAME = 120
NOTHING = Value("", output_field=CharField())


# --- Of an assignment -------------------------------------------------------------------------------------------------


def conflicts_with() -> Expression:
    """The name of the first package or group that the person has, and that the package cannot be held beside."""
    if not Incompatibility.objects.exists():
        return NOTHING
    is_own = Q(package=OuterRef("package"))
    name = Case(
        When(is_own, then=Coalesce("other_package__name", "group__name")),
        default="package__name",
        output_field=CharField(),
    )
    rules = _violated(is_own & (_has("other_package") | _belongs()) | _is_other() & _has("package"))
    first = rules.annotate(name=Left(name, LONGEST_NAME)).order_by("name", "pk").values("name")[:1]
    return Case(When(_is_ruled(), then=Coalesce(Subquery(first), NOTHING)), default=NOTHING)


def is_to_give_way() -> Q | None:
    """Whether of two things that cannot be held together this is the one to go; None where nothing is ruled out.

    It is the package that the rule keeps people from; of two that rule each other out, the one that came later.
    """
    if not Incompatibility.objects.exists():
        return None
    keeps_from = Q(package=OuterRef("package")) & (
        Q(is_mutual=False) & (_has("other_package") | _belongs()) | Q(is_mutual=True) & _had_before("other_package")
    )
    rules = _violated(keeps_from | _is_other() & Q(is_mutual=True) & _had_before("package"))
    return _is_ruled() & Q(Exists(rules))


def covered_by() -> Expression:
    """The name of the first other package that the person has and that gives all the same roles."""
    covered = _covered_packages()
    if not covered:
        return NOTHING
    theirs = PackageRole.objects.filter(package=OuterRef(OuterRef("package")), resource_role=OuterRef("resource_role"))
    missing = PackageRole.objects.filter(~Exists(theirs), package=OuterRef(OuterRef("package")))
    others = Assignment.objects.live().filter(person=OuterRef("person")).exclude(package=OuterRef("package"))
    first = others.filter(~Exists(missing)).order_by("package__name", "pk").values("package__name")[:1]
    return Case(When(package__in=covered, then=Coalesce(Subquery(first), NOTHING)), default=NOTHING)


# --- Of a grant -------------------------------------------------------------------------------------------------------


def also_given_by() -> Expression:
    """The name of a package that gives what the person had before."""
    reasons = GrantReason.objects.living().filter(grant=OuterRef(OuterRef("pk"))).order_by().values("reference")
    first = Assignment.objects.filter(pk__in=reasons).order_by("package__name", "pk").values("package__name")[:1]
    return Case(When(is_adopted=True, then=Coalesce(Subquery(first), NOTHING)), default=NOTHING)


# --- How --------------------------------------------------------------------------------------------------------------


def _violated(how: Q) -> "QuerySet[Any]":
    exceptions = SeparationException.objects.filter(person=OuterRef(OuterRef("person"))).of_the_pair().in_force()
    return Incompatibility.objects.filter(how).filter(~Exists(exceptions)).order_by()


def _is_other() -> Q:
    return Q(other_package=OuterRef("package"))


def _is_ruled() -> Q:
    """The package is in a rule at all: of most nothing more is asked."""
    others = Incompatibility.objects.filter(other_package__isnull=False).order_by().values("other_package")
    return Q(package__in=Incompatibility.objects.order_by().values("package")) | Q(package__in=others)


def _held(side: str) -> "QuerySet[Any]":
    held = Assignment.objects.live().filter(person=OuterRef(OuterRef("person")), package=OuterRef(side))
    return held.order_by()


def _has(side: str) -> Q:
    return Q(Exists(_held(side)))


def _had_before(side: str) -> Q:
    since = OuterRef(OuterRef("starts_at"))
    earlier = Q(starts_at__lt=since) | Q(starts_at=since, pk__lt=OuterRef(OuterRef("pk")))
    return Q(Exists(_held(side).filter(earlier)))


def _belongs() -> Q:
    members = Membership.objects.filter(
        person=OuterRef(OuterRef("person")), group__ancestor_links__ancestor=OuterRef("group")
    )
    return Q(Exists(members))


def _covered_packages() -> set[UUID]:
    """Packages all of whose roles another one has as well."""
    roles: defaultdict[UUID, set[UUID]] = defaultdict(set)
    packages: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for package, role in PackageRole.objects.order_by().values_list("package", "resource_role"):
        roles[package].add(role)
        packages[role].add(package)
    return {package for package, own in roles.items() if len(set.intersection(*(packages[role] for role in own))) > 1}
