"""What came of many campaigns: the totals that the journal has of their close, so that a page counts no items."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from audit.models import Event

from .. import events
from ..lifecycle import UNAPPLIED
from ..models import Campaign, ReviewItem


@dataclass(frozen=True)
class Totals:
    """A campaign with what it came to; None before its close."""

    campaign: Campaign
    kept: int | None = None
    removed: int | None = None
    unanswered: int | None = None
    unapplied: int = 0
    """What is to go and is not known to be gone."""


def totals_of(campaigns: Sequence[Campaign]) -> list[Totals]:
    """The totals of these campaigns, in their order; by two statements."""
    closes = Event.objects.filter(
        target_id__in=[str(campaign.pk) for campaign in campaigns], verb=events.CAMPAIGN_CLOSED
    )
    closed = dict(closes.order_by("occurred_at").values_list("target_id", "details"))
    left = _unapplied(campaigns)
    names = ("kept", "removed", "unanswered")
    return [
        Totals(
            campaign=campaign,
            unapplied=left.get(campaign.pk, 0),
            **{name: closed.get(str(campaign.pk), {}).get(name) for name in names},
        )
        for campaign in campaigns
    ]


def _unapplied(campaigns: Sequence[Campaign]) -> dict[object, int]:
    items = ReviewItem.objects.filter(campaign__in=[campaign.pk for campaign in campaigns], state__in=UNAPPLIED)
    return dict(items.order_by().values_list("campaign").annotate(number=Count("pk")))
