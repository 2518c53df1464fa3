"""What a manager finds about those who report to them: what they have, what they asked for, what could be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from catalog.models import AccessPackage
from catalog.querysets import PackageQuerySet
from directory.models import User
from requests_app.lifecycle import LIVE
from requests_app.models import AccessRequest, Assignment

PAGE_SIZE = 12
MOST_HELD = 200
"""Of one report, no more than these are shown; what ends first is among them."""


@dataclass(frozen=True)
class Held:
    """One thing that a report has, and whether their manager may take it away."""

    assignment: Assignment
    can_take_away: bool


@dataclass
class Report:
    """One report with what they have and what is asked for."""

    person: User
    held: list[Held] = field(default_factory=list)
    access_requests: list[AccessRequest] = field(default_factory=list)


def reports_of(people: Sequence[User]) -> list[Report]:
    """What these people have and what is asked for, for their manager: by two statements, in the order given."""
    reports = {person.pk: Report(person) for person in people}
    for assignment in _held_by(list(reports)):
        entries = reports[assignment.person_id].held
        if len(entries) < MOST_HELD:
            entries.append(Held(assignment, can_take_away=_can_take_away(assignment)))
    for access_request in _asked_for(list(reports)):
        reports[access_request.person_id].access_requests.append(access_request)
    return list(reports.values())


def packages_to_ask_for(person: User) -> PackageQuerySet:
    """What their manager may ask for in this person's place, and they neither have nor have asked for."""
    has = Assignment.objects.live().filter(person=person, package=OuterRef("pk"))
    asked = AccessRequest.objects.open().adding().filter(person=person, package=OuterRef("pk"))
    found = AccessPackage.objects.requestable_for(person).filter(~Exists(has), ~Exists(asked), is_hidden=False)
    return found.with_contents()


def _held_by(person_ids: Sequence[UUID]) -> Any:
    held = Assignment.objects.filter(person__in=person_ids).not_gone()
    return held.select_related("package__catalog", "policy")


def _asked_for(person_ids: Sequence[UUID]) -> Any:
    asked = AccessRequest.objects.open().adding().filter(person__in=person_ids, assignment=None)
    return asked.with_deciders().order_by("-submitted_at", "-pk")


def _can_take_away(assignment: Assignment) -> bool:
    return assignment.status in LIVE and assignment.policy.is_on_behalf_allowed
