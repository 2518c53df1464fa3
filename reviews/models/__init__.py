"""What the reviews app stores."""

from .campaigns import Campaign, CampaignStage, CampaignWork, PopulationPart, WorkKind
from .cues import Cue
from .guests import Farewell, GuestRemoval
from .items import Decision, ReviewItem
from .panels import Panel, PanelMember
from .peers import EVERYBODY, PeerCount
from .reviews import LONGEST_NOTE, MOST_STAGES, NAMED_BY, Review, ReviewStage

__all__ = [
    "EVERYBODY",
    "LONGEST_NOTE",
    "MOST_STAGES",
    "NAMED_BY",
    "Campaign",
    "CampaignStage",
    "CampaignWork",
    "Cue",
    "Decision",
    "Farewell",
    "GuestRemoval",
    "Panel",
    "PanelMember",
    "PeerCount",
    "PopulationPart",
    "Review",
    "ReviewItem",
    "ReviewStage",
    "WorkKind",
]
