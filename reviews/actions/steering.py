"""Steering a campaign that runs: extended, stopped, reset, canceled, reminded, applied by hand, put back to work.

Whoever may define its review steers it, also where they are among those who are reviewed: steering decides nothing.
"""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.models import Event
from directory.models import User

from .. import events
from ..choices import Verdict
from ..lifecycle import ApplyState, CampaignStatus, IllegalMove
from ..models import Campaign, CampaignStage, CampaignWork, Decision, Panel, ReviewItem
from ..permissions import STEERED_BY, can_steer
from .applying import begin_applying
from .carrying import record
from .closing import close, close_stage, time_after
from .counting import forget_peers


@transaction.atomic
def extend(*, campaign: Campaign, until: datetime, actor: User, now: datetime) -> Campaign:
    """Keep the open stage open until a later moment; later stages begin so much later.

    Raises PermissionDenied, IllegalMove where no stage is open, and ValidationError (of `until`) where that is not
    later than its end, or would reach into the review's next campaign.
    """
    locked, stage = _open_stage(campaign, actor)
    if stage.ends_at is None or until <= max(stage.ends_at, now):
        raise ValidationError({"until": _("Give a moment that is later than its end is now.")})
    ends_at = until + time_after(stage)
    next_at = locked.review.next_at
    if next_at and next_at > now and locked.person is None and ends_at > next_at:
        told = {"when": date_format(localtime(next_at), "DATETIME_FORMAT")}
        raise ValidationError({"until": _("The next campaign of this review starts on %(when)s.") % told})
    stage.ends_at, locked.ends_at = until, ends_at
    stage.save(update_fields=["ends_at"])
    locked.save(update_fields=["ends_at"])
    record(events.CAMPAIGN_EXTENDED, locked, actor=actor, now=now, until=until.isoformat())
    return locked


@transaction.atomic
def stop(*, campaign: Campaign, why: str, actor: User, now: datetime) -> Campaign:
    """Close it now, with whatever stages are left, and apply what was answered as at any close. It cannot be undone.

    Raises PermissionDenied, ValidationError (of `why`), and IllegalMove where it is not open.
    """
    locked = _locked(campaign, actor)
    reason = _reason(why)
    _require_open(locked)
    record(events.CAMPAIGN_STOPPED, locked, actor=actor, now=now, why=reason)
    close(locked, now=now)
    return locked


@transaction.atomic
def stop_stage(*, campaign: Campaign, why: str, actor: User, now: datetime) -> Campaign:
    """End the open stage before its time, so that the next one opens; after the last one it closes.

    Raises PermissionDenied, ValidationError (of `why`), and IllegalMove where no stage is open.
    """
    locked, stage = _open_stage(campaign, actor)
    record(events.CAMPAIGN_STAGE_STOPPED, locked, actor=actor, now=now, position=stage.position, why=_reason(why))
    close_stage(locked, now=now)
    return locked


@transaction.atomic
def reset(*, campaign: Campaign, why: str, actor: User, now: datetime) -> Campaign:
    """Take back all answers that were given in the open stage; what was answered stays in its history.

    Where an earlier stage had answered, that answer stands again. What did not move on to this stage keeps its answer:
    nobody could give it another. Raises PermissionDenied,
    ValidationError (of `why`), and IllegalMove where no stage is open, or where answers were applied at once.
    """
    locked, stage = _open_stage(campaign, actor)
    items = ReviewItem.objects.filter(campaign=locked)
    if items.exclude(state=ApplyState.NEW).exists():
        raise IllegalMove(_("Answers were applied at once: what was removed does not come back by a reset."))
    reason, earlier = _reason(why), _earlier_answers(locked)
    record(events.CAMPAIGN_RESET, locked, actor=actor, now=now, why=reason, position=stage.position)
    items.filter(stage=stage.position, decided_in=stage.position).update(
        verdict=Coalesce(Subquery(earlier.values("verdict")[:1]), Value(Verdict.NOT_REVIEWED.value)),
        reason=Coalesce(Subquery(earlier.values("reason")[:1]), Value("")),
        decided_in=Subquery(earlier.values("stage")[:1]),
        decided_at=Subquery(earlier.values("decided_at")[:1]),
        decided_by=Subquery(earlier.values("decided_by")[:1]),
        is_open=True,
    )
    Panel.objects.filter(campaign=locked, stage=stage.position).update(open_items=F("total"))
    locked.reminded_at = now  # those who were done are asked anew
    locked.save(update_fields=["reminded_at"])
    return locked


