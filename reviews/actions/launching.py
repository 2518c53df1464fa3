"""Launches: a campaign's panels are convened, its population is frozen part by part, and its first stage opens.

Each step is committed before the next begins. A part and its items are one transaction, so that whoever goes on after a
crash begins behind the last part: nothing is written twice, and nothing is left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accessgov import outbox

from .. import events, freezing, recommending
from ..hashing import hash_items
from ..inserting import insert_select
from ..lifecycle import CampaignStatus
from ..models import Campaign, CampaignStage, CampaignWork, Panel, PopulationPart, ReviewItem, WorkKind
from ..population import Source, frozen_of, sources_of
from . import carrying, convening, counting

Rows = TypeVar("Rows", bound="QuerySet[Any]")
PART = 50_000
"""Assignments, or grants, that are taken in by one transaction."""


@dataclass(frozen=True)
class Range:
    """Keys behind `after`, up to `until`; None is no bound."""

    after: UUID | None
    until: UUID | None

    def of(self, rows: Rows, key: str) -> Rows:
        """Those of these rows whose key is within."""
        if self.after:
            rows = rows.filter(**{f"{key}__gt": self.after})
        return rows.filter(**{f"{key}__lte": self.until}) if self.until else rows


def launch_all_due(*, now: datetime) -> int:
    """Carry every launch that is due at `now` to its end; returns how many. For commands and tests."""
    from ..working import carry_all_due

    return carry_all_due(WorkKind.LAUNCH, now=now)


@transaction.atomic
def launch_batch(*, work: CampaignWork, now: datetime) -> bool:
    """Take the next step of a launch; returns whether there is another.

    A fixed number of statements for each part. Raises LeaseLostError, with nothing done, where the launch is not wanted
    any more or another worker has it.
    """
    campaign = carrying.hold(work)
    stage = campaign.stages.get(position=campaign.stage)
    if not Panel.objects.filter(campaign=campaign, stage=stage.position).exists():
        _convene(campaign, stage, now=now)
    elif source := _next_source(campaign):
        work.done += _freeze_part(campaign, stage, *source)
    else:
        _open(campaign, stage, now=now)
        outbox.settle(work, now=now)
        return False
    carrying.keep(work, now=now)
    return True


# --- The steps --------------------------------------------------------------------------------------------------------


def _convene(campaign: Campaign, stage: CampaignStage, *, now: datetime) -> None:
    """Beside the panels, about how many items there will be: what progress is measured by until they are counted."""
    convening.convene(campaign=campaign, stage=stage, now=now)
    counting.count_peers(campaign=campaign)
    campaign.total = sum(source.rows.count() for source in sources_of(campaign))
    campaign.save(update_fields=["total"])


def _next_source(campaign: Campaign) -> tuple[Source, UUID | None, int] | None:
    """What is to be frozen next, behind which key, as which part; None where all of it is."""
    sources = sources_of(campaign)
    last = campaign.parts.order_by("-number").first()
    if last is None:
        return sources[0], None, 1
    position = [source.name for source in sources].index(last.source)
    if last.cursor:
        return sources[position], last.cursor, last.number + 1
    return (sources[position + 1], None, last.number + 1) if position + 1 < len(sources) else None


def _freeze_part(campaign: Campaign, stage: CampaignStage, source: Source, after: UUID | None, number: int) -> int:
    behind = Range(after, None).of(source.rows, "pk")
    last_and_next = list(behind.order_by("pk").values_list("pk", flat=True)[PART - 1 : PART + 1])
    keys = Range(after, last_and_next[0] if len(last_and_next) > 1 else None)
    insert_select(
        ReviewItem,
        keys.of(source.rows, "pk").order_by(),
        campaign=campaign.pk,
        panel=convening.panel_of(source.name, stage=stage),
        stage=stage.position,
        **frozen_of(source, campaign),
    )
    hashed = hash_items(
        keys.of(ReviewItem.objects.filter(campaign=campaign, **{f"{source.key}__isnull": False}), source.key)
    )
    PopulationPart.objects.create(
        campaign=campaign,
        number=number,
        source=source.name,
        cursor=keys.until,
        items=hashed.items,
        digest=hashed.digest,
    )
    return hashed.items


def _open(campaign: Campaign, stage: CampaignStage, *, now: datetime) -> None:
    """All is frozen: count it, keep and journal its digest, and let reviewers begin."""
    convening.count(stage=stage)
    counting.forget_peers(campaign=campaign)
    parts = list(campaign.parts.order_by("number").values_list("items", "digest"))
    campaign.total = sum(items for items, _digest in parts)
    campaign.digest = freezing.digest_of(digest for _items, digest in parts)
    campaign.freshness = recommending.freshness(campaign.rules, campaign.created_at)
    campaign.ends_at = now + sum((one.duration for one in campaign.stages.all()), timedelta())
    campaign.save(update_fields=["total", "digest", "freshness", "ends_at"])
    campaign.move_to(CampaignStatus.IN_PROGRESS, at=now)
    if not campaign.total:
        _end_empty(campaign, now=now)
        return
    stage.starts_at, stage.ends_at = now, now + stage.duration
    stage.save(update_fields=["starts_at", "ends_at"])
    carrying.record(
        events.CAMPAIGN_OPENED,
        campaign,
        actor=campaign.started_by,
        now=now,
        until=stage.ends_at.isoformat(),
        total=campaign.total,
        digest=campaign.digest,
        freshness=campaign.freshness,
        rerouted=sum(_rerouted(stage)),
    )


def _rerouted(stage: CampaignStage) -> "QuerySet[Any]":
    """How many items went to panels of people whom the stage does not name."""
    panels = Panel.objects.filter(campaign=stage.campaign_id, stage=stage.position, is_rerouted=True)
    return panels.values_list("total", flat=True)


def _end_empty(campaign: Campaign, *, now: datetime) -> None:
    for status in (CampaignStatus.COMPLETING, CampaignStatus.APPLYING, CampaignStatus.COMPLETED):
        campaign.move_to(status, at=now)
    carrying.record(events.CAMPAIGN_EMPTY, campaign, actor=None, now=now, digest=campaign.digest)
