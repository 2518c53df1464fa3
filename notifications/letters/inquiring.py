"""Letters about information: an approver asks the requester for it, and gets the answer."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests_app.lifecycle import ApprovalStatus
from requests_app.models import Inquiry

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, day, facts, find, link, moment
from .requests import request_of, what_for, who_asks, wish_of
from .template import letter

COMMON = ("person", "package", "wish", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.INFORMATION_ASKED,
    topic=Topic.QUESTIONS,
    to=gettext_lazy("whoever asked, and whom it is for"),
    when=gettext_lazy("an approver asks for information before deciding"),
    subject=gettext_lazy("{by} asks you about {wish}: please answer by {day}"),
    body=gettext_lazy("""{by} wants to know something before deciding on {wish}. The time to decide stands still until you answer; the answer is shown to everybody who decides.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=(*COMMON, "by", "day"),
)
def information_asked(message: Message, now: datetime) -> Draft:
    """To whoever can answer: what is asked, by whom, and until when."""
    inquiry = find(Inquiry.objects.with_people().select_related("approval"), message.reference)
    if not inquiry.is_open:
        raise NoLongerNeeded(_("It needs no answer any more."))
    access_request = request_of(inquiry.approval.access_request_id)
    return Draft(
        values={
            "person": str(access_request.person),
            "package": str(access_request.package),
            "wish": wish_of(access_request),
            "by": str(inquiry.asked_by),
            "day": day(inquiry.answer_by),
        },
        summary=inquiry.question,
        button=_("Answer"),
        url=link("requests:answer", inquiry.pk),
        because=_("You get this because you asked, or because it was asked for you."),
        facts=[
            (_("Question"), inquiry.question),
            *what_for(access_request),
            (_("Please answer by"), moment(inquiry.answer_by)),
        ],
        act_by=inquiry.answer_by,
    )


@letter(
    Occasion.INFORMATION_MISSING,
    topic=Topic.DECISIONS,
    to=gettext_lazy("the approver who asked"),
    when=gettext_lazy("nobody answers in time"),
    subject=gettext_lazy("Nobody answered about {wish}: please decide by {day}"),
    body=gettext_lazy("""Nobody answered what you asked about {wish} for {person}. The time to decide goes on.

{facts}

{button}"""),
    placeholders=(*COMMON, "day"),
)
def information_missing(message: Message, now: datetime) -> Draft:
    """To whoever asked: that they decide without the answer, while there is something to decide on."""
    inquiry = find(Inquiry.objects.with_people().select_related("approval"), message.reference)
    due_at = _to_decide(inquiry, message, now=now)
    access_request = request_of(inquiry.approval.access_request_id)
    return Draft(
        values={
            "person": str(access_request.person),
            "package": str(access_request.package),
            "wish": wish_of(access_request),
            "day": day(due_at),
        },
        summary=inquiry.question,
        button=_("Decide on this request"),
        url=link("requests:approval", inquiry.approval_id),
        because=_("You get this because you asked for this information."),
        facts=[
            (_("Question"), inquiry.question),
            *who_asks(access_request),
            *what_for(access_request),
            (_("Please decide by"), moment(due_at)),
        ],
        act_by=due_at,
    )


@letter(
    Occasion.INFORMATION_GIVEN,
    topic=Topic.DECISIONS,
    to=gettext_lazy("the approver who asked"),
    when=gettext_lazy("the requester answers"),
    subject=gettext_lazy("{by} answered about {wish}: please decide by {day}"),
    body=gettext_lazy("""{by} answered what you asked about {wish} for {person}. The time to decide goes on.

{facts}

{button}"""),
    placeholders=(*COMMON, "by", "day"),
)
def information_given(message: Message, now: datetime) -> Draft:
    """To whoever asked: the answer, while there is something to decide on."""
    inquiry = find(Inquiry.objects.with_people().select_related("approval"), message.reference)
    approval = inquiry.approval
    due_at = _to_decide(inquiry, message, now=now)
    access_request = request_of(approval.access_request_id)
    return Draft(
        values={
            "person": str(access_request.person),
            "package": str(access_request.package),
            "wish": wish_of(access_request),
            "by": str(inquiry.answered_by),
            "day": day(due_at),
        },
        summary=inquiry.answer,
        button=_("Decide on this request"),
        url=link("requests:approval", approval.pk),
        because=_("You get this because you asked for this information."),
        facts=[
            *facts((_("Question"), inquiry.question), (_("Answer"), inquiry.answer)),
            *who_asks(access_request),
            *what_for(access_request),
            (_("Please decide by"), moment(due_at)),
        ],
        act_by=due_at,
    )


def _to_decide(inquiry: Inquiry, message: Message, *, now: datetime) -> datetime:
    """Until when the reader decides. Raises NoLongerNeeded where they do not."""
    approval = inquiry.approval
    if approval.status != ApprovalStatus.IN_PROGRESS:
        raise NoLongerNeeded(_("This approval is %(status)s.") % {"status": approval.get_status_display()})
    if not approval.assignees.asking(message.recipient).exists():
        raise NoLongerNeeded(_("This person is not asked any more."))
    return approval.due_at or now  # a stage that is open has one: the database says so
