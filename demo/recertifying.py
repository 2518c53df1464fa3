"""The reviews of the invented organisation: one that is complete, and three that are open."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from catalog.models import AccessPackage, Catalog
from notifications import actions as notifications_actions
from reviews.actions import applying, closing, deciding, defining, launching, starting
from reviews.actions.rules import Stage
from reviews.choices import (
    ApplyWhen,
    DeniedGuests,
    Frequency,
    NoResponse,
    ReasonNeeded,
    ReviewerKind,
    ReviewScope,
    Verdict,
)
from reviews.models import Campaign, PanelMember, Review, ReviewItem, ReviewStage

from .history import History
from .offer import SALES
from .organisation import ADMINISTRATOR, MANAGER
from .roll import Roll

BY_CATALOG, BY_PACKAGE = ReviewScope.CATALOG, ReviewScope.PACKAGE
FORTNIGHT, DAY = timedelta(days=14), timedelta(days=1)
DENIALS = (
    "Moved to another region and does not look after these customers any more.",
    "Only helped out for a quarter.",
    "Uses the shared reports instead.",
)


@dataclass(frozen=True)
class Plan:
    """A review, how many days ago its campaigns began, and how many of its reviewers have answered by now."""

    name: str
    scope: ReviewScope
    subject: str
    reviewers: ReviewerKind
    began: tuple[int, ...]
    frequency: Frequency
    share: float = 0.6
    terms: dict[str, Any] = field(default_factory=dict)


PLANS = (
    Plan(
        name="Sales: who has what, twice a year",
        scope=BY_CATALOG,
        subject=SALES,
        reviewers=ReviewerKind.MANAGER,
        began=(190, 6),
        frequency=Frequency.SEMI_ANNUALLY,
        terms={
            "if_no_response": NoResponse.REMOVE,
            "note": "Please keep only what people use for the customers that they look after today.",
        },
    ),
    Plan(
        name="Home office: do you still need it?",
        scope=BY_PACKAGE,
        subject="Remote Work: VPN and Home Office",
        reviewers=ReviewerKind.SELF,
        began=(4,),
        frequency=Frequency.QUARTERLY,
        share=0.4,
        terms={"reason_needed": ReasonNeeded.NEVER, "if_no_response": NoResponse.RECOMMENDATION},
    ),
    Plan(
        name="Partners: still working with us?",
        scope=BY_PACKAGE,
        subject="Quillon Freight: Shipping Partner",
        reviewers=ReviewerKind.SPONSORS,
        began=(2,),
        frequency=Frequency.QUARTERLY,
        share=0.0,
        terms={
            "is_for_guests": True,
            "denied_guests": DeniedGuests.BLOCK,
            "applies": ApplyWhen.BY_HAND,
            "reason_needed": ReasonNeeded.ALWAYS,
        },
    ),
)


def tell_reviews(history: History, roll: Roll) -> None:
    """Set every review up a day before it first begins, and let its campaigns happen."""
    for plan in PLANS:
        first = _morning(history, plan.began[0])
        history.at(first - DAY, _setting_up(plan, roll, first=first))
        for days in plan.began:
            _let_happen(plan, history, roll, start=_morning(history, days))


def _morning(history: History, days: int) -> datetime:
    return (history.now - timedelta(days=days)).replace(hour=6, minute=0, second=0, microsecond=0)


def _setting_up(plan: Plan, roll: Roll, *, first: datetime) -> Callable[[datetime], object]:
    def set_up(now: datetime) -> None:
        about = Catalog if plan.scope == BY_CATALOG else AccessPackage
        review = Review(
            name=plan.name,
            scope=plan.scope,
            frequency=plan.frequency,
            starts_on=first.date(),
            start_time=time(6),
            **{str(plan.scope): about._default_manager.get(name=plan.subject)},
            **plan.terms,
        )
        stage = Stage(ReviewStage(position=1, reviewers=plan.reviewers, duration=FORTNIGHT))
        administrator = roll.person(ADMINISTRATOR)
        defining.save_review(review=review, stages=[stage], told_at_end=[administrator], actor=administrator, now=now)

    return set_up


def _let_happen(plan: Plan, history: History, roll: Roll, *, start: datetime) -> None:
    """A campaign begins by the calendar, reviewers answer in their own time, and it closes after a fortnight."""

    def begin(now: datetime) -> None:
        starting.start_due(now)
        launching.launch_all_due(now=now)
        notifications_actions.queue_review_questions(now=now)
        campaign = Campaign.objects.filter(review__name=plan.name).order_by("-created_at")[0]
        seats = PanelMember.objects.filter(panel__campaign=campaign).order_by("person__username")
        reviewers = [seat.person for seat in seats.select_related("person")]
        is_over = start + FORTNIGHT < history.now
        for reviewer in reviewers:
            if is_over or (history.chance.random() < plan.share and reviewer.username != MANAGER):
                span = FORTNIGHT if is_over else history.now - start
                when = start + span * history.chance.uniform(0.05, 0.9)
                history.at(when, partial(_answer, history, campaign, reviewer))

    def close(now: datetime) -> None:
        closing.close_all_due(now=now)
        applying.apply_all_due(now=now)

    history.at(start, begin)
    history.at(start + FORTNIGHT / 2, lambda now: notifications_actions.queue_campaign_reminders(now=now))
    history.at(start + FORTNIGHT, close)
    history.at(start + FORTNIGHT + timedelta(minutes=1), lambda now: applying.follow(now=now))


def _answer(history: History, campaign: Campaign, reviewer: Any, now: datetime) -> None:
    """Go through everything that is open for a reviewer, an item every half a minute."""
    items = ReviewItem.objects.asked_of(reviewer).open().filter(campaign=campaign).order_by("pk")
    for number, item in enumerate(items):
        verdict = history.chance.choices([Verdict.APPROVE, Verdict.DENY, Verdict.DONT_KNOW], weights=[86, 10, 4])[0]
        reason = history.chance.choice(DENIALS) if verdict == Verdict.DENY else "Needed for the daily work."
        moment = now + timedelta(seconds=history.chance.randrange(8, 40)) * (number + 1)
        deciding.decide(items=[item], verdict=verdict, reason=reason, actor=reviewer, now=moment)
