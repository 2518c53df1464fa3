"""Answering on items: one, many, or as recommended; the last answer counts until the stage closes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from directory.actions import hold_people
from directory.models import User

from .. import events
from ..choices import ApplyWhen, Recommendation, Verdict
from ..lifecycle import ApplyState, IllegalMove
from ..models import Campaign, CampaignStage, Decision, Panel, ReviewItem
from .applying import apply_at_once
from .holding import hold_open, hold_panels
from .standing_in import whose_places

MOST = 1000
"""More items than these are answered in several goes: each takes one transaction and a fixed number of statements."""
MOST_ACCEPTED = 10 * MOST
"""Recommendations on more items than these are accepted in several goes."""
ANSWERS = (Verdict.APPROVE, Verdict.DENY, Verdict.DONT_KNOW)


@dataclass(frozen=True)
class Answer:
    """What somebody says, the same about all the items that they chose."""

    verdict: str
    reason: str
    actor: User
    now: datetime
    is_bulk: bool = False
    is_recommended: bool = False


@dataclass(frozen=True)
class Answers:
    """What came of answering on some items; each is in one of the lists, and in `ended` besides."""

    given: list[ReviewItem] = field(default_factory=list)
    same: list[ReviewItem] = field(default_factory=list)
    """The same person had said exactly that: nothing was written."""
    privileged: list[ReviewItem] = field(default_factory=list)
    """Left out: privileged access is answered one by one."""
    removed: list[ReviewItem] = field(default_factory=list)
    """Left out: it is being removed already, where answers are applied at once."""
    answered: list[ReviewItem] = field(default_factory=list)
    """Left out: somebody answered meanwhile, where only what is unanswered was meant."""
    ended: list[ReviewItem] = field(default_factory=list)
    """Of those given: the access ended meanwhile, and there is nothing that the answer could still do."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@transaction.atomic
def decide(
    *,
    items: Iterable[ReviewItem | UUID],
    verdict: str,
    actor: User,
    now: datetime,
    reason: str = "",
    is_bulk: bool = False,
) -> Answers:
    """Answer on items of one campaign; `is_bulk` where they were chosen together, which leaves out privileged access.

    Raises PermissionDenied where the actor is not asked about all of them, IllegalMove where the stage or the campaign
    is over, or where the one item is being removed already, and ValidationError (of `verdict` or `reason`).
    """
    ids = {item.pk if isinstance(item, ReviewItem) else item for item in items}
    if verdict not in ANSWERS:
        raise ValidationError({"verdict": _("Approve, deny, or say that you don't know.")})
    if len(ids) > MOST:
        raise ValidationError(_("Answer on %(most)d at most at once.") % {"most": MOST}, code="too_many")
    made = _answer(ids, Answer(verdict, reason.strip(), actor, now, is_bulk=is_bulk or len(ids) > 1))
    if made.removed and len(ids) == 1:
        raise IllegalMove(_("This access was denied before, and is being removed already."))
    return made


@transaction.atomic
def accept_recommendations(*, campaign: Campaign, actor: User, now: datetime, reason: str = "") -> Answers:
    """Answer as recommended wherever nobody answered yet; never on privileged access, and never over an answer.

    At most `MOST_ACCEPTED` in one go. Raises as `decide` does, and ValidationError where none are shown.
    """
    if not campaign.rules.shows_recommendations:
        raise ValidationError(_("This review makes no recommendations."))
    if not Panel.objects.filter(campaign=campaign).asking(actor).exists():
        raise PermissionDenied(_("You are not asked in this review."))
    if campaign.rules.applies == ApplyWhen.AT_ONCE:  # people before everything else (docs/adr/0002)
        denied = ReviewItem.objects.asked_of(actor).filter(campaign=campaign).recommended(Recommendation.DENY)
        hold_people(denied.order_by().values_list("person_id", flat=True)[:MOST_ACCEPTED])
    made = Answers()
    for verdict in (Verdict.APPROVE, Verdict.DENY):
        asked = ReviewItem.objects.asked_of(actor).filter(campaign=campaign).recommended(Recommendation(verdict))
        ids = list(asked.order_by("pk").values_list("pk", flat=True)[: MOST_ACCEPTED - len(made.given)])
        answer = Answer(verdict, reason.strip(), actor, now, is_bulk=True, is_recommended=True)
        for start in range(0, len(ids), MOST):
            made += _answer(set(ids[start : start + MOST]), answer)
    return made


def _answer(ids: set[UUID], answer: Answer) -> Answers:
    if not ids:
        return Answers()
    campaign, stage = _hold(ids, answer)
    held = hold_panels(campaign, of=answer.actor)
    asked = ReviewItem.objects.asked_of(answer.actor).filter(pk__in=ids, panel__in=held)
    items = list(asked.with_access().select_for_update(of=("self",)).order_by("pk"))
    if len(items) < len(ids):
        raise PermissionDenied(_("You are not asked about this access."))
    made = _sort_out(items, answer=answer, stage=stage)
    if made.given and campaign.rules.needs_reason(answer.verdict) and not answer.reason:
        raise ValidationError({"reason": _("Say why you answer so.")})
    _write(made.given, answer=answer, campaign=campaign)
    if answer.verdict == Verdict.DENY and campaign.rules.applies == ApplyWhen.AT_ONCE:
        apply_at_once(made.given, now=answer.now)
    return made


