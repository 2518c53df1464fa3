"""What custom extensions answer, that a request goes on or is denied and who decides, and what their silence means."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import ApproverUse, CalloutMoment, TimeoutMeaning
from catalog.models.custom_extensions import HOLDING_UP
from directory.models import User

from .. import events
from ..deciders import Deciders
from ..lifecycle import DECIDABLE, ApprovalStatus, CalloutState, IllegalMove, RequestStatus
from ..models import AccessRequest, Approval, Callout
from ..permissions import can_answer_callout
from .asking import begin_approval
from .calling import close, record
from .deciding import end_undecided, lock, start_stage
from .granting import finish


class CalloutAnswered(IllegalMove):
    """It is not waited for (any more): answered already, no longer needed, or never waited for."""


class CalloutTooLate(IllegalMove):
    """The time in which it could be answered is over."""


@dataclass(frozen=True)
class CalloutAnswer:
    """What an extension says: whether it denies, a text for those who decide, and who is to decide a stage."""

    is_denial: bool = False
    detail: str = ""
    deciders: Deciders | None = None


@transaction.atomic
def answer_callout(*, callout: Callout, answer: CalloutAnswer, actor: User | None, now: datetime) -> Callout:
    """Take the answer to a callout, once; the request goes on, or ends. `actor` None is the extension itself.

    Raises PermissionDenied, CalloutAnswered, CalloutTooLate, and ValidationError where the answer does not fit; then
    the callout is still waited for, and may be answered as it should.
    """
    access_request, locked = _lock(callout)
    if actor is not None and not can_answer_callout(actor, access_request):
        raise PermissionDenied(_("Only those who look after the package answer for an extension, and no party."))
    _refuse_what_is_over(locked, now=now)
    _refuse_what_does_not_fit(locked, answer, actor=actor)
    locked.is_denial, locked.detail, locked.answered_by = answer.is_denial, answer.detail.strip(), actor
    close(locked, state=CalloutState.ANSWERED, now=now)
    verb = events.CALLOUT_DENIED if answer.is_denial else events.CALLOUT_ANSWERED
    record(verb, locked, actor=actor, now=now, detail=locked.detail)
    if locked.moment == CalloutMoment.WHO_DECIDES:
        _decide_who_decides(locked, access_request, deciders=answer.deciders, now=now)
    elif answer.is_denial:
        _end(access_request, status=RequestStatus.DENIED, why=locked.detail, now=now)
    else:
        _go_on(locked, access_request, now=now)
    return locked


@transaction.atomic
def time_out_callout(*, callout: Callout, now: datetime) -> bool:
    """Apply what it means that an extension did not answer in time; False where it just did."""
    access_request, locked = _lock(callout)
    if not locked.is_waited_for or locked.answer_by is None or locked.answer_by > now:
        return False
    close(locked, state=CalloutState.TIMED_OUT, now=now)
    record(events.CALLOUT_TIMED_OUT, locked, actor=None, now=now)
    why = _("%(extension)s did not answer in time.") % {"extension": locked.extension}
    if locked.moment == CalloutMoment.WHO_DECIDES:
        _decide_who_decides(locked, access_request, deciders=None, now=now)
    elif locked.moment not in HOLDING_UP or locked.on_timeout == TimeoutMeaning.CONTINUE:
        _go_on(locked, access_request, now=now)
    elif locked.on_timeout == TimeoutMeaning.DENY:
        _end(access_request, status=RequestStatus.DENIED, why=why, now=now)
    else:
        _end(access_request, status=RequestStatus.EXPIRED, why=why, now=now)
    return True


def _lock(callout: Callout) -> tuple[AccessRequest, Callout]:
    """The request and the callout under lock, the person before them (docs/adr/0002)."""
    access_request = lock(callout.access_request)
    locked = Callout.objects.select_related("extension").select_for_update(of=("self",)).get(pk=callout.pk)
    locked.access_request = access_request
    return access_request, locked


def _refuse_what_is_over(callout: Callout, *, now: datetime) -> None:
    if callout.state == CalloutState.TIMED_OUT or (callout.is_waited_for and (callout.answer_by or now) <= now):
        raise CalloutTooLate(_("The time in which this could be answered is over."))
    if callout.state == CalloutState.ANSWERED:
        raise CalloutAnswered(_("This was answered already; the first answer holds."))
    if not callout.is_waited_for:
        state = callout.get_state_display()
        raise CalloutAnswered(_("Nobody waits for an answer to this: it is %(state)s.") % {"state": state})


def _refuse_what_does_not_fit(callout: Callout, answer: CalloutAnswer, *, actor: User | None) -> None:
    if answer.is_denial and callout.moment not in HOLDING_UP:
        raise ValidationError({"result": _("Nothing can be denied at this moment; answer “continue”.")})
    if answer.deciders is not None and callout.moment != CalloutMoment.WHO_DECIDES:
        raise ValidationError({"approval_stage": _("Nobody asked who decides; leave this out.")})
    if answer.deciders is not None and actor is not None:
        said = _("Only the extension itself says who decides. Leave this out, and the policy's fallbacks are asked.")
        raise ValidationError({"approval_stage": said})


def _go_on(callout: Callout, access_request: AccessRequest, *, now: datetime) -> None:
    """Where nothing else is waited for, what comes next comes now; where access is there already, nothing does."""
    if callout.moment not in HOLDING_UP or access_request.status not in DECIDABLE:
        return
    if Callout.objects.waited_for().filter(access_request=access_request, moment=callout.moment).exists():
        return
    stages = list(access_request.approvals.all())
    if callout.moment == CalloutMoment.CREATED:
        begin_approval(access_request, stages, now=now)
        return
    was_decided = any(stage.status == ApprovalStatus.APPROVED for stage in stages)
    verb = events.REQUEST_APPROVED if was_decided else events.REQUEST_AUTO_APPROVED
    finish(access_request, verb=verb, now=now, is_called=True)


def _end(access_request: AccessRequest, *, status: RequestStatus, why: str, now: datetime) -> None:
    verb = events.REQUEST_DENIED if status == RequestStatus.DENIED else events.REQUEST_EXPIRED
    end_undecided(access_request, status=status, verb=verb, now=now, justification=why)


def _decide_who_decides(
    callout: Callout, access_request: AccessRequest, *, deciders: Deciders | None, now: datetime
) -> None:
    """Begin the stage: those who were named decide; where nobody was, or nobody of them can, its fallbacks do."""
    stage = Approval.objects.select_for_update(of=("self",)).get(callouts=callout)
    if stage.status != ApprovalStatus.WAITING or access_request.status not in DECIDABLE:
        return
    if deciders is not None:
        others = [rule for rule in stage.approver_rules if rule["use"] != ApproverUse.PRIMARY]
        stage.approver_rules = [*deciders.rules(), *others]
        if deciders.approvals_required != 0:
            stage.approvals_required = deciders.approvals_required
        stage.time_limit = _time(stage, deciders)
        stage.save(update_fields=["approver_rules", "approvals_required", "time_limit"])
    start_stage(stage, access_request=access_request, now=now, is_known_who_decides=True)


def _time(stage: Approval, deciders: Deciders) -> timedelta:
    """As it was answered, but never so short that those whom the policy adds later are asked too late."""
    if deciders.time_limit is None:
        return stage.time_limit
    if stage.alternates_after is not None and deciders.time_limit <= stage.alternates_after:
        raise ValidationError({"approval_stage": _("Give more time: the alternates are asked later than that.")})
    return deciders.time_limit
