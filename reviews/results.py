"""How a campaign stands and what came of it: in all, by department, and what could not be applied, and why.

Progress is a sum over panels, which count their open items. Everything else is counted over the items by one statement;
of a large campaign at most once a minute, and said as of when.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, Q, Sum

from .choices import Recommendation, Result, Verdict
from .lifecycle import ApplyState, CampaignStatus
from .models import Campaign, Panel

LARGE = 10_000
"""Items from which on counts are kept for a while."""
KEPT_FOR = 60
"""Seconds."""
MOST_PROBLEMS = 10
OPPOSITES: dict[str, str] = {Verdict.APPROVE: Recommendation.DENY, Verdict.DENY: Recommendation.APPROVE}
"""Answers, and the recommendation that each is against."""

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Progress:
    """How far reviewers are in the stage that is open, or was the last one."""

    total: int = 0
    open_items: int = 0
    panels: int = 0
    panels_done: int = 0

    @property
    def answered(self) -> int:
        return self.total - self.open_items

    @property
    def percent(self) -> int:
        """Whole per cent, 100 only when everything is answered."""
        return self.answered * 100 // self.total if self.total else 100


@dataclass
class Tally:
    """What was answered on some items, and what came of them."""

    items: int = 0
    approved: int = 0
    denied: int = 0
    dont_know: int = 0
    unanswered: int = 0
    kept: int = 0
    removed: int = 0
    """Those that are to go, whether they are gone or not."""
    waiting: int = 0
    """Those of them that are being removed."""
    applied: int = 0
    failed: int = 0
    gone: int = 0
    contradicting: int = 0
    """Answers against the recommendation."""

    def add(self, other: "Tally") -> None:
        """Count the other's items as well."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def answered(self) -> int:
        return self.items - self.unanswered

    @property
    def percent(self) -> int:
        """Whole per cent that are answered."""
        return self.answered * 100 // self.items if self.items else 100


@dataclass(frozen=True)
class Results:
    """The counts of a campaign as of a moment."""

    as_of: datetime
    total: Tally = field(default_factory=Tally)
    departments: list[tuple[str, Tally]] = field(default_factory=list)
    problems: list[tuple[str, int]] = field(default_factory=list)
    """Why items are not removed yet, with how many of them; the commonest first."""


def progress(campaign: Campaign) -> Progress:
    """How far reviewers are, by one statement that looks at panels only."""
    if campaign.status == CampaignStatus.STARTING:
        return Progress()
    panels = Panel.objects.filter(campaign=campaign, stage=campaign.stage, total__gt=0)
    sums = panels.aggregate(
        panels=Count("pk"),
        panels_done=Count("pk", filter=Q(open_items=0)),
        total=Sum("total", default=0),
        open_items=Sum("open_items", default=0),
    )
    return Progress(**sums)


def results(campaign: Campaign, *, now: datetime) -> Results:
    """What was answered and what came of it, by two statements; of a large campaign as of up to a minute ago."""
    return kept_a_while(campaign, "results", lambda: _count(campaign, now=now))


def kept_a_while(campaign: Campaign, name: str, compute: Callable[[], Kept]) -> Kept:
    """What `compute` says; of a large campaign what it said last, for a minute."""
    if campaign.total <= LARGE:
        return compute()
    key = f"review-{name}-{campaign.pk}-{campaign.status}"
    found: Kept | None = cache.get(key)
    if found is None:
        found = compute()
        cache.set(key, found, KEPT_FOR)
    return found


def contradicts(verdict: str, recommendation: str) -> bool:
    """Whether an answer is the opposite of what was recommended."""
    return OPPOSITES.get(verdict) == recommendation


def contradicting() -> Q:
    """Of which items it is."""
    said = [Q(verdict=verdict, recommendation=opposite) for verdict, opposite in OPPOSITES.items()]
    return reduce(or_, said)


def _count(campaign: Campaign, *, now: datetime) -> Results:
    names = ("department", "verdict", "result", "state", "recommendation")
    rows = campaign.items.order_by().values_list(*names).annotate(number=Count("pk"))
    total, departments = Tally(), defaultdict[str, Tally](Tally)
    for department, *facts, number in rows:
        tally = _tally(*facts, number=number)
        total.add(tally)
        departments[department].add(tally)
    return Results(
        as_of=now,
        total=total,
        departments=sorted(departments.items(), key=lambda found: (not found[0], found[0].casefold())),
        problems=_problems(campaign) if total.failed else [],
    )


def _tally(verdict: str, result: str, state: str, recommendation: str, *, number: int) -> Tally:
    """So many items of which all this is the same."""
    counted: dict[str, Any] = {"items": number}
    counted[ANSWERS[Verdict(verdict)]] = number
    for name in (RESULTS.get(result), STATES.get(state)):
        if name:
            counted[name] = number
    if contradicts(verdict, recommendation):
        counted["contradicting"] = number
    return Tally(**counted)


ANSWERS = {
    Verdict.APPROVE: "approved",
    Verdict.DENY: "denied",
    Verdict.DONT_KNOW: "dont_know",
    Verdict.NOT_REVIEWED: "unanswered",
}
RESULTS: dict[str, str] = {Result.KEEP: "kept", Result.REMOVE: "removed"}
STATES: dict[str, str] = {
    ApplyState.APPLYING: "waiting",
    ApplyState.APPLIED: "applied",
    ApplyState.FAILED: "failed",
    ApplyState.NOT_FOUND: "gone",
}


def _problems(campaign: Campaign) -> list[tuple[str, int]]:
    failed = campaign.items.filter(state=ApplyState.FAILED).order_by().values_list("problem")
    return list(failed.annotate(number=Count("pk")).order_by("-number", "problem")[:MOST_PROBLEMS])
