"""Asking the requester for information before one decides, and their answer: the clock stands still meanwhile."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User

from .. import events
from ..lifecycle import ApprovalStatus, IllegalMove
from ..models import Approval, Inquiry
from ..permissions import can_answer, can_decide
from ..seats import may_sit, seat_of
from .deciding import lock, tell

MOST_QUESTIONS = 5
"""In one stage: each stops its clock, which nobody is to do for ever."""


@transaction.atomic
def ask_for_information(*, approval: Approval, actor: User, question: str, now: datetime) -> Inquiry:
    """Ask whoever made the request something; until they answer, the clock of the stage stands still.

    Everybody who is asked may still decide. Raises PermissionDenied for whoever is not asked, IllegalMove where there
    is nothing left to decide or a question is open already, and ValidationError (of `question`) where it is empty.
    """
    access_request = lock(approval.access_request)
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    mine = list(locked.assignees.asking(actor).with_people())
    seat = seat_of(actor, among=mine)
    is_asked = seat is not None and may_sit(actor, seat=seat, access_request=access_request, now=now)
    if not is_asked or not can_decide(actor, access_request):
        raise PermissionDenied(_("You are not asked to decide on this request."))
    if locked.status != ApprovalStatus.IN_PROGRESS or all(one.is_approved is not None for one in mine):
        raise IllegalMove(_("There is nothing to ask any more: this approval is decided."))
    if locked.paused_at is not None:
        raise IllegalMove(_("A question is open already. Its answer is shown to everybody who decides."))
    if not question.strip():
        raise ValidationError({"question": _("Say what you want to know.")})
    if locked.inquiries.count() >= MOST_QUESTIONS:
        raise ValidationError({"question": _("That is enough: decide with what was answered, or deny.")})
    inquiry = Inquiry.objects.create(
        approval=locked,
        asked_by=actor,
        question=question.strip(),
        asked_at=now,
        answer_by=now + timedelta(days=settings.ANSWER_DAYS),
    )
    locked.pause(at=now)
    facts = {"question": inquiry.question, "inquiry": str(inquiry.pk), "approval": str(locked.pk)}
    journal.record_many([tell(events.INFORMATION_ASKED, access_request, actor=actor, now=now, **facts)])
    return inquiry


@transaction.atomic
def answer_inquiry(*, inquiry: Inquiry, actor: User, answer: str, now: datetime) -> Inquiry:
    """Answer an approver, who is told; the clock of the stage goes on, and all that is due comes later by the wait.

    Raises PermissionDenied for whoever did not ask and is not asked for, IllegalMove where it needs no answer any
    more, and ValidationError (of `answer`) where it is empty.
    """
    access_request = lock(inquiry.approval.access_request)
    if not can_answer(actor, access_request):
        raise PermissionDenied(_("Only those who asked answer this."))
    approval, locked = _lock(inquiry)
    if not locked.is_open:
        raise IllegalMove(_("This question needs no answer any more."))
    if not answer.strip():
        raise ValidationError({"answer": _("Write an answer.")})
    locked.answer, locked.answered_by, locked.closed_at = answer.strip(), actor, now
    locked.save(update_fields=["answer", "answered_by", "closed_at"])
    approval.resume(at=now)
    facts = {"answer": locked.answer, "inquiry": str(locked.pk), "asked_by": str(locked.asked_by_id)}
    journal.record_many([tell(events.INFORMATION_GIVEN, access_request, actor=actor, now=now, **facts)])
    return locked


@transaction.atomic
def go_on_unanswered(*, inquiry: Inquiry, now: datetime) -> bool:
    """Have the clock go on where nobody answered in time; False where somebody just did."""
    access_request = lock(inquiry.approval.access_request)
    approval, locked = _lock(inquiry)
    if not locked.is_open or locked.answer_by > now:
        return False
    locked.closed_at = now
    locked.save(update_fields=["closed_at"])
    approval.resume(at=now)
    facts = {"inquiry": str(locked.pk), "approval": str(approval.pk), "asked_by": str(locked.asked_by_id)}
    journal.record_many([tell(events.INFORMATION_MISSING, access_request, actor=None, now=now, **facts)])
    return True


def _lock(inquiry: Inquiry) -> tuple[Approval, Inquiry]:
    """Its stage first, as everybody who decides does."""
    approval = Approval.objects.select_for_update().get(pk=inquiry.approval_id)
    return approval, Inquiry.objects.select_for_update().get(pk=inquiry.pk)
