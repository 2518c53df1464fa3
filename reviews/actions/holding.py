"""Holding a campaign open while somebody answers: what closes it, or opens its next stage, waits until that is done."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from directory.models import User

from ..lifecycle import CampaignStatus, IllegalMove
from ..models import Campaign, CampaignStage, Panel

SHARED = 'SELECT * FROM "reviews_campaign" WHERE "id" = %s FOR SHARE'
"""Reviewers do not wait for each other; Django has no word for this lock, and SQLite with its one writer needs none."""


def hold_open(campaign_id: UUID, *, now: datetime) -> tuple[Campaign, CampaignStage]:
    """The campaign and its open stage, neither of which ends before this transaction does.

    Locked after people and before panels and items (docs/adr/0002). Raises IllegalMove where nobody answers any more,
    also in the moments between the end of a stage and the sweep that closes it.
    """
    campaign = _held(campaign_id)
    if campaign.status != CampaignStatus.IN_PROGRESS:
        raise IllegalMove(_("This review is %(status)s.") % {"status": campaign.get_status_display()})
    stage = campaign.stages.get(position=campaign.stage)
    if stage.closed_at or (stage.ends_at and stage.ends_at <= now):
        ended = date_format(localtime(stage.closed_at or stage.ends_at), "DATETIME_FORMAT")
        raise IllegalMove(_("This review was open until %(when)s.") % {"when": ended})
    return campaign, stage


def _held(campaign_id: UUID) -> Campaign:
    if connection.vendor == "postgresql":
        return Campaign.objects.raw(SHARED, [campaign_id])[0]
    return Campaign.objects.get(pk=campaign_id)


def hold_panels(campaign: Campaign, *, of: User) -> list[UUID]:
    """The panels of the open stage in which this person sits, locked in one order: their items and their counts stay
    as they are until this transaction ends."""
    seated = Panel.objects.filter(campaign=campaign, stage=campaign.stage).asking(of).order_by("pk")
    return list(seated.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
