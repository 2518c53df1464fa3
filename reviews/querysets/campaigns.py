"""Reads of campaigns and panels."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum

from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from ..lifecycle import RUNNING, UNFINISHED, CampaignStatus
from .reviews import defined_by

if TYPE_CHECKING:
    from ..models import Campaign, Panel


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Campaigns."""

    def visible_to(self, user: User) -> Self:
        """Those whose results one may see; see `asking` for those that one reviews in."""
        if can_read_everything(user):
            return self.all()
        return self.filter(defined_by(user, prefix="review__")) if user.is_active else self.none()

    def steerable_by(self, user: User) -> Self:
        """Those that this person may extend, stop, reset and apply."""
        if is_administrator(user):
            return self.all()
        return self.filter(defined_by(user, prefix="review__")) if user.is_active else self.none()

    def asking(self, user: User) -> Self:
        """Those in which this person is, or was, a reviewer."""
        from ..models import PanelMember

        seats = PanelMember.objects.filter(person=user, panel__campaign=OuterRef("pk"))
        return self.filter(Exists(seats)) if user.is_active else self.none()

    def open_for(self, user: User, *, is_waiting: bool = False) -> Self:
        """Those in whose open stage this person sits, with `mine` and `mine_open`: how many items they are asked about,
        and on how many of them nobody answered; and `closes_at`, when the stage does. What closes first comes first.

        `is_waiting`: only those with items that nobody answered.
        """
        from ..models import CampaignStage

        stage = CampaignStage.objects.filter(campaign=OuterRef("pk"), position=OuterRef("stage"))
        seated = self.open().filter(panels__stage=F("stage"), **_sits(user))
        counted = seated.annotate(mine=Sum("panels__total"), mine_open=Sum("panels__open_items"))
        found = counted.annotate(closes_at=Subquery(stage.values("ends_at"))).order_by("closes_at", "pk")
        return found.filter(mine_open__gt=0) if is_waiting else found

    def over_for(self, user: User) -> Self:
        """Those in which this person has nothing to answer, or not any more."""
        from ..models import Panel

        asked = Panel.objects.current().asking(user).values("campaign")
        return self.exclude(pk__in=asked).exclude(status=CampaignStatus.STARTING)

    def open(self) -> Self:
        """Campaigns in which reviewers answer."""
        return self.filter(status=CampaignStatus.IN_PROGRESS)

    def running(self) -> Self:
        """Campaigns that are being started or answered."""
        return self.filter(status__in=RUNNING)

    def unfinished(self) -> Self:
        """Campaigns of which something is still to be done."""
        return self.filter(status__in=UNFINISHED)

    def with_review(self) -> Self:
        """With the review, the package that it is about, and the people whom events of it name."""
        return self.select_related("review__policy__package", "review__package", "person", "started_by")

    def due_to_move_on(self, now: datetime) -> Self:
        """Open campaigns whose stage has come to its end."""
        ended = Q(stages__position=F("stage"), stages__closed_at=None, stages__ends_at__lte=now)
        return self.open().filter(ended).order_by("ends_at", "pk")


def _sits(user: User) -> dict[str, Any]:
    return {"panels__members__person": user, "panels__members__left_at": None}


class PanelQuerySet(models.QuerySet["Panel"]):
    """Panels."""

    def asking(self, user: User) -> Self:
        """The panels in which this person sits now."""
        return self.filter(members__person=user, members__left_at=None)

    def waiting_for(self, person: Any) -> Self:
        """Those of open stages in which this person (an id, or an expression for one) sits and items are open."""
        return self.current().filter(members__person=person, members__left_at=None, open_items__gt=0)

    def current(self) -> Self:
        """Those of the stage in which their campaign is."""
        return self.filter(stage=F("campaign__stage"), campaign__status=CampaignStatus.IN_PROGRESS)
