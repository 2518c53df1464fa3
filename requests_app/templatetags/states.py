"""How states are shown: each status in a tone, what a request has come to, and whom it waits for."""

from collections.abc import Iterable

from django import template
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from provisioning.lifecycle import CaseState, GrantStatus, TaskState

from ..lifecycle import ADDING, UPDATING, ApprovalStatus, AssignmentStatus, CalloutState, RequestStatus
from ..models import AccessRequest, Approval

register = template.Library()

MOST_NAMES = 3
"""More names than these are counted, not said."""

GOOD = {
    RequestStatus.DELIVERED, ApprovalStatus.APPROVED, AssignmentStatus.DELIVERED, GrantStatus.VERIFIED,
    CalloutState.ANSWERED, CaseState.CLOSED, TaskState.DONE,
}  # fmt: skip
BAD = {
    CalloutState.FAILED, RequestStatus.DENIED, RequestStatus.DELIVERY_FAILED, GrantStatus.FAILED, TaskState.REFUSED,
}  # fmt: skip
WARN = {
    RequestStatus.PARTIALLY_DELIVERED, RequestStatus.EXPIRED, AssignmentStatus.REMOVAL_PENDING, CalloutState.TIMED_OUT,
    GrantStatus.DRIFTED, CaseState.OPEN,
}  # fmt: skip
UNDER_WAY = {
    RequestStatus.SUBMITTED, RequestStatus.PENDING_APPROVAL, RequestStatus.SCHEDULED, RequestStatus.DELIVERING,
    ApprovalStatus.IN_PROGRESS, GrantStatus.PENDING, CalloutState.WAITING,
}  # fmt: skip
TONES: dict[str, set[str]] = {"good": {*GOOD}, "bad": {*BAD}, "warn": {*WARN}, "info": {*UNDER_WAY}}

REMOVALS = {
    RequestStatus.DELIVERING: _("being removed"),
    RequestStatus.DELIVERED: _("removed"),
}
"""What the statuses of a request mean where it takes access away."""
UPDATES = {RequestStatus.DELIVERED: _("end moved")}
"""What the statuses of a request mean where it moves the end of access."""


@register.filter
def tone(status: str) -> str:
    """The tone in which a status of a request, an approval, an assignment or a grant is shown."""
    return next((name for name, statuses in TONES.items() if status in statuses), "neutral")


@register.filter
def state(access_request: AccessRequest) -> str:
    """What a request has come to, in words that also fit where it moves the end or takes access away."""
    words = {} if access_request.kind in ADDING else UPDATES if access_request.kind in UPDATING else REMOVALS
    return capfirst(str(words.get(RequestStatus(access_request.status), access_request.get_status_display())))


@register.filter
def deciders(approval: Approval) -> str:
    """Whom a stage still waits for: “Marco or Olga”, “2 of Ada, Marco and Olga”; it comes with its assignees."""
    asked = list(approval.assignees.all())
    approved = sum(bool(one.is_approved) for one in asked)
    people = [one.asked for one in asked if one.is_approved is None]
    return names(people, approval.quorum(asked) - approved)


@register.filter
def needed(approval: Approval) -> str:
    """How many approvals a stage asks for, where one is not enough; and how many of them are given, once it began."""
    if approval.status == ApprovalStatus.WAITING:
        if approval.approvals_required is None:
            return gettext("everybody who is asked must approve")
        facts = {"required": approval.approvals_required}
        return gettext("%(required)d approvals are needed") % facts if approval.approvals_required > 1 else ""
    asked = list(approval.assignees.all())
    facts = {"required": approval.quorum(asked), "given": sum(bool(one.is_approved) for one in asked)}
    return gettext("%(given)d of %(required)d approvals given") % facts if facts["required"] > 1 else ""


@register.filter
def names(people: Iterable[object], required: int = 1) -> str:
    """Those of whom `required` are needed: “Marco or Olga”, “Marco and Olga”, “Ada, Marco, Olga or 4 others”."""
    everybody = sorted(str(person) for person in people)
    said, left = everybody, len(everybody) - MOST_NAMES
    if left > 1:
        said = [*everybody[:MOST_NAMES], ngettext("%(count)d other", "%(count)d others", left) % {"count": left}]
    if required <= 1:
        return get_text_list(said, gettext("or"))
    together = get_text_list(said, gettext("and"))
    if required >= len(everybody):
        return together
    return gettext("%(required)d of %(names)s") % {"required": required, "names": together}
