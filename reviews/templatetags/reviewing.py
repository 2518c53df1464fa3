"""How campaigns, answers and recommendations look: tones, and how far a reviewer is."""

from datetime import datetime
from typing import Any

from django import template

from ..choices import Recommendation, Verdict
from ..models import Campaign

register = template.Library()

TONES: dict[str, str] = {
    Verdict.APPROVE: "good",
    Verdict.DENY: "bad",
    Verdict.DONT_KNOW: "neutral",
    Verdict.NOT_REVIEWED: "info",
    Recommendation.NONE: "neutral",
}


@register.filter
def verdict_tone(value: str) -> str:
    """The tone of an answer or a recommendation."""
    return TONES.get(value, "neutral")


@register.filter
def done(campaign: Any) -> int:
    """On how many of their items this reviewer answered; of a campaign that knows `mine` and `mine_open`."""
    return int(campaign.mine - campaign.mine_open)


@register.filter
def until(campaign: Campaign) -> datetime | None:
    """Until when the stage is open; of one that was read `open_for` somebody, who has its end as `closes_at`."""
    return getattr(campaign, "closes_at", campaign.ends_at)
