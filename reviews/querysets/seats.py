"""Reads of seats in panels, and of what a panel asks about whoever sits in it: that is for others to answer."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from ..choices import ReviewerKind
from ..lifecycle import CampaignStatus

if TYPE_CHECKING:
    from ..models import PanelMember
    from .items import ItemQuerySet


def own_items(*, person: Any, panel: Any, **which: Any) -> "ItemQuerySet":
    """What a panel asks about this person, none of it where people review themselves: they never answer on it.

    Both may be expressions of an enclosing statement; few rows, found by the person.
    """
    from ..models import CampaignStage, ReviewItem

    of_the_stage = CampaignStage.objects.filter(campaign=OuterRef("campaign"), position=OuterRef("stage"))
    is_selfish = Exists(of_the_stage.filter(reviewers=ReviewerKind.SELF).order_by())
    return ReviewItem.objects.filter(~is_selfish, person=person, panel=panel, **which).order_by()


def number_of_own(*, person: Any, panel: Any, **which: Any) -> Coalesce:
    """How many those are."""
    counted = own_items(person=person, panel=panel, **which).values("panel").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number"), output_field=IntegerField()), 0)


class SeatQuerySet(models.QuerySet["PanelMember"]):
    """Seats: who sits, or sat, in which panel."""

    def current(self) -> Self:
        """Those of people who sit in a panel of the stage in which their campaign is."""
        is_open = Q(panel__stage=F("panel__campaign__stage"), panel__campaign__status=CampaignStatus.IN_PROGRESS)
        return self.filter(is_open, left_at=None)

    def with_open_items(self) -> Self:
        """Those in whose panel something is open that is not their own."""
        own = number_of_own(person=OuterRef("person"), panel=OuterRef("panel"), is_open=True)
        return self.filter(panel__open_items__gt=0).filter(panel__open_items__gt=own)

    def waiting(self) -> Self:
        """Those for whose answers somebody waits."""
        return self.current().with_open_items()

    def with_numbers(self) -> Self:
        """With `mine` and `mine_open`: how many items they are asked about there, and how many of them are open."""
        here: dict[str, Any] = {"person": OuterRef("person"), "panel": OuterRef("panel")}
        return self.annotate(
            mine=F("panel__total") - number_of_own(**here),
            mine_open=F("panel__open_items") - number_of_own(**here, is_open=True),
        )

    def asked_of_others(self) -> Self:
        """Those in whose panel something is asked, be it answered or not, that is not about whoever sits there."""
        own = number_of_own(person=OuterRef("person"), panel=OuterRef("panel"))
        return self.filter(panel__total__gt=own)

    def left_alone(self) -> Self:
        """Those of people who sit alone in a panel that asks about themselves, where that is open and still there."""
        from ..models import PanelMember

        others = PanelMember.objects.filter(panel=OuterRef("panel"), left_at=None).exclude(pk=OuterRef("pk"))
        own = own_items(person=OuterRef("person"), panel=OuterRef("panel"), is_open=True)
        return self.current().filter(~Exists(others), panel__open_items__gt=0).filter(Exists(own.standing()))
