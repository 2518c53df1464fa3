"""Whoever is moved again while they are reviewed: what is open goes on to the newest manager, who has the same time."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from directory.models import User

from .. import events
from ..choices import ReviewerKind
from ..lifecycle import ApplyState, CampaignStatus
from ..models import Campaign, CampaignStage, Panel, ReviewItem
from .carrying import record
from .closing import time_after
from .handing_on import move_to_panel


@transaction.atomic
def put_to_manager(*, campaign: Campaign, manager: User, now: datetime) -> bool:
    """Put what is open in a campaign about one person to the manager that they have by now, and give them the stage's
    whole time; what was answered stays, and what was handed on to somebody stays with them.

    Returns whether the stage that is open asks this manager by now; not where it asks others, or is over.
    """
    locked = Campaign.objects.with_review().select_for_update(of=("self",), no_key=True).get(pk=campaign.pk)
    stage = locked.stages.get(position=locked.stage)
    if locked.status != CampaignStatus.IN_PROGRESS or stage.closed_at or not stage.ends_at or stage.ends_at <= now:
        return False
    if stage.reviewers != ReviewerKind.MANAGER or not manager.is_active:
        return False
    panels = Panel.objects.filter(campaign=locked, stage=stage.position)
    theirs = panels.filter(Q(key__startswith=f"{ReviewerKind.MANAGER}:") | Q(is_rerouted=True))
    open_items = ReviewItem.objects.filter(is_open=True, state=ApplyState.NEW).exclude(person=manager)
    items = open_items.filter(panel__in=theirs.exclude(only_member=manager).order_by().values("pk"))
    if items.exists():
        moved = move_to_panel(items, _panel_of(manager, campaign=locked, stage=stage, now=now))
        _give_time(locked, stage, now=now)
        told = {"count": moved, "reviewer": str(manager), "asked": [str(manager.pk)]}
        record(events.ITEMS_PUT_TO_MANAGER, locked, now=now, actor=None, **told)
    return True


def _panel_of(manager: User, *, campaign: Campaign, stage: CampaignStage, now: datetime) -> Panel:
    """Theirs, also where they were asked before, and are again."""
    panel, _is_new = Panel.objects.get_or_create(
        campaign=campaign,
        stage=stage.position,
        key=f"{ReviewerKind.MANAGER}:{manager.pk}",
        defaults={"anchor": manager.pk, "only_member": manager, "via": str(ReviewerKind.MANAGER.label)},
    )
    panel.members.get_or_create(person=manager, left_at=None, defaults={"asked_at": now})
    return panel


def _give_time(campaign: Campaign, stage: CampaignStage, *, now: datetime) -> None:
    stage.ends_at = now + stage.duration
    stage.save(update_fields=["ends_at"])
    campaign.ends_at = stage.ends_at + time_after(stage)
    campaign.save(update_fields=["ends_at"])
