"""How campaigns and what came of their items look to those who look over them: tones and shares."""

from datetime import datetime

from django import template

from ..choices import ReviewerKind, ReviewScope
from ..lifecycle import ApplyState, CampaignStatus

register = template.Library()

TONES: dict[str, str] = {
    CampaignStatus.STARTING: "info",
    CampaignStatus.IN_PROGRESS: "info",
    CampaignStatus.COMPLETING: "info",
    CampaignStatus.DECIDED: "warn",
    CampaignStatus.APPLYING: "info",
    CampaignStatus.COMPLETED: "good",
    ApplyState.APPLIED: "good",
    ApplyState.FAILED: "bad",
}


@register.filter
def standing_tone(status: str) -> str:
    """The tone of a campaign's status, or of how far an item was applied."""
    return TONES.get(status, "neutral")


@register.filter
def share_of(number: int, total: int) -> str:
    """“12 %” of a total; nothing of none."""
    return f"{number / total:.0%}".replace("%", " %") if total else ""


@register.filter
def scope_in_words(scope: str) -> str:
    """What a review looks at."""
    return str(ReviewScope(scope).label)


@register.filter
def reviewers_in_words(kind: str) -> str:
    """Who reviews in a stage."""
    return str(ReviewerKind(kind).label)


@register.filter
def moment(text: str) -> datetime:
    """The moment that an ISO 8601 text says."""
    return datetime.fromisoformat(text)
