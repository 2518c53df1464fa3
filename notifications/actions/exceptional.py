"""What is said about exceptions and emergencies when their time comes: by sweeps, and once."""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, F, Model, OuterRef, QuerySet

from directory.models import User
from requests_app.models import EmergencyReview, SeparationException

from ..models import Message, Occasion
from .queueing import Notice, queue

Row = TypeVar("Row", bound=Model)
EXCEPTION_NOTICE = timedelta(days=14)
REVIEW_NOTICE = timedelta(days=2)
BATCH = 500


def queue_exception_reminders(*, now: datetime) -> int:
    """Tell those whom an exception concerns that it ends within two weeks, where it was given for longer than that."""
    ending = SeparationException.objects.in_force().filter(ends_at__gt=now, ends_at__lte=now + EXCEPTION_NOTICE)
    long_enough = ending.filter(ends_at__gt=F("decided_at") + EXCEPTION_NOTICE)
    untold = _untold(long_enough.with_names(), Occasion.EXCEPTION_ENDS)[:BATCH]
    notices = [
        Notice(person, Occasion.EXCEPTION_ENDS, reference=one.pk, correlation_id=one.pk)
        for one in untold
        for person in concerned_by(one)
    ]
    queue(notices, now=now)
    return len(notices)


def queue_review_reminders(*, now: datetime) -> int:
    """Remind of emergencies that are to be reviewed within two days, and of those that should have been."""
    reviews = EmergencyReview.objects.open().prefetch_related("reviewers").select_related("access_request")
    due = _untold(reviews.filter(due_at__gt=now, due_at__lte=now + REVIEW_NOTICE), Occasion.EMERGENCY_DUE)[:BATCH]
    late = list(_untold(reviews.overdue(now), Occasion.EMERGENCY_OVERDUE)[:BATCH])
    administrators = set(User.objects.administrators().values_list("pk", flat=True)) if late else set()
    notices = [_about(one, Occasion.EMERGENCY_DUE, person) for one in due for person in _reviewers(one)] + [
        _about(one, Occasion.EMERGENCY_OVERDUE, person)
        for one in late
        for person in (_reviewers(one) | administrators) - {one.access_request.person_id}
    ]
    queue(notices, now=now)
    return len(notices)


def concerned_by(exception: SeparationException) -> list[UUID]:
    """Whom the end of an exception concerns: the owners of both packages, whoever allowed it, and the person."""
    owners = [package.owner_id for package in (exception.package, exception.other_package) if package]
    people = dict.fromkeys([*owners, exception.decided_by_id, exception.person_id])
    return [person for person in people if person is not None]


def _untold(rows: "QuerySet[Row]", occasion: Occasion) -> "QuerySet[Row]":
    told = Message.objects.filter(occasion=occasion, reference=OuterRef("pk"))
    return rows.filter(~Exists(told)).order_by("pk")


def _reviewers(review: EmergencyReview) -> set[UUID]:
    return {person.pk for person in review.reviewers.all() if person.is_active}


def _about(review: EmergencyReview, occasion: Occasion, person: UUID) -> Notice:
    return Notice(person, occasion, reference=review.pk, correlation_id=review.access_request_id)
