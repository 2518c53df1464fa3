"""Letters about reviews: what reviewers are asked and reminded of, and what became of it."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, CampaignStage, CampaignWork, ReviewItem

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, day, facts, find, link, listed, moment
from .template import letter

ASKED = ("question", "campaign", "number", "day", "note", "facts", "button", "link", "recipient", "service")
RESULTS = ("campaign", "outcome", "facts", "button", "link", "recipient", "service")
NAMED = 5
"""People who are named in a letter; the others are on the page."""


@letter(
    Occasion.REVIEW_ASKED,
    topic=Topic.REVIEWS,
    to=gettext_lazy("whoever has open items in the stage, and whoever comes to review in somebody's place"),
    when=gettext_lazy("a campaign or its next stage opens; once for each stage"),
    subject=gettext_lazy("Please review by {day}: {campaign}"),
    body=gettext_lazy("""{question} What you do not answer by {day} is decided without you.

{note}

{facts}

{button}"""),
    placeholders=ASKED,
)
def review_asked(message: Message, now: datetime) -> Draft:
    """What is asked, and until when."""
    return _ask(message)


@letter(
    Occasion.REVIEW_HALFTIME,
    topic=Topic.REVIEWS,
    to=gettext_lazy("whoever has open items in the stage, and nobody who is done"),
    when=gettext_lazy("half of the stage's time is over"),
    subject=gettext_lazy("{number} to review by {day}: {campaign}"),
    body=gettext_lazy("""Half of the time is over, and {number} of yours are open. {question}

{note}

{facts}

{button}"""),
    placeholders=ASKED,
)
def review_halftime(message: Message, now: datetime) -> Draft:
    """What is still open."""
    return _ask(message)


@letter(
    Occasion.REVIEW_TOMORROW,
    topic=Topic.REVIEWS,
    to=gettext_lazy("whoever has open items in the stage, and nobody who is done"),
    when=gettext_lazy("the stage ends within a day"),
    subject=gettext_lazy("Ends soon: {number} to review in {campaign}"),
    body=gettext_lazy("""This ends within a day, on {day}. {question}

{note}

{facts}

{button}"""),
    placeholders=ASKED,
)
def review_tomorrow(message: Message, now: datetime) -> Draft:
    """What is still open."""
    return _ask(message)


@letter(
    Occasion.REVIEW_REMINDED,
    topic=Topic.REVIEWS,
    to=gettext_lazy("whoever has open items in the stage, and nobody who is done"),
    when=gettext_lazy("whoever looks after the review has reviewers reminded"),
    subject=gettext_lazy("Reminder: {number} to review in {campaign}"),
    body=gettext_lazy("""Your answers are waited for. {question}

{note}

{facts}

{button}"""),
    placeholders=ASKED,
)
def review_reminded(message: Message, now: datetime) -> Draft:
    """What is still open."""
    return _ask(message)


@letter(
    Occasion.REVIEW_HANDED_ON,
    topic=Topic.REVIEWS,
    to=gettext_lazy("whoever is to review what was handed on"),
    when=gettext_lazy("a reviewer, or whoever looks after the review, hands items on"),
    subject=gettext_lazy("Handed on to you: {number} to review in {campaign}"),
    body=gettext_lazy("""Items of this review were handed on to you. {question}

{note}

{facts}

{button}"""),
    placeholders=ASKED,
)
def review_handed_on(message: Message, now: datetime) -> Draft:
    """What is open by now, what was handed on among it."""
    campaign = find(Campaign.objects.all(), message.reference)
    return _ask(message, stage=campaign.stages.get(position=campaign.stage))


@letter(
    Occasion.REVIEW_COMPLETED,
    topic=Topic.ALARMS,
    to=gettext_lazy("whoever set the review up, and whoever it names to be told"),
    when=gettext_lazy("everything that a campaign decided is applied"),
    subject=gettext_lazy("Completed: {campaign}"),
    body=gettext_lazy("""{outcome}

