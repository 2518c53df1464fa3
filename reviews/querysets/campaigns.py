"""Reads of campaigns and panels."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, IntegerField, OuterRef, Q, Subquery, Sum

from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from ..lifecycle import RUNNING, UNFINISHED, CampaignStatus
from .reviews import defined_by
from .seats import number_of_own

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
        """Those in whose open stage this person is asked, with `mine` and `mine_open`: about how many items, and on how
        many of them nobody answered; and `closes_at`, when the stage does. What is asked about themselves is left out.

        `is_waiting`: only those with items that nobody answered, what closes first first.
        """
        from ..models import CampaignStage, PanelMember

        stage = CampaignStage.objects.filter(campaign=OuterRef("pk"), position=OuterRef("stage"))
        sitting = PanelMember.objects.filter(person=user, left_at=None)
        here = sitting.filter(panel__campaign=OuterRef("pk"), panel__stage=OuterRef("stage")).with_numbers()
        numbers = here.order_by().values("panel__campaign")
        found = self.open().filter(pk__in=sitting.order_by().values("panel__campaign"))
        found = found.annotate(
            mine=Subquery(numbers.annotate(all=Sum("mine")).values("all"), output_field=IntegerField()),
            mine_open=Subquery(numbers.annotate(all=Sum("mine_open")).values("all"), output_field=IntegerField()),
            closes_at=Subquery(stage.values("ends_at")),
        )
        if is_waiting:
            return found.filter(mine_open__gt=0).order_by("closes_at", "pk")
        return found.filter(mine__gt=0)

    def over_for(self, user: User) -> Self:
        """Those in which this person has nothing to answer, or not any more."""
        from ..models import PanelMember

        asked = PanelMember.objects.current().filter(person=user).asked_of_others()
        return self.exclude(pk__in=asked.order_by().values("panel__campaign")).exclude(status=CampaignStatus.STARTING)

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


class PanelQuerySet(models.QuerySet["Panel"]):
    """Panels."""

    def asking(self, user: User) -> Self:
        """The panels in which this person sits now."""
        return self.filter(members__person=user, members__left_at=None)

    def with_own_of(self, user: User) -> Self:
        """With `own` and `own_open`: how many of its items are about this person, who never answers on them."""
        own = number_of_own(person=user, panel=OuterRef("pk"))
        return self.annotate(own=own, own_open=number_of_own(person=user, panel=OuterRef("pk"), is_open=True))

    def abandoned(self) -> Self:
        """Those of open stages in which nobody sits, while something that is still there is open."""
        from ..models import PanelMember, ReviewItem

        seats = PanelMember.objects.filter(panel=OuterRef("pk"), left_at=None)
        items = ReviewItem.objects.filter(panel=OuterRef("pk")).open().standing()
        return self.current().filter(~Exists(seats), open_items__gt=0).filter(Exists(items))

    def current(self) -> Self:
        """Those of the stage in which their campaign is."""
        return self.filter(stage=F("campaign__stage"), campaign__status=CampaignStatus.IN_PROGRESS)
