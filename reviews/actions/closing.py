"""The end of a stage: items move on to the next stage, or the campaign closes and its results are drawn, set by set.

From the moment when a stage closes until the next one is open nobody answers. Both are carried in committed batches,
each of which begins where the one before it ended.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from accessgov import outbox
from provisioning.models import Grant
from requests_app.models import Assignment

from .. import events
from ..choices import ApplyWhen, NoResponse, Recommendation, Result, Verdict
from ..lifecycle import ApplyState, CampaignStatus
from ..models import Campaign, CampaignStage, CampaignWork, Panel, ReviewItem, WorkKind
from ..population import ASSIGNMENTS, GRANTS
from ..terms import Terms
from . import convening
from .applying import begin_applying
from .carrying import ask_for, hold, keep, record
from .following import complete

logger = logging.getLogger(__name__)

BATCH = 20_000
"""Items that one statement moves on, or concludes."""
SWEEP = 200
"""Campaigns that one sweep looks at."""
REMOVED_UNANSWERED = {
    NoResponse.KEEP: Q(pk__in=[]),
    NoResponse.REMOVE: Q(verdict=Verdict.NOT_REVIEWED),
    NoResponse.RECOMMENDATION: Q(verdict=Verdict.NOT_REVIEWED, recommendation=Recommendation.DENY),
}
"""What goes although nobody answered, by what the terms say."""


def move_on_due(*, now: datetime) -> int:
    """Close every stage whose time is over; returns in how many campaigns. Each is committed by itself."""
    moved = 0
    for campaign_id in list(Campaign.objects.due_to_move_on(now).values_list("pk", flat=True)[:SWEEP]):
        try:
            moved += _move_on_if_due(campaign_id, now=now)
        except Exception:
            logger.exception("The stage of the campaign %s could not be closed", campaign_id)
    return moved


def close_all_due(*, now: datetime) -> int:
    """Carry every stage that is over to its end at `now`; returns how many campaigns closed. For commands and tests."""
    from ..working import carry_all_due

    while move_on_due(now=now) + carry_all_due(WorkKind.ADVANCE, now=now):
        pass
    return carry_all_due(WorkKind.CLOSE, now=now)


def close_stage(campaign: Campaign, *, now: datetime) -> None:
    """Close the open stage of a locked campaign: what the next stage takes on moves there, else the campaign closes.

    A stage that would take nothing on is passed over. Raises IllegalMove.
    """
    campaign.stages.filter(position=campaign.stage).update(closed_at=now)
    for stage in campaign.stages.filter(position__gt=campaign.stage, closed_at=None):
        if _taken_on(campaign, stage).exists():
            ask_for(WorkKind.ADVANCE, campaign, now=now)
            return
        stage.closed_at = now
        stage.save(update_fields=["closed_at"])
    close(campaign, now=now)


def close(campaign: Campaign, *, now: datetime) -> None:
    """Close a locked campaign, with whatever stages are left, and have its results drawn. Raises IllegalMove."""
    campaign.move_to(CampaignStatus.COMPLETING, at=now)
    campaign.stages.filter(closed_at=None).update(closed_at=now)
    outbox.supersede(CampaignWork.objects.filter(campaign=campaign, kind=WorkKind.ADVANCE), now=now)
    ask_for(WorkKind.CLOSE, campaign, now=now)


@transaction.atomic
def advance_batch(*, work: CampaignWork, now: datetime) -> bool:
    """Take the next step of opening a stage; returns whether there is another. Raises LeaseLostError.

    First its panels are convened, then items are put to them, a fixed number of statements for each batch.
    """
    campaign = hold(work)
    stage = campaign.stages.filter(position__gt=campaign.stage, closed_at=None)[0]
    if not Panel.objects.filter(campaign=campaign, stage=stage.position).exists():
        convening.convene(campaign=campaign, stage=stage, now=now, held=_held(campaign, stage))
    elif not (count := _put_to(stage, campaign=campaign)):
        _open(stage, campaign=campaign, now=now)
        outbox.settle(work, now=now)
        return False
    else:
        work.done += count
    keep(work, now=now)
    return True


@transaction.atomic
def close_batch(*, work: CampaignWork, now: datetime) -> bool:
    """Draw the results of the next items; returns whether there are more. Raises LeaseLostError.

    Two statements for each batch, beside those that hold it.
    """
    campaign = hold(work)
    rows = ReviewItem.objects.filter(campaign=campaign, state=ApplyState.NEW)
    rows = rows.filter(pk__gt=work.cursor) if work.cursor else rows
    last = _last_of_batch(rows)
    part = rows.filter(pk__lte=last) if last else rows
    work.done += ReviewItem.conclude_all(part, goes=what_goes(campaign.rules))
    work.cursor = last
    keep(work, now=now)
    if last:
        return True
    outbox.settle(work, now=now)
    _conclude(campaign, now=now)
    return False


def what_goes(terms: Terms) -> Q:
    """Which items are to be removed: those that were denied, and of those that nobody answered what the terms say.

    What reviewers did not know stays.
    """
    return Q(verdict=Verdict.DENY) | REMOVED_UNANSWERED[NoResponse(terms.if_no_response)]


# --- Moving on --------------------------------------------------------------------------------------------------------


@transaction.atomic
def _move_on_if_due(campaign_id: UUID, *, now: datetime) -> bool:
    rows = Campaign.objects.with_review().filter(pk=campaign_id, status=CampaignStatus.IN_PROGRESS)
    campaign = rows.select_for_update(of=("self",), no_key=True).first()
    due = Q(closed_at=None, ends_at__lte=now)
    if campaign is None or not campaign.stages.filter(due, position=campaign.stage).exists():
        return False
    close_stage(campaign, now=now)
    return True


def _taken_on(campaign: Campaign, stage: CampaignStage) -> "QuerySet[ReviewItem]":
    """What of the stage that closed is asked about again, but for what was removed at once."""
    rows = ReviewItem.objects.filter(campaign=campaign, stage=campaign.stage, state=ApplyState.NEW)
    return rows.filter(verdict__in=stage.takes)


def _held(campaign: Campaign, stage: CampaignStage) -> "dict[str, QuerySet[Any]]":
    """The assignments and grants that the items are about which move on."""
    items = _taken_on(campaign, stage).order_by()
    held: dict[str, QuerySet[Any]] = {
        ASSIGNMENTS: Assignment.objects.filter(pk__in=items.filter(assignment__isnull=False).values("assignment")),
        GRANTS: Grant.objects.filter(pk__in=items.filter(grant__isnull=False).values("grant")),
    }
    return {name: rows for name, rows in held.items() if rows.exists()}


def _put_to(stage: CampaignStage, *, campaign: Campaign) -> int:
    """Put the next items to the panels of the stage, where the earlier answer stands until it is overwritten."""
    rows = _taken_on(campaign, stage).order_by("pk")
    last = _last_of_batch(rows)
    part = (rows.filter(pk__lte=last) if last else rows).order_by()
    count = 0
    for source, key, about in ((ASSIGNMENTS, "assignment", Assignment), (GRANTS, "grant", Grant)):
        panel = about._default_manager.filter(pk=OuterRef(key)).order_by()
        panels = Subquery(panel.values(chosen=convening.panel_of(source, stage=stage)))
        those = part.filter(**{f"{key}__isnull": False})
        count += those.update(panel=panels, stage=stage.position, is_open=True)
    return count


def _open(stage: CampaignStage, *, campaign: Campaign, now: datetime) -> None:
    """Everything is put to its panel: count it, and let reviewers go on."""
    convening.count(stage=stage)
    stage.starts_at, stage.ends_at = now, now + stage.duration
    stage.save(update_fields=["starts_at", "ends_at"])
    campaign.stage, campaign.ends_at = stage.position, stage.ends_at + time_after(stage)
    campaign.save(update_fields=["stage", "ends_at"])
    until = stage.ends_at.isoformat()
    record(events.CAMPAIGN_STAGE_OPENED, campaign, now=now, position=stage.position, until=until)


def time_after(stage: CampaignStage) -> timedelta:
    """How long the stages after this one are open, together."""
    later = CampaignStage.objects.filter(campaign=stage.campaign_id, position__gt=stage.position, closed_at=None)
    return sum(later.values_list("duration", flat=True), timedelta())


# --- Closing ----------------------------------------------------------------------------------------------------------


def _conclude(campaign: Campaign, *, now: datetime) -> None:
    """All results are drawn: say how many, and go on as the terms say."""
    found = campaign.items.aggregate(
        kept=Count("pk", filter=Q(result=Result.KEEP)),
        removed=Count("pk", filter=Q(result=Result.REMOVE)),
        unanswered=Count("pk", filter=Q(verdict=Verdict.NOT_REVIEWED)),
        unknown=Count("pk", filter=Q(verdict=Verdict.DONT_KNOW)),
    )
    record(events.CAMPAIGN_CLOSED, campaign, now=now, **found)
    if not found["removed"]:
        campaign.move_to(CampaignStatus.APPLYING, at=now)
        complete(campaign.pk, now=now)
    elif campaign.rules.applies == ApplyWhen.BY_HAND:
        campaign.move_to(CampaignStatus.DECIDED, at=now)
    else:
        begin_applying(campaign, now=now)


def _last_of_batch(rows: "QuerySet[ReviewItem]") -> UUID | None:
    """The id of the last item of a batch; None where what is left fits into one."""
    return rows.order_by("pk").values_list("pk", flat=True)[BATCH - 1 : BATCH].first()
