"""Whose access a campaign looks at, as queries that the database freezes by itself; and what is kept of each.

An assignment belongs to it that was delivered when the campaign began, and that lives on beyond that moment. What
ends while the population is being frozen is left out, where its part was not written yet. A grant belongs to it that
the target has, though it may just be delivered once more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf, Replace
from django.utils.translation import gettext as _

from catalog.models import PackageRole, Resource
from directory.models import PersonKind
from provisioning.models import Grant, GrantReason
from requests_app.models import Assignment

from . import recommending
from .choices import ReviewScope
from .models import Campaign
from .terms import Terms

ASSIGNMENTS = "assignments"
GRANTS = "grants"
BY_PACKAGE = {
    ReviewScope.POLICY: "policy",
    ReviewScope.PACKAGE: "package",
    ReviewScope.CATALOG: "package__catalog",
    ReviewScope.PERSON: "person",
    ReviewScope.CONCERNED: "person",
}
"""Where an assignment names what the review looks at."""


@dataclass(frozen=True)
class Source:
    """Rows that become items."""

    name: str
    key: str
    """The item's field that names the row."""
    rows: "QuerySet[Any]"


def sources_of(campaign: Campaign) -> list[Source]:
    """What the campaign looks at, as it was when it began; in the order in which it is frozen."""
    terms, at = campaign.rules, campaign.created_at
    found = []
    if not terms.is_by_role:
        found.append(Source(ASSIGNMENTS, "assignment", _assignments(terms, at)))
    if terms.is_by_role or _looks_at_adopted(terms):
        found.append(Source(GRANTS, "grant", _grants(terms, at)))
    return found


def frozen_of(source: Source, campaign: Campaign) -> dict[str, Any]:
    """What is kept of each row: expressions by the names of the item's fields."""
    describe, facts = {
        ASSIGNMENTS: (_of_assignment, recommending.facts_of_assignments),
        GRANTS: (_of_grant, recommending.facts_of_grants),
    }[source.name]
    known = facts(campaign.rules, campaign.created_at, campaign=campaign)
    return {source.key: F("pk"), **_of_person(), **describe(), **known}


# --- Whose ------------------------------------------------------------------------------------------------------------


def _assignments(terms: Terms, at: datetime) -> "QuerySet[Any]":
    about = {BY_PACKAGE[ReviewScope(terms.scope)]: terms.about}
    rows = Assignment.objects.live().filter(Q(ends_at=None) | Q(ends_at__gt=at), delivered_at__lte=at, **about)
    if terms.is_for_privileged:
        rows = rows.filter(_gives_privilege())
    rows = rows.filter(_concerns(terms, at))
    if terms.inactive_days is None:
        return rows
    used = recommending.facts_of_assignments(terms, at)["last_used_at"]
    return _unused(rows, terms, at, since=Coalesce(used, "delivered_at"))


def _grants(terms: Terms, at: datetime) -> "QuerySet[Any]":
    rows = Grant.objects.held().filter(_on_what(terms))
    if not terms.is_by_role:
        rows = rows.filter(is_adopted=True).exclude(pk__in=GrantReason.objects.living().values("grant"))
    if terms.is_for_privileged:
        rows = rows.filter(resource_role__resource__is_privileged=True)
    rows = rows.filter(_concerns(terms, at))
    if terms.inactive_days is None:
        return rows
    used = recommending.facts_of_grants(terms, at)["last_used_at"]
    return _unused(rows, terms, at, since=Coalesce(used, _given_at()))


def _on_what(terms: Terms) -> Q:
    if terms.scope == ReviewScope.ROLE:
        return Q(resource_role=terms.about)
    if terms.scope == ReviewScope.RESOURCE:
        return Q(resource_role__resource=terms.about)
    if terms.scope == ReviewScope.CATALOG:
        return Q(resource_role__resource__in=Resource.objects.filter(catalogs=terms.about).order_by().values("pk"))
    return Q(person=terms.about)


def _looks_at_adopted(terms: Terms) -> bool:
    """Beside packages, what none of them gives: where that is asked for, and can be told to belong to it."""
    scopes = (ReviewScope.CATALOG, ReviewScope.PERSON, ReviewScope.CONCERNED)
    return terms.includes_adopted and terms.scope in scopes


def _concerns(terms: Terms, at: datetime) -> Q:
    """Of guests only; and, where it is about what is not used, nobody who is newer (reference, section 10.3)."""
    wanted = Q(person__kind=PersonKind.GUEST) if terms.is_for_guests else Q()
    if terms.inactive_days is None:
        return wanted
    since = at - timedelta(days=terms.inactive_days)
    return wanted & (Q(person__hired_on__lte=since.date()) | Q(person__hired_on=None, person__date_joined__lte=since))


def _unused(rows: "QuerySet[Any]", terms: Terms, at: datetime, *, since: Any) -> "QuerySet[Any]":
    """Not used for so many days; where no use is known, held for so long at least."""
    return rows.alias(idle_since=since).filter(idle_since__lte=at - timedelta(days=terms.inactive_days or 0))


# --- What is kept -----------------------------------------------------------------------------------------------------


def _of_person() -> dict[str, Any]:
    return {
        "person": F("person"),
        "person_name": _name_of("person"),
        "department": F("person__department"),
        "job_title": F("person__job_title"),
        "manager_name": Coalesce(_name_of("person__manager"), Value("")),
        "is_guest": Q(person__kind=PersonKind.GUEST),
    }


def _of_assignment() -> dict[str, Any]:
    return {
        "what": F("package__name"),
        "where": F("package__catalog__name"),
        "under": F("policy__name"),
        "is_privileged": _gives_privilege(),
        "held_since": F("delivered_at"),
        "held_until": F("ends_at"),
    }


def _of_grant() -> dict[str, Any]:
    role = Replace(Value(_("%(role)s of %(resource)s")), Value("%(role)s"), _text("resource_role__name"))
    return {
        "what": Replace(role, Value("%(resource)s"), _text("resource_role__resource__name")),
        "where": F("resource_role__resource__system__name"),
        "is_privileged": F("resource_role__resource__is_privileged"),
        "is_adopted": F("is_adopted"),
        "held_since": _given_at(),
    }


def _name_of(path: str) -> Coalesce:
    """As people are called: `User.__str__`, of rows that no form has been over."""
    return Coalesce(NullIf(f"{path}__display_name", Value("")), f"{path}__username")


def _text(path: str) -> Any:
    """A column, where the types of Django's functions know of constants alone."""
    return F(path)


def _gives_privilege() -> Q:
    giving = PackageRole.objects.filter(resource_role__resource__is_privileged=True)
    return Q(package__in=giving.order_by().values("package"))


def _given_at() -> Coalesce:
    """Since when the first of the reasons that live asks for it; of what was there before, since it is known."""
    reasons = GrantReason.objects.living().filter(grant=OuterRef("pk")).order_by().values("grant")
    return Coalesce(Subquery(reasons.annotate(first=Min("starts_at")).values("first")), "changed_at")