def _hold(ids: set[UUID], answer: Answer) -> tuple[Campaign, CampaignStage]:
    """The campaign of these items and its open stage; before it, where access ends at once, the people."""
    asked = ReviewItem.objects.filter(pk__in=ids)
    campaigns = list(Campaign.objects.filter(pk__in=asked.order_by().values("campaign"))[:2])
    if not campaigns:
        raise PermissionDenied(_("You are not asked about this access."))
    if len(campaigns) > 1:
        raise ValidationError(_("These belong to several reviews: answer them one review after the other."))
    if answer.verdict == Verdict.DENY and campaigns[0].rules.applies == ApplyWhen.AT_ONCE:
        hold_people(asked.order_by().values_list("person_id", flat=True))
    return hold_open(campaigns[0].pk, now=answer.now)


def _sort_out(items: Sequence[ReviewItem], *, answer: Answer, stage: CampaignStage) -> Answers:
    made = Answers()
    for item in items:
        if item.is_privileged and answer.is_bulk:
            made.privileged.append(item)
        elif item.state != ApplyState.NEW:
            made.removed.append(item)
        elif answer.is_recommended and item.verdict != Verdict.NOT_REVIEWED:
            made.answered.append(item)
        elif _is_said(item, answer=answer, stage=stage):
            made.same.append(item)
        else:
            made.given.append(item)
    made.ended.extend(item for item in made.given if item.has_ended)
    return made


def _is_said(item: ReviewItem, *, answer: Answer, stage: CampaignStage) -> bool:
    """Whether this is what the same person said in this stage, word for word."""
    was = (item.verdict, item.reason, item.decided_by_id, item.decided_in)
    return was == (answer.verdict, answer.reason, answer.actor.pk, stage.position)


def _write(items: Sequence[ReviewItem], *, answer: Answer, campaign: Campaign) -> None:
    """Keep the answers, have the last one count, and tell the journal; a fixed number of statements."""
    if not items:
        return
    places = whose_places(answer.actor, panels={item.panel_id for item in items}, now=answer.now)
    Decision.objects.bulk_create(_decision(item, answer=answer, place=places[item.panel_id]) for item in items)
    told = [_told(item, answer=answer, campaign=campaign, place=places[item.panel_id]) for item in items]
    _count_down(Counter(item.panel_id for item in items if item.is_open))
    values = {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "decided_by": answer.actor,
        "decided_at": answer.now,
        "decided_in": campaign.stage,
        "is_open": False,
    }
    ReviewItem.objects.filter(pk__in=[item.pk for item in items]).update(**values)
    for item in items:
        for name, value in values.items():
            setattr(item, name, value)
    journal.record_many(told)


def _decision(item: ReviewItem, *, answer: Answer, place: User | None) -> Decision:
    return Decision(
        item=item,
        stage=item.stage,
        verdict=answer.verdict,
        reason=answer.reason,
        decided_by=answer.actor,
        in_place_of=place,
        decided_at=answer.now,
        is_bulk=answer.is_bulk,
        follows_recommendation=answer.is_recommended,
    )


def _told(item: ReviewItem, *, answer: Answer, campaign: Campaign, place: User | None) -> Event:
    """What the journal says about one of them, also where somebody answered in another's place: “Olga for Marco”."""
    details = {
        "what": item.what,
        "verdict": str(Verdict(answer.verdict).label),
        "answer": answer.verdict,
        "reason": answer.reason,
        "stage": item.stage,
        "campaign": str(campaign.pk),
        "review": campaign.name,
    }
    if item.verdict != Verdict.NOT_REVIEWED:
        details["before"] = item.verdict
    event = journal.entry(
        events.ITEM_DECIDED,
        actor=answer.actor,
        target=item,
        person=item.person,
        package=item.assignment.package if item.assignment else None,
        at=answer.now,
        details=details,
        correlation_id=campaign.pk,
    )
    if place:
        names = {"delegate": answer.actor, "delegator": place}
        event.actor_label = (_("%(delegate)s for %(delegator)s") % names)[:200]
        event.details |= {"in_place_of": str(place), "in_place_of_id": str(place.pk)}
    return event


def _count_down(answered: Counter[UUID]) -> None:
    """Panels know how many of their items are open; one statement for all of them."""
    if answered:
        fewer = Case(*(When(pk=pk, then=Value(number)) for pk, number in answered.items()))
        Panel.objects.filter(pk__in=answered).update(open_items=F("open_items") - fewer)
