"""What a reviewer sees of a campaign: their panels, how far they are, and their items page by page."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q

from directory.models import User

from .choices import Recommendation, Verdict
from .models import Campaign, CampaignStage, Decision, Panel, ReviewItem
from .querysets import ItemQuerySet
from .recommending import in_words

PAGE_SIZE = 25
MOST_LISTED = 5000
"""Of more items than these, departments and packages are found by searching, and not listed."""


@dataclass(frozen=True)
class Seat:
    """One person's part in a campaign."""

    campaign: Campaign
    reviewer: User

    @cached_property
    def stage(self) -> CampaignStage:
        """The stage in which the campaign is, or ended."""
        return next(stage for stage in self.stages if stage.position == self.campaign.stage)

    @cached_property
    def stages(self) -> list[CampaignStage]:
        return list(self.campaign.stages.all())

    @property
    def until(self) -> datetime | None:
        """Until when they may answer, and change their mind."""
        return self.stage.ends_at if self.current else None

    @cached_property
    def panels(self) -> list[Any]:
        """Where they sit, in whatever stage, with how much of it is about themselves."""
        seated = Panel.objects.filter(campaign=self.campaign).asking(self.reviewer)
        return list(seated.with_own_of(self.reviewer).order_by("stage", "pk"))

    @cached_property
    def current(self) -> list[Any]:
        """Where they sit in the stage that is open; nothing once it is over."""
        return [panel for panel in self.panels if panel.stage == self.campaign.stage] if self.campaign.is_open else []

    @property
    def total(self) -> int:
        """How many items they are asked about: not about their own access, where people do not review themselves."""
        return sum(panel.total - panel.own for panel in self.current)

    @property
    def open_items(self) -> int:
        return sum(panel.open_items - panel.own_open for panel in self.current)

    @property
    def done(self) -> int:
        return self.total - self.open_items

    def items(self) -> ItemQuerySet:
        """What they may answer now, or, once that is over, what was put to them and what they answered."""
        if self.current:
            asked = ReviewItem.objects.filter(panel__in=[panel.pk for panel in self.current])
            return asked if self.stage.is_self_review else asked.exclude(person=self.reviewer)
        theirs = Decision.objects.filter(item=OuterRef("pk"), decided_by=self.reviewer)
        put = Q(panel__in=[panel.pk for panel in self.panels])
        return ReviewItem.objects.filter(put | Exists(theirs), campaign=self.campaign).exclude(
            ~Exists(theirs), person=self.reviewer
        )

    def foreseen(self) -> dict[str, int]:
        """How many items accepting the recommendations would answer, by recommendation; how many it would leave out
        because they are privileged (`privileged`); by one statement.
        """
        unanswered = self.items().open().filter(verdict=Verdict.NOT_REVIEWED)
        counts = {str(one): Count("pk", filter=Q(recommendation=one, is_privileged=False)) for one in Recommendation}
        found: dict[str, int] = unanswered.aggregate(**counts, privileged=Count("pk", filter=Q(is_privileged=True)))
        return found

    def lists(self) -> tuple[list[str], list[str]]:
        """The departments and packages among the items, for a list to choose from; by one statement."""
        if self.total > MOST_LISTED:
            return [], []
        pairs = set(self.items().order_by().values_list("department", "what").distinct()[:MOST_LISTED])
        departments = sorted({department for department, _what in pairs if department})
        return departments, sorted({what for _department, what in pairs})


@dataclass(frozen=True)
class Page:
    """Some items in the order of people's names, and the ids at its edges where there are more before and behind."""

    items: list[ReviewItem]
    before: UUID | None = None
    after: UUID | None = None


def page_of(items: ItemQuerySet, *, after: UUID | None = None, before: UUID | None = None) -> Page:
    """The page behind one item, or before another; the first where neither is named. Two statements at most."""
    beside = after or before
    edge = ReviewItem.objects.filter(pk=beside).values_list("person_name", "pk").first() if beside else None
    is_backwards = bool(before and not after and edge)
    if edge:
        name, pk = edge
        side = "lt" if is_backwards else "gt"
        items = items.filter(Q(**{f"person_name__{side}": name}) | Q(**{"person_name": name, f"pk__{side}": pk}))
    ordered = items.order_by("-person_name", "-pk") if is_backwards else items.order_by("person_name", "pk")
    found = list(ordered[: PAGE_SIZE + 1])
    has_more, shown = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if is_backwards:
        shown.reverse()
    has_before, has_after = edge and (has_more or not is_backwards), has_more or is_backwards
    return Page(
        shown,
        before=shown[0].pk if shown and has_before else None,
        after=shown[-1].pk if shown and has_after else None,
    )


@dataclass(frozen=True)
class Row:
    """One item as its reviewers see it."""

    item: ReviewItem
    advice: list[str]
    """Why it is recommended to stay or to go, in words."""
    said: list[Decision]
    """What was answered on it so far, the latest first; of earlier stages only where the stage shows it."""
    why: str = ""
    """What was typed as the reason before something was refused."""
    problem: str = ""


def rows_of(items: list[ReviewItem], *, seat: Seat) -> list[Row]:
    """The items of a page, with what others said; no statement where they were read `with_decisions`."""
    shows_advice = seat.campaign.rules.shows_recommendations
    rows = []
    for item in items:
        item.campaign = seat.campaign
        said = told_to(seat.reviewer, item)
        shown = [one for one in said if one.stage == item.stage or seat.stage.shows_earlier]
        rows.append(Row(item, in_words(item) if shows_advice else [], shown))
    return rows


def told_to(reader: User, item: ReviewItem) -> list[Decision]:
    """What this person reads of the answers on an item, the latest first; none is read again `with_decisions`.

    Of their own access it is what they said themselves, and the item is shown with that: what others say about it is
    for those who see the results.
    """
    said = list(item.decisions.all())
    if item.person_id != reader.pk:
        return said
    own = [one for one in said if one.decided_by_id == reader.pk]
    if item.decided_by_id != reader.pk:
        last = own[0] if own else Decision(verdict=Verdict.NOT_REVIEWED)
        item.verdict, item.reason, item.decided_at = last.verdict, last.reason, last.decided_at
    return own


def with_decisions(items: ItemQuerySet) -> ItemQuerySet:
    """With everything that was answered on them, and by whom."""
    said = Decision.objects.select_related("decided_by", "in_place_of")
    return items.prefetch_related(Prefetch("decisions", queryset=said))
