"""Reads of reviews, campaigns, panels and items."""

from .campaigns import CampaignQuerySet, PanelQuerySet
from .items import ItemQuerySet
from .reviews import ReviewQuerySet
from .seats import SeatQuerySet

__all__ = ["CampaignQuerySet", "ItemQuerySet", "PanelQuerySet", "ReviewQuerySet", "SeatQuerySet"]
