"""How carefully reviewers answered: their pace, what they answered together, and what speaks against it.

For whoever steers the campaign and for auditors; never shown to reviewers about each other. The pace is the median over
a reviewer's answers of the seconds since their last one; what was answered together shares the time between it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from directory.models import User

from .choices import Verdict
from .models import Campaign, Decision
from .results import contradicting, kept_a_while

LONGEST_GAP = 600
"""Seconds; whoever comes back after longer did something else meanwhile."""
HASTY = timedelta(minutes=1)
MANY = 10
"""From so many items on, approving all of them within a minute is marked."""
MOST_REVIEWERS = 100
"""The page shows so many; those with most answers first."""
BATCH = 2000


@dataclass
class Care:
    """How one reviewer answered."""

    reviewer: str = ""
    answers: int = 0
    """All that they gave, those that they changed later among them."""
    approvals: int = 0
    in_bulk: int = 0
    as_recommended: int = 0
    """Given by accepting recommendations."""
    changed: int = 0
    """Answers that replaced one of their own in the same stage."""
    standing: int = 0
    """Items whose last answer is theirs."""
    against: int = 0
    """Those of them that are against the recommendation."""
    seconds: float | None = None
    """The median time for an item; None after a single act."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    paces: Counter[float] = field(default_factory=Counter, repr=False)

    @property
    def percent_in_bulk(self) -> int:
        return self.in_bulk * 100 // self.answers if self.answers else 0

    @property
    def is_hasty(self) -> bool:
        """Whether they approved everything that they answered, many items, within a minute."""
        if self.answers < MANY or self.approvals < self.answers or not (self.first_at and self.last_at):
            return False
        return self.last_at - self.first_at <= HASTY

    def saw(self, at: datetime, *, answers: int, approvals: int, in_bulk: int, as_recommended: int) -> None:
        """Count what they answered at one moment; moments come in their order."""
        if self.last_at is None:
            self.first_at = at
        else:
            gap = min((at - self.last_at).total_seconds(), LONGEST_GAP)
            self.paces[round(gap / answers, 1)] += answers
        self.last_at = at
        self.answers += answers
        self.approvals += approvals
        self.in_bulk += in_bulk
        self.as_recommended += as_recommended


@dataclass(frozen=True)
class Quality:
    """How all of them answered, those with most answers first, as of a moment."""

    as_of: datetime
    reviewers: list[Care]
    everybody: Care
    others: int = 0
    """Reviewers beyond those listed."""


def quality(campaign: Campaign, *, now: datetime) -> Quality:
    """How carefully reviewers answered, by four statements; of a large campaign as of up to a minute ago."""
    return kept_a_while(campaign, "quality", lambda: _look(campaign, now=now))


def median(paces: Counter[float]) -> float | None:
    """The middle one of what was counted; None of nothing."""
    middle, seen = (paces.total() + 1) // 2, 0
    for pace, number in sorted(paces.items()):
        seen += number
        if seen >= middle:
            return pace
    return None


def _look(campaign: Campaign, *, now: datetime) -> Quality:
    found = _acts(campaign)
    _add_changes(found, campaign)
    _add_standing(found, campaign)
    everybody = _together(found.values())
    ordered = sorted(found.items(), key=lambda one: (-one[1].answers, str(one[0])))
    listed = ordered[:MOST_REVIEWERS]
    names = dict(User.objects.filter(pk__in=[pk for pk, _care in listed]).values_list("pk", "display_name"))
    for pk, care in listed:
        care.reviewer = names.get(pk, "")
        care.seconds = median(care.paces)
        care.paces = Counter()
    return Quality(
        as_of=now,
        reviewers=[care for _pk, care in listed],
        everybody=everybody,
        others=len(ordered) - len(listed),
    )


def _acts(campaign: Campaign) -> dict[UUID, Care]:
    """What each reviewer answered, moment by moment; read in batches, so that memory grows with reviewers only."""
    given = Decision.objects.filter(item__campaign=campaign).order_by().values_list("decided_by", "decided_at")
    counted = given.annotate(
        answers=Count("pk"),
        approvals=Count("pk", filter=Q(verdict=Verdict.APPROVE)),
        in_bulk=Count("pk", filter=Q(is_bulk=True)),
        as_recommended=Count("pk", filter=Q(follows_recommendation=True)),
    )
    found = defaultdict[UUID, Care](Care)
    for reviewer, at, answers, approvals, in_bulk, followed in counted.order_by("decided_by", "decided_at").iterator(
        chunk_size=BATCH
    ):
        found[reviewer].saw(at, answers=answers, approvals=approvals, in_bulk=in_bulk, as_recommended=followed)
    return found


def _add_changes(found: dict[UUID, Care], campaign: Campaign) -> None:
    """How often each reviewer changed their mind."""
    given = Decision.objects.filter(item__campaign=campaign).order_by().values_list("decided_by", "stage")
    for reviewer, _stage, changed in given.annotate(changed=Count("pk") - Count("item", distinct=True)):
        if reviewer in found:
            found[reviewer].changed += changed


def _add_standing(found: dict[UUID, Care], campaign: Campaign) -> None:
    """Whose answers count in the end, and which of them are against the recommendation."""
    counting = campaign.items.filter(decided_by__isnull=False).order_by().values_list("decided_by")
    for reviewer, standing, against in counting.annotate(
        standing=Count("pk"), against=Count("pk", filter=contradicting())
    ):
        if reviewer in found:
            found[reviewer].standing = standing
            found[reviewer].against = against


def _together(all_of_them: Iterable[Care]) -> Care:
    """Everybody as if they were one."""
    sums: dict[str, Any] = defaultdict(int)
    paces: Counter[float] = Counter()
    for care in all_of_them:
        paces.update(care.paces)
        for name in ("answers", "approvals", "in_bulk", "as_recommended", "changed", "standing", "against"):
            sums[name] += getattr(care, name)
    return Care(**sums, seconds=median(paces))
