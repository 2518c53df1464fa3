"""Asking others as well, where those who were asked first let time pass."""

from datetime import datetime

from django.db import transaction

from catalog.choices import ApproverUse

from .. import events
from ..lifecycle import ApprovalStatus
from ..models import Approval
from .deciding import ask_people, find_approvers, lock, tell


@transaction.atomic
def ask_alternates(*, approval: Approval, now: datetime) -> bool:
    """Ask the alternates of a stage that is still open when they are due; whoever was asked before may still decide.

    Where none of them can be asked, those who come next in line are (behaviour 2). False where the stage was decided
    meanwhile, where they are not due, or where there is nobody who is not asked already.
    """
    access_request = lock(approval.access_request)
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    is_due = locked.alternates_due_at is not None and locked.alternates_due_at <= now
    if locked.status != ApprovalStatus.IN_PROGRESS or locked.paused_at or not is_due:
        return False
    asked = [pk for pair in locked.assignees.values_list("person", "decided_by") for pk in pair]
    found = find_approvers(locked, access_request=access_request, left_out=asked, use=ApproverUse.ALTERNATE)
    locked.alternates_due_at = None
    locked.save(update_fields=["alternates_due_at"])
    if not found.people:
        return False
    rerouted = [tell(events.APPROVAL_REROUTED, access_request, actor=None, now=now, via=found.via)]
    told = rerouted if found.is_rerouted else ()
    ask_people(locked, found.people, access_request=access_request, now=now, told=told, verb=events.ALTERNATES_ASKED)
    return True
