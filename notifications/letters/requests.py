"""What letters about requests have in common: reading a request, and telling its facts."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from requests_app.lifecycle import UPDATING, CalloutState
from requests_app.models import AccessRequest, ApprovalAssignee

from .letter import Fact, facts, find, listed, moment, period, until


def request_of(pk: UUID) -> AccessRequest:
    """A request with all that letters tell of it. Raises NoLongerNeeded where it is gone."""
    rows = AccessRequest.objects.select_related(
        "person__manager", "requested_by", "package__catalog", "package__owner", "policy", "assignment", "shortened_by"
    )
    return find(rows.prefetch_related("answers"), pk)


def wish_of(access_request: AccessRequest) -> str:
    """What is asked for, as it fits behind “asks for”."""
    if access_request.kind in UPDATING:
        return _("%(package)s for longer") % {"package": access_request.package}
    return str(access_request.package)


def who_asks(access_request: AccessRequest) -> list[Fact]:
    """For whom it is, by whom, and who they are."""
    person, requester = access_request.person, access_request.requested_by
    about = ", ".join(filter(None, (person.job_title, person.department, person.company)))
    return facts(
        (_("For"), f"{person} ({about})" if about else str(person)),
        (_("Asked by"), str(requester) if requester and requester != person else None),
        (_("Kind"), _("guest") if person.is_guest else None),
        (_("Manager"), str(person.manager) if person.manager else None),
    )


def what_for(access_request: AccessRequest) -> list[Fact]:
    """What is asked for, for how long, and why."""
    package = access_request.package
    return facts(
        (_("Package"), f"{package} ({package.catalog})"),
        *_period(access_request),
        (_("Shortened by"), str(access_request.shortened_by) if access_request.shortened_by else None),
        (_("Why"), access_request.justification),
    )


def decisions(access_request: AccessRequest, *, is_approved: bool) -> list[Fact]:
    """Who decided so, each with their reason."""
    label = _("Approved by") if is_approved else _("Denied by")
    rows = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=is_approved)
    people = [(row.decider, row.justification) for row in rows.with_people().order_by("decided_at", "pk")]
    extensions = [] if is_approved else _denials(access_request)
    return [(label, f"{who}: “{why}”" if why else str(who)) for who, why in (*people, *extensions)]


def _denials(access_request: AccessRequest) -> list[tuple[object, str]]:
    """Which custom extensions denied, each with its reason; no statement where none was called."""
    if not access_request.callout_plan:
        return []
    denied = access_request.callouts.filter(is_denial=True).select_related("extension")
    return [(callout.extension, callout.detail) for callout in denied]


def unanswered(access_request: AccessRequest) -> str:
    """Which custom extensions did not answer in time; no statement where none was called."""
    if not access_request.callout_plan:
        return ""
    silent = access_request.callouts.filter(state=CalloutState.TIMED_OUT).select_related("extension")
    return ", ".join(str(callout.extension) for callout in silent)


def named(assignees: Iterable[ApprovalAssignee]) -> str:
    """The names of those who are asked, or who decided."""
    return listed(one.decider for one in assignees)


def _period(access_request: AccessRequest) -> list[Fact]:
    if access_request.kind not in UPDATING:
        start = moment(access_request.wanted_start) if access_request.wanted_start else None
        lasting = period(access_request.duration, fixed_end=access_request.fixed_end)
        return facts((_("Begins"), start), (_("For how long"), lasting))
    now_until = access_request.assignment.ends_at if access_request.assignment else None
    return [(_("Ends now"), until(now_until)), (_("Extended until"), until(access_request.wanted_end))]
