"""Counts how many people like each other have the same, once for each campaign; forgets it when it is frozen."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from catalog.models import AccessPackage, Policy, ResourceRole
from directory.models import User
from provisioning.lifecycle import PRESENT
from provisioning.models import Grant
from requests_app.models import Assignment

from ..choices import ReviewScope
from ..inserting import insert_select
from ..models import EVERYBODY, Campaign, PeerCount
from ..peers import JOB, MANAGER, Likeness
from ..recommending import are_wanted
from ..terms import Terms

PERSONAL = (ReviewScope.PERSON, ReviewScope.CONCERNED)


@transaction.atomic
def count_peers(*, campaign: Campaign) -> None:
    """Count, by a few statements over everything that the campaign looks at; a second time nothing is done."""
    terms = campaign.rules
    if not are_wanted(terms) or campaign.peer_counts.exists():
        return
    for likeness in (MANAGER, JOB):
        _count(campaign, likeness, terms)


def forget_peers(*, campaign: Campaign) -> None:
    """The population is frozen, and has the counts in it; or it never will be."""
    campaign.peer_counts.all().delete()


def _count(campaign: Campaign, likeness: Likeness, terms: Terms) -> None:
    asked = _asked_for(likeness)
    people = User.objects.enabled().filter(likeness.concerns(""), _concerned(terms, likeness, ""))
    _keep(campaign, people.annotate(alike=likeness.key(F)).filter(asked), what=None)
    there = Q(person__is_active=True) & likeness.concerns("person__") & _concerned(terms, likeness, "person__")
    alike = likeness.key(lambda name: F(f"person__{name}"))
    if not terms.is_by_role:
        held = Assignment.objects.live().filter(there, package__in=_packages(terms))
        _keep(campaign, held.annotate(alike=alike).filter(asked), what="package")
    if terms.is_by_role or terms.includes_adopted:
        had = Grant.objects.filter(there, status__in=PRESENT, resource_role__in=_roles(terms))
        _keep(campaign, had.annotate(alike=alike).filter(asked), what="resource_role")


def _keep(campaign: Campaign, rows: "QuerySet[Any]", *, what: str | None) -> None:
    by: Sequence[str] = ["alike", *([what] if what else [])]
    counted = rows.order_by().values(*by).annotate(people=Count("pk")).filter(people__gt=1)
    insert_select(
        PeerCount,
        counted,
        campaign=campaign.pk,
        what=F(what) if what else EVERYBODY,
        alike=F("alike"),
        people=F("people"),
    )


def _asked_for(likeness: Likeness) -> Q:
    """Jobs are compared only where somebody who does them has no manager to be compared by."""
    if likeness is MANAGER:
        return Q()
    alone = User.objects.filter(JOB.concerns(""), manager=None).annotate(alike=JOB.key(F))
    return Q(alike__in=alone.order_by().values("alike"))


def _concerned(terms: Terms, likeness: Likeness, way: str) -> Q:
    """Of a review of one person only those like them are counted."""
    if terms.scope not in PERSONAL:
        return Q()
    person = User.objects.get(pk=terms.about)
    shared = {"manager": person.manager_id} if likeness is MANAGER else _job_of(person)
    return Q(**{f"{way}{name}": value for name, value in shared.items()})


def _job_of(person: User) -> dict[str, str]:
    return {"department": person.department, "job_title": person.job_title}


def _packages(terms: Terms) -> "QuerySet[Any] | list[UUID]":
    match terms.scope:
        case ReviewScope.PACKAGE:
            return [terms.about]
        case ReviewScope.POLICY:
            return Policy.objects.filter(pk=terms.about).values("package")
        case ReviewScope.CATALOG:
            return AccessPackage.objects.filter(catalog=terms.about).order_by().values("pk")
        case _:
            return Assignment.objects.live().filter(person=terms.about).order_by().values("package")


def _roles(terms: Terms) -> "QuerySet[Any] | list[UUID]":
    match terms.scope:
        case ReviewScope.ROLE:
            return [terms.about]
        case ReviewScope.RESOURCE:
            return ResourceRole.objects.filter(resource=terms.about).order_by().values("pk")
        case ReviewScope.CATALOG:
            return ResourceRole.objects.filter(resource__catalogs=terms.about).order_by().values("pk")
        case _:
            return Grant.objects.filter(person=terms.about, status__in=PRESENT).order_by().values("resource_role")
