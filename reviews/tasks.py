"""Celery's side of reviews: campaigns that start by the calendar, and the long work on them."""

from celery import shared_task
from django.utils import timezone

from accessgov import outbox

from .models import CampaignWork, Cue


@shared_task
def start_reviews() -> int:
    """Start every campaign whose time has come."""
    from .actions import starting

    return starting.start_due(timezone.now())


@shared_task
def carry_work(work_id: str) -> None:
    """Carry one piece of work for a while, unless somebody else holds it or it is done; then others get their turn."""
    from .working import carry

    works = CampaignWork.objects.select_related("campaign__review").filter(pk=work_id)
    for work in outbox.claim(works, now=timezone.now()):
        if carry(work):
            outbox.send(carry_work, [work_id])


@shared_task
def sweep_work() -> int:
    """Hand out all work that is due and that nobody holds."""
    return outbox.sweep(CampaignWork.objects.all(), task=carry_work, now=timezone.now())


@shared_task
def replace_absent() -> int:
    """Have others review for whoever was disabled, and whoever stands in beside those who are away."""
    from .actions import replacing

    now = timezone.now()
    return replacing.replace_absent(now=now) + replacing.seat_delegates(now=now)


@shared_task
def move_on() -> int:
    """Close every stage whose time is over."""
    from .actions import closing

    return closing.move_on_due(now=timezone.now())


@shared_task
def follow_applying() -> int:
    """Follow what is being removed, and end the campaigns of which everything is applied."""
    from .actions import applying

    return applying.follow(now=timezone.now())


@shared_task
def delete_guests() -> int:
    """Delete the guests who were denied thirty days ago."""
    from .actions import guests

    return guests.delete_due(now=timezone.now())


@shared_task
def heed_cue(cue_id: str) -> None:
    """Begin one campaign for what happened to somebody."""
    from .actions import reacting

    now = timezone.now()
    for cue in outbox.claim(Cue.objects.filter(pk=cue_id), now=now):
        reacting.heed(cue, now=now)


@shared_task
def heed_cues() -> int:
    """Hand out everything that happened to somebody, and that no campaign was begun for yet."""
    return outbox.sweep(Cue.objects.all(), task=heed_cue, now=timezone.now())


@shared_task
def look_for_conflicts() -> int:
    """Find who holds what is incompatible, where that is to be reviewed."""
    from .actions import reacting

    return reacting.look_for_conflicts(now=timezone.now())


@shared_task
def look_for_dormant() -> int:
    """Find who has used nothing for long, where that is to be reviewed."""
    from .actions import reacting

    return reacting.look_for_dormant(now=timezone.now())
