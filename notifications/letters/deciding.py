"""Letters about requests: that somebody is asked to decide, and what was decided."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import AccessPackage, ResourceRole
from directory.models import User
from requests_app.lifecycle import UPDATING, ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee

from ..models import Message
from .letter import Draft, Fact, NoLongerNeeded, day, facts, find, link, listed, moment, period, time_left, until
from .roles import by_system


def approver_asked(message: Message, now: datetime) -> Draft:
    """To whoever is asked to decide: everything that the decision needs."""
    return _question(message, now=now, subject=_("%(person)s asks for %(package)s: please decide by %(day)s"))


def approver_reminded(message: Message, now: datetime) -> Draft:
    """To whoever still has to decide, when half of the time is over and when a day is left: all of it once more."""
    return _question(
        message,
        now=now,
        subject=_("Reminder: %(person)s waits for %(package)s, please decide by %(day)s"),
        is_reminder=True,
    )


def _question(message: Message, *, now: datetime, subject: str, **context: object) -> Draft:
    approval = find(Approval.objects.select_related("access_request"), message.reference)
    asked = list(approval.assignees.select_related("person", "instead_of").order_by("person__display_name", "pk"))
    _check_still_asked(approval, asked, recipient=message.recipient)
    access_request = _request(approval.access_request_id)
    due_at = approval.due_at or now  # a stage that is open has one: the database says so
    person, package = access_request.person, access_request.package
    return Draft(
        template="approver_asked",
        subject=subject % {"person": person, "package": _wish(access_request), "day": day(due_at)},
        preheader=access_request.justification or package.description,
        button=_("Decide on this request"),
        url=link("requests:approval", approval.pk),
        because=_("You get this because you are asked to decide."),
        facts=[
            *_who_asks(access_request),
            *_what_for(access_request),
            *[(answer.question, answer.value) for answer in access_request.answers.all()],
            *facts((_("Stage"), _which_stage(approval)), (_("Handed over"), _handed_over(asked, message.recipient))),
            *_decided_before(access_request),
            *facts((_("Asked as well"), listed(_others(asked, message.recipient)))),
            (_("Please decide by"), moment(due_at)),
        ],
        context={
            "person": person,
            "package": package,
            "systems": by_system(ResourceRole.objects.with_names().filter(package_roles__package=package)),
            "is_update": access_request.kind in UPDATING,
            "how_many_decide": _how_many_decide(approval, asked),
            "is_alternate": any(one.is_alternate for one in asked if one.person_id == message.recipient_id),
            "left": time_left(due_at - now),
            **context,
        },
    )


def approved(message: Message, now: datetime) -> Draft:
    """To whoever asked: it is approved, by whom, and how far the delivery is."""
    access_request = _request(message.reference)
    if access_request.status == RequestStatus.CANCELED:
        raise NoLongerNeeded(_("The access ended before it was delivered."))
    return _decision(
        access_request,
        message.recipient,
        template="approved",
        subject=_("Approved: %(package)s for %(person)s"),
        decided=_approvals(access_request, is_approved=True),
        is_delivered=access_request.status == RequestStatus.DELIVERED,
    )


def denied(message: Message, now: datetime) -> Draft:
    """To whoever asked: it is denied, by whom, and why."""
    access_request = _request(message.reference)
    return _decision(
        access_request,
        message.recipient,
        template="denied",
        subject=_("Denied: %(package)s for %(person)s"),
        decided=_approvals(access_request, is_approved=False),
    )


def expired(message: Message, now: datetime) -> Draft:
    """To whoever asked: nobody decided in time; it is not a denial."""
    access_request = _request(message.reference)
    late = ApprovalAssignee.objects.filter(
        approval__access_request=access_request, approval__status=ApprovalStatus.EXPIRED, is_approved=None
    )
    names = listed(assignee.person for assignee in late.select_related("person").order_by("person__display_name"))
    return _decision(
        access_request,
        message.recipient,
        template="expired",
        subject=_("Nobody decided in time: %(package)s for %(person)s"),
        decided=facts((_("Was asked"), names)),
    )


def _decision(
    access_request: AccessRequest,
    recipient: User,
    *,
    template: str,
    subject: str,
    decided: Sequence[Fact],
    **context: object,
) -> Draft:
    person, package, is_update = access_request.person, access_request.package, access_request.kind in UPDATING
    return Draft(
        template=template,
        subject=subject % {"package": _wish(access_request), "person": person},
        preheader=" · ".join(f"{label}: {said}" for label, said in decided) or package.description,
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you asked, or because it was asked for you."),
        facts=[*decided, *_what_for(access_request), (_("Asked on"), moment(access_request.submitted_at))],
        context={
            "person": person,
            "package": package,
            "is_mine": person == recipient,
            "is_update": is_update,
            "can_ask_again": not is_update
            and AccessPackage.objects.requestable_by(person).filter(pk=package.pk).exists(),
            **context,
        },
    )


def _wish(access_request: AccessRequest) -> str:
    """What is asked for, as it fits behind “asks for”."""
    if access_request.kind in UPDATING:
        return _("%(package)s for longer") % {"package": access_request.package}
    return str(access_request.package)


def _request(pk: UUID) -> AccessRequest:
    rows = AccessRequest.objects.select_related("person__manager", "requested_by", "package__catalog", "assignment")
    return rows.prefetch_related("answers").get(pk=pk)


def _check_still_asked(approval: Approval, asked: list[ApprovalAssignee], *, recipient: User) -> None:
    if approval.status != ApprovalStatus.IN_PROGRESS:
        raise NoLongerNeeded(_("This approval is %(status)s.") % {"status": approval.get_status_display()})
    mine = next((assignee for assignee in asked if assignee.person_id == recipient.pk), None)
    if mine is None:
        raise NoLongerNeeded(_("%(person)s is no longer asked.") % {"person": recipient})
    if mine.is_approved is not None:
        raise NoLongerNeeded(_("%(person)s has decided already.") % {"person": recipient})


def _who_asks(access_request: AccessRequest) -> list[Fact]:
    person, requester = access_request.person, access_request.requested_by
    about = ", ".join(filter(None, (person.job_title, person.department, person.company)))
    return facts(
        (_("For"), f"{person} ({about})" if about else str(person)),
        (_("Asked by"), str(requester) if requester and requester != person else None),
        (_("Kind"), _("guest") if person.is_guest else None),
        (_("Manager"), str(person.manager) if person.manager else None),
    )


def _what_for(access_request: AccessRequest) -> list[Fact]:
    package = access_request.package
    return facts(
        (_("Package"), f"{package} ({package.catalog})"),
        *_period(access_request),
        (_("Why"), access_request.justification),
    )


def _handed_over(asked: list[ApprovalAssignee], recipient: User) -> str:
    mine = next((one for one in asked if one.person_id == recipient.pk and one.instead_of_id), None)
    if mine is None:
        return ""
    return _("by %(person)s: “%(why)s”") % {"person": mine.instead_of, "why": mine.handed_over_why}


def _which_stage(approval: Approval) -> str:
    number = Approval.objects.filter(access_request=approval.access_request_id).count()
    return _("%(position)d of %(number)d") % {"position": approval.position, "number": number} if number > 1 else ""


def _period(access_request: AccessRequest) -> list[Fact]:
    if access_request.kind not in UPDATING:
        return [(_("For how long"), period(access_request.duration, fixed_end=access_request.fixed_end))]
    now_until = access_request.assignment.ends_at if access_request.assignment else None
    return [(_("Ends now"), until(now_until)), (_("Extended until"), until(access_request.wanted_end))]


def _decided_before(access_request: AccessRequest) -> list[Fact]:
    return _approvals(access_request, is_approved=True)


def _approvals(access_request: AccessRequest, *, is_approved: bool) -> list[Fact]:
    """Who decided so, each with their reason."""
    label = _("Approved by") if is_approved else _("Denied by")
    rows = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=is_approved)
    return [
        (label, f"{row.person}: “{row.justification}”" if row.justification else str(row.person))
        for row in rows.select_related("person").order_by("decided_at", "pk")
    ]


def _others(asked: list[ApprovalAssignee], recipient: User) -> list[User]:
    return [assignee.person for assignee in asked if assignee.person_id != recipient.pk]


def _how_many_decide(approval: Approval, asked: list[ApprovalAssignee]) -> str:
    required = approval.quorum(asked)
    if len(asked) == 1:
        return ""
    approvals = ngettext("%(count)d approval is enough", "%(count)d approvals are needed", required)
    return _("%(approvals)s; one denial ends the request.") % {"approvals": approvals % {"count": required}}
