"""Withdrawing an approval that one gave once: what came of it is taken back."""

from datetime import datetime
from typing import Protocol

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User

from .. import events
from ..lifecycle import LIVE, UPDATING, IllegalMove, RequestStatus, RequestType
from ..models import AccessRequest, ApprovalAssignee, Assignment
from ..permissions import can_withdraw_approval
from .deciding import end_undecided, lock, tell
from .ending import end_one
from .rescheduling import put_end


class TakingBack(Protocol):
    """What undoes what came of an approval. Raises IllegalMove where there is nothing left to undo."""

    def __call__(self, access_request: AccessRequest, *, actor: User, why: str, now: datetime) -> None: ...


@transaction.atomic
def withdraw_approval(*, seat: ApprovalAssignee, actor: User, why: str, now: datetime) -> AccessRequest:
    """Take back what an approval led to, for a reason; returns the request that was approved.

    What has not begun does not begin; access ends, by a request of its own (`adminRemove`); an end that was extended is
    again what it was (`adminUpdate`). Raises PermissionDenied for whoever did not approve it themselves,
    ValidationError (of `why`) where the reason is missing, and IllegalMove where nothing came of it, or the access has
    ended or its end was moved since.
    """
    access_request = lock(seat.approval.access_request)
    locked = ApprovalAssignee.objects.with_people().select_for_update(of=("self",)).get(pk=seat.pk)
    take_back = _taking_back(access_request)
    if take_back is None:
        raise IllegalMove(_("No access came of this approval."))
    if not can_withdraw_approval(actor, locked, access_request):
        raise PermissionDenied(_("Only those who approved it withdraw their approval, and nobody of their own access."))
    if not why.strip():
        raise ValidationError({"why": _("Say why you withdraw it.")})
    facts = {"why": why.strip(), "approval": str(locked.approval_id)}
    journal.record_many([tell(events.APPROVAL_WITHDRAWN, access_request, actor=actor, now=now, **facts)])
    reason = _("%(person)s withdrew their approval: %(why)s") % {"person": locked.decider, "why": why.strip()}
    take_back(access_request, actor=actor, why=reason, now=now)
    return access_request


def _taking_back(access_request: AccessRequest) -> TakingBack | None:
    """How to undo what came of this request; None where nothing did."""
    if access_request.status == RequestStatus.SCHEDULED:
        return _never_begin
    if access_request.kind in UPDATING:
        return _move_end_back if access_request.status == RequestStatus.DELIVERED else None
    return _end_access if access_request.assignment_id else None


def _never_begin(access_request: AccessRequest, *, actor: User, why: str, now: datetime) -> None:
    verb = events.REQUEST_CANCELED
    end_undecided(access_request, status=RequestStatus.CANCELED, verb=verb, actor=actor, now=now, why=why)


def _end_access(access_request: AccessRequest, *, actor: User, why: str, now: datetime) -> None:
    end_one(_lock_access(access_request), kind=RequestType.ADMIN_REMOVE, actor=actor, why=why, now=now)


def _move_end_back(access_request: AccessRequest, *, actor: User, why: str, now: datetime) -> None:
    """Only where the extension still decides about the end; where the former one has come, the access ends."""
    assignment, former = _lock_access(access_request), access_request.former_end
    if assignment.status not in LIVE or (assignment.ends_at is not None and assignment.ends_at <= now):
        raise IllegalMove(_("This access has ended already."))
    if former is None or assignment.ends_at != access_request.wanted_end:
        raise IllegalMove(_("The end was moved since: this approval no longer decides about it."))
    if former <= now:
        end_one(assignment, kind=RequestType.ADMIN_REMOVE, actor=actor, why=why, now=now)
    else:
        put_end(assignment, actor=actor, ends_at=former, why=why, now=now)


def _lock_access(access_request: AccessRequest) -> Assignment:
    rows = Assignment.objects.select_related("person", "package__catalog", "policy")
    return rows.select_for_update(of=("self",)).get(access_requests=access_request)