@transaction.atomic
def cancel(*, campaign: Campaign, why: str, actor: User, now: datetime) -> Campaign:
    """End it without any result: everything stays as it is, but for what was removed at once.

    Raises PermissionDenied, ValidationError (of `why`), and IllegalMove where it has closed.
    """
    locked = _locked(campaign, actor)
    reason = _reason(why)
    locked.move_to(CampaignStatus.CANCELED, at=now)
    locked.stages.filter(closed_at=None).update(closed_at=now)
    outbox.supersede(CampaignWork.objects.filter(campaign=locked), now=now)
    forget_peers(campaign=locked)
    record(events.CAMPAIGN_CANCELED, locked, actor=actor, now=now, why=reason)
    return locked


@transaction.atomic
def remind(*, campaign: Campaign, actor: User, now: datetime) -> Campaign:
    """Have everybody be reminded who has open items. Raises PermissionDenied, and IllegalMove where nobody has."""
    locked, stage = _open_stage(campaign, actor)
    if not Panel.objects.filter(campaign=locked, stage=stage.position, open_items__gt=0).exists():
        raise IllegalMove(_("Everything is answered: there is nobody to remind."))
    locked.reminded_at = now
    locked.save(update_fields=["reminded_at"])
    record(events.CAMPAIGN_REMINDED, locked, actor=actor, now=now)
    return locked


@transaction.atomic
def apply_results(*, campaign: Campaign, actor: User, now: datetime) -> Campaign:
    """Apply what a closed campaign decided, where its terms leave that to somebody.

    Raises PermissionDenied, and IllegalMove where there is nothing to apply, or it is being applied already.
    """
    locked = _locked(campaign, actor)
    begin_applying(locked, actor=actor, now=now)
    return locked


@transaction.atomic
def restart(*, campaign: Campaign, actor: User, now: datetime) -> int:
    """Have what got stuck of its work go on where it stopped; returns how many parts. Raises PermissionDenied."""
    from ..tasks import carry_work

    locked = _locked(campaign, actor)
    stuck = list(locked.work.stuck().select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if not stuck:
        return 0
    outbox.retry(CampaignWork.objects.filter(pk__in=stuck), now=now)
    record(events.CAMPAIGN_RESTARTED, locked, actor=actor, now=now)
    outbox.dispatch(carry_work, stuck)
    return len(stuck)


def _earlier_answers(campaign: Campaign) -> "QuerySet[Decision]":
    """The answers of earlier stages on an item of the enclosing statement, the last first; not what was taken back."""
    answers = Decision.objects.filter(item=OuterRef("pk"), stage__lt=campaign.stage)
    resets = Event.objects.filter(verb=events.CAMPAIGN_RESET, correlation_id=campaign.pk)
    for at, details in resets.values_list("occurred_at", "details"):
        answers = answers.exclude(stage=details.get("position", 0), decided_at__lte=at)
    return answers.order_by("-stage", "-decided_at", "-pk")


def _locked(campaign: Campaign, actor: User) -> Campaign:
    """Raises PermissionDenied."""
    rows = Campaign.objects.with_review().select_for_update(of=("self",), no_key=True)
    locked = rows.get(pk=campaign.pk)
    if not can_steer(actor, locked):
        raise PermissionDenied(str(STEERED_BY))
    return locked


def _require_open(campaign: Campaign) -> None:
    if campaign.status != CampaignStatus.IN_PROGRESS:
        raise IllegalMove(_("This review is %(status)s.") % {"status": campaign.get_status_display()})


def _open_stage(campaign: Campaign, actor: User) -> tuple[Campaign, CampaignStage]:
    """The locked campaign and its open stage. Raises PermissionDenied and IllegalMove."""
    locked = _locked(campaign, actor)
    _require_open(locked)
    stage = locked.stages.get(position=locked.stage)
    if stage.closed_at:
        raise IllegalMove(_("Its next stage is being opened. Try again in a moment."))
    return locked, stage


def _reason(why: str) -> str:
    if not why.strip():
        raise ValidationError({"why": _("Say why; the journal keeps it.")})
    return why.strip()
