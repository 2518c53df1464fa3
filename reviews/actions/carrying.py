"""What all work on campaigns shares: asking for it, holding it while a batch is carried, keeping how far it came."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accessgov import outbox
from accessgov.outbox import LeaseLostError, WorkStatus
from audit import journal
from directory.models import User

from .. import events
from ..models import Campaign, CampaignWork, WorkKind


def ask_for(kind: WorkKind, campaign: Campaign, *, now: datetime) -> CampaignWork:
    """Write down that this is to be done to a campaign in its present stage, and hint at it after the commit."""
    from ..tasks import carry_work

    work = CampaignWork(campaign=campaign, kind=kind, due_at=now, created_at=now, correlation_id=campaign.pk)
    work.idempotency_key = f"{campaign.pk}:{kind}:{campaign.stage}"
    work.save()
    outbox.dispatch(carry_work, [work.pk])
    return work


def hold(work: CampaignWork) -> Campaign:
    """The work's campaign, both locked. Raises LeaseLostError where it is not ours to carry any more.

    People are locked before them, where access changes, and panels and items afterwards (docs/adr/0002).
    """
    campaign = Campaign.objects.with_review().select_for_update(of=("self",), no_key=True).get(pk=work.campaign_id)
    if not outbox.still_held([work]):
        raise LeaseLostError(f"The work {work.pk} is not wanted any more, or another worker has it.")
    return campaign


def keep(work: CampaignWork, *, now: datetime) -> None:
    """How far it came, with a new lease and its attempts counted anew: it is locked."""
    work.attempts, work.leased_until = 1, now + outbox.LEASE
    work.save(update_fields=["done", "cursor", "attempts", "leased_until"])


@transaction.atomic
def note_failed(*, work: CampaignWork, error: str, now: datetime) -> None:
    """A batch could not be carried: it is tried again later, or stuck. Raises LeaseLostError."""
    outbox.postpone(work, error=error, now=now)
    if work.status == WorkStatus.STUCK:
        record(events.CAMPAIGN_WORK_STUCK, work.campaign, now=now, error=error)


def record(verb: str, campaign: Campaign, *, now: datetime, actor: User | None = None, **details: Any) -> None:
    """Journal something about a campaign; all that is told of it shares its story.

    It is best loaded `with_review`: the event is found by the package under review as well.
    """
    journal.record(
        verb,
        actor=actor,
        target=campaign,
        person=campaign.person,
        package=campaign.review.package_concerned,
        at=now,
        details=details,
        correlation_id=campaign.pk,
    )
