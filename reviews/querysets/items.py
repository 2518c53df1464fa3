"""Reads of review items."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from directory.models import User
from provisioning.lifecycle import GrantStatus
from requests_app.lifecycle import LIVE

from ..choices import ReviewerKind, Verdict
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

    def visible_to(self, user: User) -> Self:
        """What was put to this person or answered by them, and what is in campaigns whose results they may see.

        What others say about oneself is among it in a self-review alone.
        """
        from ..models import Campaign, Decision, PanelMember

        if not user.is_active:
            return self.none()
        seated = Exists(PanelMember.objects.filter(panel=OuterRef("panel"), person=user, left_at=None))
        put = Q(seated) & (~Q(person=user) | Q(panel__only_member=user))
        answered = Exists(Decision.objects.filter(item=OuterRef("pk"), decided_by=user))
        return self.filter(put | Q(answered) | Q(campaign__in=Campaign.objects.visible_to(user).values("pk")))

    def open(self) -> Self:
        """Items that nobody answered in their stage."""
        return self.filter(is_open=True)

    def standing(self) -> Self:
        """What has not ended since it was frozen."""
        gone = (GrantStatus.REMOVAL_PENDING, GrantStatus.REMOVED)
        return self.filter(Q(assignment__status__in=LIVE) | Q(grant__isnull=False) & ~Q(grant__status__in=gone))

    def recommended(self, recommendation: str) -> Self:
        """What nobody answered yet and what carries this recommendation; privileged access is answered one by one."""
        unanswered = self.open().filter(verdict=Verdict.NOT_REVIEWED, is_privileged=False)
        return unanswered.filter(recommendation=recommendation)

    def with_access(self) -> Self:
        """With the person, and the assignment or grant as it is now."""
        return self.select_related("person", "assignment__package", "grant")

    def unapplied(self) -> Self:
        """What is to go and is not known to be gone."""
        return self.filter(state__in=UNAPPLIED)
