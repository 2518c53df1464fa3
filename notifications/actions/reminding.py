"""What no single event sets off: reminders, and what others learn afterwards; all of it by sweeps, by sets, once."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Cast

from requests_app.models import ApprovalAssignee

from ..models import NOTICES, Occasion
from ..querysets import (
    asked_in_vain,
    bystanders_of_requests,
    bystanders_of_stages,
    ending_untold,
    undecided_untold,
)
from .queueing import Notice, queue_for_all

NEWS = timedelta(days=2)
"""What was decided longer ago is told to nobody else any more: after a long downtime, the pages say it."""


def queue_reminders(*, now: datetime) -> int:
    """Remind everybody whose access ends within two weeks, and again within a day; returns how many.

    After a week of downtime whoever is left with less than a day gets the shorter notice only. Access that was given
    for no longer than the notice gets none.
    """
    total, after = 0, now
    for occasion, notice in NOTICES.items():
        ending = ending_untold(occasion, after=after, until=now + notice, notice=notice)
        total += queue_for_all(ending, partial(_reminder, occasion), now=now)
        after = now + notice
    return total


def queue_decision_reminders(*, now: datetime) -> int:
    """Remind those who still have to decide: at half of the stage's time, and one day before it ends (behaviour 1).

    Returns how many. After a downtime the later reminder is enough.
    """
    day_before = F("approval__due_at") - timedelta(days=1)
    half_of_its_time = ExpressionWrapper(F("approval__time_limit") / 2, output_field=DurationField())
    halfway = F("approval__due_at") - Cast(half_of_its_time, DurationField())  # SQLite's half is no whole number
    tomorrow, half = Occasion.DECIDE_TOMORROW, Occasion.DECIDE_HALFTIME
    urged = 0
    for column in ("person", "delegate"):
        untold = partial(undecided_untold, now=now, column=column)
        late = untold(tomorrow, point=day_before)
        urged += queue_for_all(late, partial(_about_stage, tomorrow, column=column), now=now)
        halves = untold(half, point=halfway, unless_told=[tomorrow])
        urged += queue_for_all(halves, partial(_about_stage, half, column=column), now=now)
    return urged


def queue_outcomes(*, now: datetime) -> int:
    """Tell those who were asked to decide what became of it, where others decided or nobody did; returns how many."""
    since = now - NEWS
    finished = bystanders_of_requests(Occasion.APPROVED_BY_OTHERS, since=since)
    stages = bystanders_of_stages(Occasion.STAGE_APPROVED, since=since)
    expired = asked_in_vain(Occasion.STAGE_EXPIRED, since=since)
    return (
        queue_for_all(finished, _about_request, now=now)
        + queue_for_all(stages, partial(_about_stage, Occasion.STAGE_APPROVED), now=now)
        + queue_for_all(expired, partial(_about_stage, Occasion.STAGE_EXPIRED), now=now)
    )


def _about_stage(occasion: Occasion, one: ApprovalAssignee, *, column: str = "person") -> Notice:
    return Notice(
        recipient_id=getattr(one, f"{column}_id"),
        occasion=occasion,
        reference=one.approval_id,
        correlation_id=one.approval.access_request_id,
    )


def _about_request(one: ApprovalAssignee) -> Notice:
    return Notice(
        recipient_id=one.person_id,
        occasion=Occasion.APPROVED_BY_OTHERS,
        reference=one.approval.access_request_id,
        correlation_id=one.approval.access_request_id,
    )


def _reminder(occasion: Occasion, assignment: Any) -> Notice:
    return Notice(
        recipient_id=assignment.person_id,
        occasion=occasion,
        reference=assignment.pk,
        correlation_id=assignment.story,
        once_per=f"{assignment.pk}:{assignment.ends_at.timestamp():.0f}",
    )