{facts}

{button}"""),
    placeholders=RESULTS,
)
def review_completed(message: Message, now: datetime) -> Draft:
    """How much stays and how much is gone."""
    campaign = find(Campaign.objects.all(), message.reference)
    outcome = _("“%(campaign)s” is complete: everything that it decided is applied.") % {"campaign": campaign}
    return _about(campaign, outcome=outcome)


@letter(
    Occasion.REVIEW_STUCK,
    topic=Topic.ALARMS,
    to=gettext_lazy("administrators"),
    when=gettext_lazy("a campaign does not go on by itself any more"),
    subject=gettext_lazy("Stuck: {campaign}"),
    body=gettext_lazy("""{outcome} Please see to what stands in the way, and have it go on.

{facts}

{button}"""),
    placeholders=RESULTS,
)
def review_stuck(message: Message, now: datetime) -> Draft:
    """What does not go on, and why."""
    campaign = find(Campaign.objects.all(), message.reference)
    work = CampaignWork.objects.stuck().filter(campaign=campaign).order_by("created_at").first()
    if work is None:
        raise NoLongerNeeded(_("It goes on by now."))
    outcome = _("“%(campaign)s” does not go on: %(error)s") % {"campaign": campaign, "error": work.last_error}
    return _about(campaign, outcome=outcome)


def _ask(message: Message, *, stage: CampaignStage | None = None) -> Draft:
    """What the reader has to answer in a stage. Raises NoLongerNeeded where nothing of it is open for them."""
    stage = stage or find(CampaignStage.objects.select_related("campaign"), message.reference)
    campaign = stage.campaign
    if campaign.status != CampaignStatus.IN_PROGRESS or campaign.stage != stage.position or stage.ends_at is None:
        raise NoLongerNeeded(_("This stage of the review is over."))
    items = ReviewItem.objects.asked_of(message.recipient).open().filter(campaign=campaign)
    count = items.count()
    if not count:
        raise NoLongerNeeded(_("Everything is answered already."))
    number = ngettext("%(count)d item", "%(count)d items", count) % {"count": count}
    people = list(items.order_by("person_name").values_list("person_name", flat=True).distinct()[: NAMED + 1])
    if stage.is_self_review:
        question = _("You are asked whether you still need access that you have (%(number)s).")
    else:
        question = _("You are asked whether people should keep the access that they have (%(number)s).")
    return Draft(
        values={
            "question": question % {"number": number},
            "campaign": campaign.name,
            "number": number,
            "day": day(stage.ends_at),
            "note": campaign.rules.note,
        },
        summary=number,
        button=_("Review now"),
        url=link("reviews:campaign", campaign.pk),
        because=_("You get this because you are a reviewer of this campaign."),
        act_by=stage.ends_at,
        facts=facts(
            (_("Review"), campaign.name),
            (_("Of"), campaign.rules.subject),
            (_("Open for you"), number),
            (_("Among them"), None if stage.is_self_review else _some(people)),
            (_("Until"), moment(stage.ends_at)),
        ),
    )


def _some(people: list[str]) -> str:
    return listed(people[:NAMED]) + (" …" if len(people) > NAMED else "")


def _about(campaign: Campaign, *, outcome: str) -> Draft:
    begun, closed, completed = campaign.starts_at, campaign.closed_at, campaign.completed_at
    return Draft(
        values={"campaign": campaign.name, "outcome": outcome},
        summary=outcome,
        button=_("See the results"),
        url=link("reviews:results", campaign.pk),
        because=_("You get this because you look after this review, or are named to be told of its results."),
        facts=facts(
            (_("Review"), campaign.name),
            (_("Of"), campaign.rules.subject),
            (_("Items"), str(campaign.total)),
            (_("Open since"), moment(begun) if begun else None),
            (_("Closed"), moment(closed) if closed else None),
            (_("Completed"), moment(completed) if completed else None),
        ),
    )
