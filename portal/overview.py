"""What the home page tells a person: what waits for them, what ends soon, what is under way, what they might want."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Prefetch, QuerySet, Value, When
from django.db.models.expressions import OrderBy

from catalog.models import AccessPackage
from directory.models import User
from provisioning.models import DriftCase, HandTask
from provisioning.permissions import answers_drift, does_tasks
from requests_app.lifecycle import ADDING, UPDATING, ApprovalStatus
from requests_app.models import AccessRequest, Approval, Assignment, EmergencyReview, Inquiry, SeparationException
from reviews.models import Campaign
from reviews.permissions import open_reviews

MOST = 5
"""A list on the home page is no longer than this; its own page has the rest."""
SOON = timedelta(days=14)
MOST_SUGGESTIONS = 3
MOST_CONSIDERED = 100
"""Only so many of the packages that a team has are looked at for suggestions."""


def approvals_for(person: User) -> "QuerySet[Approval]":
    """What this person is asked to decide, the most urgent first."""
    waiting = Approval.objects.waiting_for(person)
    return waiting.select_related("access_request__person", "access_request__package")[:MOST]


def inquiries_for(person: User) -> "QuerySet[Inquiry]":
    """What approvers want to know of this person, the most urgent first."""
    waiting = Inquiry.objects.waiting_for(person)
    return waiting.select_related("asked_by", "approval__access_request__package")[:MOST]


def emergencies_for(person: User) -> "QuerySet[EmergencyReview]":
    """Emergency access that this person is to review, the most urgent first."""
    return EmergencyReview.objects.waiting_for(person).with_names()[:MOST]


def exceptions_for(person: User) -> "QuerySet[SeparationException]":
    """Exceptions to separation of duties on which this person is to decide, the most urgent first."""
    return SeparationException.objects.waiting_for(person).with_names()[:MOST]


def drift_for(person: User) -> "QuerySet[DriftCase]":
    """What differs in target systems and waits for this person's answer, the latest first; no statement for others."""
    if not answers_drift(person):
        return DriftCase.objects.none()
    return DriftCase.objects.answerable_by(person).open().with_names()[:MOST]


def tasks_for(person: User) -> "QuerySet[HandTask]":
    """What this person's teams are to do by hand, the most urgent first; no statement for others."""
    if not does_tasks(person):
        return HandTask.objects.none()
    return HandTask.objects.waiting_for(person).with_names().order_by("due_at", "pk")[:MOST]


def reviews_for(person: User) -> "QuerySet[Campaign]":
    """Reviews in which items are open for this person, the nearest end first; no statement for others."""
    if not open_reviews(person):
        return Campaign.objects.none()
    return Campaign.objects.open_for(person, is_waiting=True)[:MOST]


def ending_soon(person: User, *, now: datetime) -> "QuerySet[Assignment]":
    """What this person has and will lose within two weeks, the nearest end first."""
    ending = Assignment.objects.live().filter(person=person, ends_at__lte=now + SOON)
    return ending.select_related("package__catalog").order_by("ends_at", "pk")[:MOST]


def requests_under_way(person: User) -> "QuerySet[AccessRequest]":
    """Open requests for this person, the newest first, each with `deciding`: the stage that is open now."""
    stages = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).with_assignees()
    mine = AccessRequest.objects.open().filter(person=person, kind__in=(*ADDING, *UPDATING))
    return mine.select_related("package__catalog").prefetch_related(
        Prefetch("approvals", queryset=stages, to_attr="deciding")
    )[:MOST]


def suggestions_for(person: User) -> list[tuple[AccessPackage, int]]:
    """A few packages that this person may ask for and neither has nor asked for; with how many colleagues have each.

    What colleagues under the same manager have comes first, the rest in alphabetical order.
    """
    among_colleagues = _held_by_colleagues(person)
    has = Assignment.objects.live().filter(person=person, package=OuterRef("pk"))
    asked = AccessRequest.objects.open().adding().filter(person=person, package=OuterRef("pk"))
    packages = (
        AccessPackage.objects.requestable_by(person)
        .filter(~Exists(has), ~Exists(asked), is_hidden=False)
        .with_contents()
        .order_by(*_most_held_first(among_colleagues), "name", "pk")[:MOST_SUGGESTIONS]
    )
    return [(package, among_colleagues.get(package.pk, 0)) for package in packages]


def _held_by_colleagues(person: User) -> dict[UUID, int]:
    """The packages that most of the manager's reports have, with their number; found from few people's rows."""
    if person.manager_id is None:
        return {}
    colleagues = User.objects.enabled().filter(manager=person.manager_id).values("pk")
    held: Any = Assignment.objects.live().filter(person__in=colleagues).order_by().values_list("package")
    return dict(held.annotate(number=Count("pk")).order_by("-number", "package")[:MOST_CONSIDERED])


def _most_held_first(numbers: dict[UUID, int]) -> list[OrderBy]:
    """How to order packages by these numbers; nothing where there are none, for PostgreSQL orders by no constant."""
    whens = [When(pk=package_id, then=Value(number)) for package_id, number in numbers.items()]
    return [Case(*whens, default=Value(0), output_field=IntegerField()).desc()] if whens else []
