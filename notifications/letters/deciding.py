"""Letters about requests: that somebody is asked to decide, and what was decided."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import AccessPackage, ResourceRole
from directory.models import User
from requests_app.lifecycle import ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee

from ..models import Message
from .letter import Draft, Fact, NoLongerNeeded, day, facts, find, link, listed, moment, period
from .roles import by_system


def approver_asked(message: Message, now: datetime) -> Draft:
    """To whoever is asked to decide: everything that the decision needs."""
    approval = find(Approval.objects.select_related("access_request"), message.reference)
    asked = list(approval.assignees.select_related("person").order_by("person__display_name", "pk"))
    _check_still_asked(approval, asked, recipient=message.recipient)
    access_request = _request(approval.access_request_id)
    due_at = approval.due_at or now  # a stage that is open has one: the database says so
    person, package = access_request.person, access_request.package
    return Draft(
        template="approver_asked",
        subject=_("%(person)s asks for %(package)s: please decide by %(day)s")
        % {"person": person, "package": package, "day": day(due_at)},
        preheader=access_request.justification or package.description,
        button=_("Decide on this request"),
        url=link("requests:approval", approval.pk),
        because=_("You get this because you are asked to decide."),
        facts=[
            *_who_asks(access_request),
            *_what_for(access_request),
            *[(answer.question, answer.value) for answer in access_request.answers.all()],
            *_decided_before(access_request),
            *facts((_("Asked as well"), listed(_others(asked, message.recipient)))),
            (_("Please decide by"), moment(due_at)),
        ],
        context={
            "person": person,
            "package": package,
            "systems": by_system(ResourceRole.objects.with_names().filter(package_roles__package=package)),
            "how_many_decide": _how_many_decide(approval, asked),
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
    person, package = access_request.person, access_request.package
    return Draft(
        template=template,
        subject=subject % {"package": package, "person": person},
        preheader=" · ".join(f"{label}: {said}" for label, said in decided) or package.description,
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you asked, or because it was asked for you."),
        facts=[*decided, *_what_for(access_request), (_("Asked on"), moment(access_request.submitted_at))],
        context={
            "person": person,
            "package": package,
            "is_mine": person == recipient,
            "can_ask_again": AccessPackage.objects.requestable_by(person).filter(pk=package.pk).exists(),
            **context,
        },
    )


def _request(pk: UUID) -> AccessRequest:
    rows = AccessRequest.objects.select_related("person__manager", "requested_by", "package__catalog")
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
        (_("For how long"), period(access_request.duration, fixed_end=access_request.fixed_end)),
        (_("Why"), access_request.justification),
    )


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
    required = min(approval.approvals_required, len(asked))
    if len(asked) == 1:
        return ""
    approvals = ngettext("%(count)d approval is enough", "%(count)d approvals are needed", required)
    return _("%(approvals)s; one denial ends the request.") % {"approvals": approvals % {"count": required}}
