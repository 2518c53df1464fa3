"""Reads of review items."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from directory.models import User

from ..choices import ReviewerKind
from ..lifecycle import UNAPPLIED, CampaignStatus

if TYPE_CHECKING:
    from ..models import ReviewItem


class ItemQuerySet(models.QuerySet["ReviewItem"]):
    """Review items."""

    def asked_of(self, user: User) -> Self:
        """What this person may answer now: in their panels, in the open stage, and never about themselves unless
        people review themselves in it.
        """
        from ..models import CampaignStage, Panel

        if not user.is_active:
            return self.none()
        panels = list(Panel.objects.current().asking(user).values_list("pk", "campaign_id"))
        theirs = {panel for panel, _campaign in panels}
        selfish = CampaignStage.objects.filter(
            campaign__in={campaign for _panel, campaign in panels},
            position=F("campaign__stage"),
            reviewers=ReviewerKind.SELF,
        )
        asked = self.filter(panel__in=theirs, campaign__status=CampaignStatus.IN_PROGRESS)
        return asked.filter(~Q(person=user) | Q(campaign__in=selfish.values("campaign")))

    def open(self) -> Self:
        """Items that nobody answered in their stage."""
        return self.filter(is_open=True)

    def unapplied(self) -> Self:
        """What is to go and is not known to be gone."""
        return self.filter(state__in=UNAPPLIED)
