"""Withdrawing an approval that one gave once: the access that came of it ends."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.actions import lock_people
from directory.models import User

from .. import events
from ..lifecycle import ADDING, LIVE, IllegalMove, RequestType
from ..models import ApprovalAssignee, Assignment
from ..permissions import can_withdraw_approval
from .deciding import tell
from .ending import end_one


@transaction.atomic
def withdraw_approval(*, seat: ApprovalAssignee, actor: User, why: str, now: datetime) -> Assignment:
    """End the access that an approval led to, for a reason, by a request of its own (`adminRemove`).

    Raises PermissionDenied for whoever did not approve it themselves, ValidationError (of `why`) where the reason is
    missing, and IllegalMove where nothing came of it, or the access has ended.
    """
    access_request = seat.approval.access_request
    lock_people([access_request.person_id])
    locked = ApprovalAssignee.objects.with_people().select_for_update(of=("self",)).get(pk=seat.pk)
    rows = Assignment.objects.select_related("person", "package").select_for_update(of=("self",))
    assignment = rows.filter(access_requests=access_request, access_requests__kind__in=ADDING).first()
    if assignment is None:
        raise IllegalMove(_("No access came of this approval."))
    if not can_withdraw_approval(actor, locked, assignment):
        raise PermissionDenied(_("Only those who approved it withdraw their approval, and nobody of their own access."))
    if assignment.status not in LIVE:
        raise IllegalMove(_("This access has ended already."))
    if not why.strip():
        raise ValidationError({"why": _("Say why you withdraw it.")})
    facts = {"why": why.strip(), "approval": str(locked.approval_id), "assignment": str(assignment.pk)}
    told = tell(events.APPROVAL_WITHDRAWN, access_request, actor=actor, now=now, **facts)
    journal.record_many([told])
    reason = _("%(person)s withdrew their approval: %(why)s") % {"person": locked.decider, "why": why.strip()}
    end_one(assignment, kind=RequestType.ADMIN_REMOVE, actor=actor, why=reason, now=now)
    return assignment
