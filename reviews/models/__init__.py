"""What the reviews app stores."""

from .campaigns import Campaign, CampaignStage, CampaignWork, PopulationPart, WorkKind
from .items import Decision, ReviewItem
from .panels import Panel, PanelMember
from .reviews import LONGEST_NOTE, MOST_STAGES, NAMED_BY, Review, ReviewStage

__all__ = [
    "LONGEST_NOTE",
    "MOST_STAGES",
    "NAMED_BY",
    "Campaign",
    "CampaignStage",
    "CampaignWork",
    "Decision",
    "Panel",
    "PanelMember",
    "PopulationPart",
    "Review",
    "ReviewItem",
    "ReviewStage",
    "WorkKind",
]
