"""Handing one's own part in an approval over to somebody else."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User

from .. import events
from ..lifecycle import ApprovalStatus, IllegalMove
from ..models import Approval
from ..permissions import is_party
from .deciding import lock, tell


@transaction.atomic
def hand_over(*, approval: Approval, actor: User, person: User, why: str, now: datetime) -> Approval:
    """Have another person decide in one's own place, for a reason; everybody else who is asked stays.

    Raises PermissionDenied for whoever is not asked, IllegalMove where there is nothing left to decide, and
    ValidationError (of `person` or `why`) where that person cannot decide: a party, disabled, or asked already.
    """
    access_request = lock(approval.access_request)
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    asked = {one.person_id: one for one in locked.assignees.select_related("person")}
    mine = asked.get(actor.pk)
    if mine is None or not mine.person.is_active:
        raise PermissionDenied(_("You are not asked to decide on this request."))
    if locked.status != ApprovalStatus.IN_PROGRESS or mine.is_approved is not None:
        raise IllegalMove(_("There is nothing to hand over any more: this approval is decided."))
    if not why.strip():
        raise ValidationError({"why": _("Say why you hand it over.")})
    heir = User.objects.enabled().filter(pk=person.pk).first()
    if heir is None:
        raise ValidationError({"person": _("%(person)s is disabled.") % {"person": person}})
    if is_party(heir, access_request):
        raise ValidationError({"person": _("%(person)s is a party of this request.") % {"person": heir}})
    if heir.pk in asked or any(heir.pk in (one.delegate_id, one.decided_by_id) for one in asked.values()):
        raise ValidationError({"person": _("%(person)s is asked already.") % {"person": heir}})
    mine.hand_to(heir, why=why.strip(), at=now)
    facts = {"approver": str(heir), "asked": [str(heir.pk)], "approval": str(locked.pk), "why": why.strip()}
    journal.record_many([tell(events.APPROVAL_REASSIGNED, access_request, actor=actor, now=now, **facts)])
    return locked
