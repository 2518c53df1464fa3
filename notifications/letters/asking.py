"""Letters to whoever is asked to decide: everything that the decision needs."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import ResourceRole
from directory.models import User
from requests_app.lifecycle import UPDATING, ApprovalStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, day, facts, find, link, listed, moment, time_left
from .requests import decisions, request_of, what_for, who_asks, wish_of
from .roles import by_system
from .template import letter

BODY = gettext_lazy("""{question} {part} Opening the link decides nothing; you decide on the page. {quorum}

{facts}

## What the package gives

{description}

{roles}

{button}""")
REMINDER_SUBJECT = gettext_lazy("Reminder: {person} waits for {wish}, please decide by {day}")
REMINDER_BODY = gettext_lazy("""{question} You have not decided yet; without a decision the request expires {left}. {part} Opening the link decides nothing; you decide on the page. {quorum}

{facts}

## What the package gives

{description}

{roles}

{button}""")  # noqa: E501 - a paragraph is a line
PLACEHOLDERS = (
    "question", "part", "quorum", "person", "package", "wish", "description", "day", "left",
    "facts", "roles", "button", "link", "recipient", "service",
)  # fmt: skip


@letter(
    Occasion.APPROVER_ASKED,
    numbers=(2, 4, 11, 13),
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever is asked in a stage, and whoever is asked instead where nobody was found"),
    when=gettext_lazy("the stage starts; somebody who is asked has left, and others step in"),
    subject=gettext_lazy("{person} asks for {wish}: please decide by {day}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
@letter(
    Occasion.ALTERNATE_ASKED,
    numbers=(1, 15),
    topic=Topic.DECISIONS,
    to=gettext_lazy("the alternates of a stage"),
    when=gettext_lazy("nobody decided within the stage's delay for alternates"),
    subject=gettext_lazy("Forwarded to you: {person} asks for {wish}, please decide by {day}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
@letter(
    Occasion.HANDED_OVER,
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever is to decide in somebody's place"),
    when=gettext_lazy("an approver hands the decision over"),
    subject=gettext_lazy("Handed over to you: {person} asks for {wish}, please decide by {day}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
@letter(
    Occasion.DECIDE_HALFTIME,
    numbers=(3, 5, 12, 14),
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever is asked and has not decided"),
    when=gettext_lazy("half of the stage's time is over"),
    subject=REMINDER_SUBJECT,
    body=REMINDER_BODY,
    placeholders=PLACEHOLDERS,
)
@letter(
    Occasion.DECIDE_TOMORROW,
    numbers=(3, 5, 12, 14),
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever is asked and has not decided"),
    when=gettext_lazy("the stage ends within a day"),
    subject=REMINDER_SUBJECT,
    body=REMINDER_BODY,
    placeholders=PLACEHOLDERS,
)
def to_decide(message: Message, now: datetime) -> Draft:
    """To whoever is to decide: all that the decision needs, also when they are reminded."""
    approval = find(Approval.objects.select_related("access_request"), message.reference)
    asked = list(approval.assignees.with_people().order_by("person__display_name", "pk"))
    mine = _still_asked(approval, asked, recipient=message.recipient)
    access_request = request_of(approval.access_request_id)
    due_at = approval.due_at or now  # a stage that is open has one: the database says so
    package = access_request.package
    return Draft(
        values={
            "question": _question(access_request),
            "part": _part(mine, recipient=message.recipient),
            "quorum": _quorum(approval, asked),
            "person": str(access_request.person),
            "package": str(package),
            "wish": wish_of(access_request),
            "description": package.description,
            "day": day(due_at),
            "left": time_left(due_at - now),
        },
        summary=access_request.justification or package.description,
        button=_("Decide on this request"),
        url=link("requests:approval", approval.pk),
        because=_("You get this because you are asked to decide."),
        facts=[
            *who_asks(access_request),
            *what_for(access_request),
            *[(answer.question, answer.in_words) for answer in access_request.answers.all()],
            *facts((_("Stage"), _which_stage(approval)), (_("Handed over"), _handed_over(mine))),
            *decisions(access_request, is_approved=True),
            *facts((_("Asked as well"), listed(one.person for one in asked if one != mine))),
            (_("Please decide by"), moment(due_at)),
        ],
        systems=by_system(ResourceRole.objects.with_names().filter(package_roles__package=package)),
        act_by=due_at,
    )


def _still_asked(approval: Approval, asked: list[ApprovalAssignee], *, recipient: User) -> ApprovalAssignee:
    if approval.status != ApprovalStatus.IN_PROGRESS:
        raise NoLongerNeeded(_("This approval is %(status)s.") % {"status": approval.get_status_display()})
    mine = next((one for one in asked if recipient.pk in (one.person_id, one.delegate_id)), None)
    if mine is None:
        raise NoLongerNeeded(_("%(person)s is no longer asked.") % {"person": recipient})
    if mine.is_approved is not None:
        raise NoLongerNeeded(_("%(person)s has decided already.") % {"person": recipient})
    return mine


def _question(access_request: AccessRequest) -> str:
    said = _("You are asked to decide whether %(person)s gets %(package)s.")
    if access_request.kind in UPDATING:
        said = _("You are asked to decide whether %(person)s, who has %(package)s, keeps it for longer.")
    return said % {"person": access_request.person, "package": access_request.package}


def _part(mine: ApprovalAssignee, *, recipient: User) -> str:
    if mine.person_id != recipient.pk:
        return _("You decide in the place of %(person)s, who is away and may still decide.") % {"person": mine.person}
    if not mine.is_alternate:
        return ""
    return _("You are asked as an alternate: it was not decided in time by those who were asked first, who still may.")


def _handed_over(mine: ApprovalAssignee) -> str:
    if mine.instead_of_id is None:
        return ""
    return _("by %(person)s: “%(why)s”") % {"person": mine.instead_of, "why": mine.handed_over_why}


def _which_stage(approval: Approval) -> str:
    number = Approval.objects.filter(access_request=approval.access_request_id).count()
    return _("%(position)d of %(number)d") % {"position": approval.position, "number": number} if number > 1 else ""


def _quorum(approval: Approval, asked: list[ApprovalAssignee]) -> str:
    if len(asked) == 1:
        return ""
    required = approval.quorum(asked)
    approvals = ngettext("%(count)d approval is enough", "%(count)d approvals are needed", required)
    return _("%(approvals)s; one denial ends the request.") % {"approvals": approvals % {"count": required}}
