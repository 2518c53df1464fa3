"""Starts campaigns: by the calendar, each occurrence once, and by hand.

One that comes while the campaign before it still runs waits for its end, and where nobody at all could answer it waits
for somebody who can. Of occurrences that were missed, or that waited until the one after them was due too, only the
latest is made up for; the others are journalled with the reason.
The review is locked throughout, so that two schedulers start one.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, time
from itertools import count, takewhile
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from audit import journal
from directory.models import User

from .. import events, recurrence
from ..choices import Trigger
from ..lifecycle import IllegalMove
from ..models import Campaign, CampaignStage, Review, ReviewStage, WorkKind
from ..permissions import can_define
from ..reach import NOBODY, is_reviewable
from ..terms import Terms
from . import carrying

logger = logging.getLogger(__name__)

AT_A_TIME = 100
"""Reviews that one sweep starts; the rest waits for the next one."""


class StillRunning(IllegalMove):
    """The campaign before it is still being started or answered."""


class NobodyReviews(IllegalMove):
    """There is nobody at all who could answer: silence would decide on everybody's access."""


def start_due(now: datetime) -> int:
    """Start every campaign whose time has come, each in a transaction of its own; returns how many were started."""
    started = 0
    for review_id in list(Review.objects.due(now).values_list("pk", flat=True)[:AT_A_TIME]):
        try:
            started += _start_occurrence(review_id, now=now)
        except Exception:
            logger.exception("The review %s could not be started", review_id)
    return started


@transaction.atomic
def start_review(*, review: Review, actor: User, now: datetime) -> Campaign:
    """Start a campaign by hand, beside the calendar. Raises PermissionDenied, StillRunning and NobodyReviews."""
    review = _locked(review.pk)
    if not can_define(actor, review):
        raise PermissionDenied(_("Only those who look after what it reviews start it."))
    if review.trigger != Trigger.SCHEDULE:
        raise IllegalMove(_("What starts this review is something that happens to a person."))
    return begin(review=review, slot=f"hand:{uuid7()}", now=now, actor=actor)


def begin(
    *, review: Review, slot: str, now: datetime, actor: User | None = None, person: User | None = None
) -> Campaign:
    """Write down one occurrence with a copy of the review's terms and stages, and ask for its launch.

    Inside a transaction that has locked the review. Raises StillRunning where one is, of this person where a `person`
    is concerned, and NobodyReviews.
    """
    if _is_running(review, person=person):
        raise StillRunning(_("The campaign before it is still running."))
    if not is_reviewable(review, now=now, person=person):
        raise NobodyReviews(str(NOBODY))
    campaign = Campaign.objects.create(
        review=review,
        slot=slot,
        name=_name_of(review, now=now, person=person),
        person=person,
        terms=Terms.of(review, person=person).as_json(),
        started_by=actor,
        created_at=now,
    )
    CampaignStage.objects.bulk_create(_copy(stage, campaign) for stage in review.stages.order_by("position"))
    review.started += 1
    review.save(update_fields=["started"])
    carrying.record(events.CAMPAIGN_STARTED, campaign, actor=actor, now=now, review=str(review.pk), slot=slot)
    carrying.ask_for(WorkKind.LAUNCH, campaign, now=now)
    return campaign


def schedule(review: Review, now: datetime) -> None:
    """Write when the next campaign starts: today's occurrence, even where its hour is over, or the next one.

    Those that were started already are not started again; one that waits goes on waiting.
    """
    begun = set(Campaign.objects.filter(review=review).values_list("slot", flat=True))
    today = recurrence.at(localtime(now).date(), time.min)
    waiting = review.next_at if _is_running(review) else None
    wanted = (moment for moment in _occurrences(review) if moment >= today or moment == waiting)
    to_come = (moment for moment in wanted if _slot(moment) not in begun)
    is_scheduled = review.trigger == Trigger.SCHEDULE
    review.schedule(next(to_come, None) if is_scheduled else None)


# --- By the calendar --------------------------------------------------------------------------------------------------


@transaction.atomic
def _start_occurrence(review_id: UUID, *, now: datetime) -> bool:
    review = _locked(review_id)
    if not review.is_enabled or review.next_at is None or review.next_at > now:
        return False
    due = [one for one in takewhile(lambda one: one <= now, _occurrences(review)) if one >= review.next_at]
    is_held_up = _is_running(review)
    for moment in due[:-1]:
        _skip(review, moment, is_held_up=is_held_up, now=now)
    is_wanted = bool(due) and not Campaign.objects.filter(review=review, slot=_slot(due[-1])).exists()
    if is_wanted and (is_held_up or not is_reviewable(review, now=now)):
        review.schedule(due[-1])
        return False
    if is_wanted:
        begin(review=review, slot=_slot(due[-1]), now=now)
    review.schedule(next((one for one in _occurrences(review) if one > now), None))
    return is_wanted


def _is_running(review: Review, *, person: User | None = None) -> bool:
    return Campaign.objects.running().filter(review=review, person=person).exists()


def _skip(review: Review, moment: datetime, *, is_held_up: bool, now: datetime) -> None:
    why = _("nothing was running at the time; only the latest is made up for")
    if is_held_up:
        why = _("the campaign before it is still running")
    details = {"why": why, "planned": moment.isoformat()}
    package = review.package_concerned
    journal.record(events.OCCURRENCE_SKIPPED, actor=None, target=review, package=package, at=now, details=details)


def _occurrences(review: Review) -> Iterator[datetime]:
    """Every start by the calendar, from the first on."""
    for number in count():
        moment = recurrence.occurrence(review, number)
        if moment is None:
            return
        yield moment


def _slot(moment: datetime) -> str:
    return f"schedule:{moment:%Y-%m-%dT%H:%MZ}"


# --- What is copied ---------------------------------------------------------------------------------------------------


def _locked(review_id: UUID) -> Review:
    return Review.objects.select_for_update(of=("self",)).with_names().get(pk=review_id)


def _name_of(review: Review, *, now: datetime, person: User | None) -> str:
    day = localtime(now).date().isoformat()
    return f"{review.name}: {person}, {day}"[:160] if person else f"{review.name}, {day}"


def _copy(stage: ReviewStage, campaign: Campaign) -> CampaignStage:
    return CampaignStage(
        campaign=campaign,
        position=stage.position,
        reviewers=stage.reviewers,
        named=_names(stage.people, stage.groups),
        fallback=_names(stage.fallback_people, stage.fallback_groups),
        duration=stage.duration,
        takes=[str(verdict) for verdict in stage.takes],
        shows_earlier=stage.shows_earlier,
    )


def _names(people: Any, groups: Any) -> dict[str, list[str]]:
    return {
        "people": [str(pk) for pk in people.order_by("pk").values_list("pk", flat=True)],
        "groups": [str(pk) for pk in groups.order_by("pk").values_list("pk", flat=True)],
    }
