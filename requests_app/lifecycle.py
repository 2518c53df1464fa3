"""The states of requests, approvals and assignments, and the moves between them.

A request, with the values of the original (`accessPackageAssignmentRequest`, Microsoft Graph):
```
submitted ─▶ pendingApproval ─▶ scheduled ─▶ delivering ─▶ delivered
    │             ├─▶ denied        │            ├─▶ partiallyDelivered ─▶ delivered
    │             ├─▶ expired       │            └─▶ deliveryFailed ─▶ delivered
    └─────────────┴─▶ canceled ◀────┴── (delivering and its failures, when the access ends first)
```
An assignment:
```
delivering ─▶ delivered, partiallyDelivered, deliveryFailed ─▶ removalPending ─▶ ended
```
An exception to separation of duties:
```
pendingApproval ─▶ approved ─▶ ended (its time is over), revoked (taken back before)
       └─▶ denied, withdrawn, expired (nobody decided in time)
```
A call of a custom extension (`customExtensionCalloutInstance` of the original):
```
pending ─▶ calloutSent
   │ ▲
   │ └── calloutFailed (given up; put back to work by an administrator)
   └─▶ waitingForCallback ─▶ callbackReceived, callbackTimedOut, canceled (from pending and calloutFailed as well)
```
"""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class RequestType(models.TextChoices):
    USER_ADD = "userAdd", _("request")
    USER_UPDATE = "userUpdate", _("extension")
    USER_REMOVE = "userRemove", _("given back")
    ADMIN_ADD = "adminAdd", _("direct assignment")
    ADMIN_UPDATE = "adminUpdate", _("end moved by an administrator")
    ADMIN_REMOVE = "adminRemove", _("removal by an administrator")
    SYSTEM_REMOVE = "systemRemove", _("removal by the system")


ADDING = (RequestType.USER_ADD, RequestType.ADMIN_ADD)
UPDATING = (RequestType.USER_UPDATE, RequestType.ADMIN_UPDATE)
"""Requests that move the end of access that is there: nothing is delivered, nothing is taken away."""


class RequestStatus(models.TextChoices):
    SUBMITTED = "submitted", _("submitted")
    PENDING_APPROVAL = "pendingApproval", _("waiting for approval")
    SCHEDULED = "scheduled", _("approved, not begun yet")
    DELIVERING = "delivering", _("being delivered")
    DELIVERED = "delivered", _("delivered")
    PARTIALLY_DELIVERED = "partiallyDelivered", _("partially delivered")
    DELIVERY_FAILED = "deliveryFailed", _("delivery failed, being retried")
    DENIED = "denied", _("denied")
    EXPIRED = "expired", _("expired")
    CANCELED = "canceled", _("canceled")


class ApprovalStatus(models.TextChoices):
    WAITING = "waiting", _("not yet its turn")
    IN_PROGRESS = "inProgress", _("in progress")
    APPROVED = "approved", _("approved")
    DENIED = "denied", _("denied")
    EXPIRED = "expired", _("expired")
    CANCELED = "canceled", _("no longer needed")
    SKIPPED = "skipped", _("not needed")
    """Its condition was not met when the request was submitted: it begins and ends so."""


class AssignmentStatus(models.TextChoices):
    DELIVERING = "delivering", _("being delivered")
    DELIVERED = "delivered", _("active")
    PARTIALLY_DELIVERED = "partiallyDelivered", _("partially delivered")
    DELIVERY_FAILED = "deliveryFailed", _("delivery failed, being retried")
    REMOVAL_PENDING = "removalPending", _("ended, removal pending")
    ENDED = "ended", _("ended")


class ExceptionStatus(models.TextChoices):
    """States of an exception to separation of duties."""

    PENDING = "pendingApproval", _("waiting for a decision")
    APPROVED = "approved", _("in force")
    DENIED = "denied", _("denied")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")
    ENDED = "ended", _("ended")
    REVOKED = "revoked", _("taken back")


class CalloutState(models.TextChoices):
    PENDING = "pending", _("being sent")
    SENT = "calloutSent", _("sent")
    WAITING = "waitingForCallback", _("waiting for an answer")
    FAILED = "calloutFailed", _("given up")
    ANSWERED = "callbackReceived", _("answered")
    TIMED_OUT = "callbackTimedOut", _("not answered in time")
    CANCELED = "canceled", _("no longer needed")


class EmergencyStatus(models.TextChoices):
    """States of the review that every emergency access leaves behind."""

    OPEN = "open", _("to be reviewed")
    JUSTIFIED = "justified", _("justified")
    NOT_JUSTIFIED = "notJustified", _("not justified")


LONGEST_STATUS = 20
"""How many characters the column of a status holds."""
UNDELIVERED = (RequestStatus.DELIVERING, RequestStatus.PARTIALLY_DELIVERED, RequestStatus.DELIVERY_FAILED)
DECIDABLE = (RequestStatus.SUBMITTED, RequestStatus.PENDING_APPROVAL)
UNBEGUN = (*DECIDABLE, RequestStatus.SCHEDULED)
"""Nothing was done yet: whoever asked may take it back (corner 25)."""
OPEN = (*UNBEGUN, *UNDELIVERED)
EXCEPTION_OPEN = (ExceptionStatus.PENDING, ExceptionStatus.APPROVED)
RESUBMITTABLE = (RequestStatus.DENIED, RequestStatus.EXPIRED, RequestStatus.CANCELED)
"""It came to nothing: the same may be asked for again."""
FAILED_DELIVERY = (AssignmentStatus.PARTIALLY_DELIVERED, AssignmentStatus.DELIVERY_FAILED)
"""Not everything is there, and nothing is on its way but by itself: worth trying again (corner 27)."""
REPROCESSABLE = (*FAILED_DELIVERY, AssignmentStatus.DELIVERED)
"""What can be delivered once more; what is being delivered needs no push."""
LIVE = (
    AssignmentStatus.DELIVERING,
    AssignmentStatus.DELIVERED,
    AssignmentStatus.PARTIALLY_DELIVERED,
    AssignmentStatus.DELIVERY_FAILED,
)

REQUEST_MOVES: dict[str, frozenset[str]] = {
    RequestStatus.SUBMITTED: frozenset(
        {
            RequestStatus.PENDING_APPROVAL,
            RequestStatus.SCHEDULED,
            RequestStatus.DELIVERING,
            RequestStatus.DENIED,
            RequestStatus.EXPIRED,
            RequestStatus.CANCELED,
        }
    ),
    RequestStatus.PENDING_APPROVAL: frozenset(
        {
            RequestStatus.SCHEDULED,
            RequestStatus.DELIVERING,
            RequestStatus.DENIED,
            RequestStatus.EXPIRED,
            RequestStatus.CANCELED,
        }
    ),
    RequestStatus.SCHEDULED: frozenset({RequestStatus.DELIVERING, RequestStatus.CANCELED}),
    **{
        status: frozenset({*UNDELIVERED, RequestStatus.DELIVERED, RequestStatus.CANCELED} - {status})
        for status in UNDELIVERED
    },
    RequestStatus.DELIVERED: frozenset(),
    RequestStatus.DENIED: frozenset(),
    RequestStatus.EXPIRED: frozenset(),
    RequestStatus.CANCELED: frozenset(),
}
APPROVAL_MOVES: dict[str, frozenset[str]] = {
    ApprovalStatus.WAITING: frozenset({ApprovalStatus.IN_PROGRESS, ApprovalStatus.CANCELED}),
    ApprovalStatus.IN_PROGRESS: frozenset(
        {ApprovalStatus.APPROVED, ApprovalStatus.DENIED, ApprovalStatus.EXPIRED, ApprovalStatus.CANCELED}
    ),
    ApprovalStatus.APPROVED: frozenset(),
    ApprovalStatus.DENIED: frozenset(),
    ApprovalStatus.EXPIRED: frozenset(),
    ApprovalStatus.CANCELED: frozenset(),
    ApprovalStatus.SKIPPED: frozenset(),
}
ASSIGNMENT_MOVES: dict[str, frozenset[str]] = {
    **{
        status: frozenset({*LIVE, AssignmentStatus.REMOVAL_PENDING, AssignmentStatus.ENDED} - {status})
        for status in LIVE
    },
    AssignmentStatus.REMOVAL_PENDING: frozenset({AssignmentStatus.ENDED}),
    AssignmentStatus.ENDED: frozenset(),
}


EXCEPTION_MOVES: dict[str, frozenset[str]] = {
    ExceptionStatus.PENDING: frozenset(
        {
            ExceptionStatus.APPROVED,
            ExceptionStatus.DENIED,
            ExceptionStatus.WITHDRAWN,
            ExceptionStatus.EXPIRED,
        }
    ),
    ExceptionStatus.APPROVED: frozenset({ExceptionStatus.ENDED, ExceptionStatus.REVOKED}),
    ExceptionStatus.DENIED: frozenset(),
    ExceptionStatus.WITHDRAWN: frozenset(),
    ExceptionStatus.EXPIRED: frozenset(),
    ExceptionStatus.ENDED: frozenset(),
    ExceptionStatus.REVOKED: frozenset(),
}


CALLOUT_OPEN = (CalloutState.PENDING, CalloutState.WAITING, CalloutState.FAILED)
"""Where it is waited for: it is not answered yet, and may still be."""
CALLOUT_ENDS = frozenset({CalloutState.ANSWERED, CalloutState.TIMED_OUT, CalloutState.CANCELED})
CALLOUT_MOVES: dict[str, frozenset[str]] = {
    CalloutState.PENDING: frozenset({CalloutState.SENT, CalloutState.WAITING, CalloutState.FAILED}) | CALLOUT_ENDS,
    CalloutState.WAITING: CALLOUT_ENDS,
    CalloutState.FAILED: frozenset({CalloutState.PENDING}) | CALLOUT_ENDS,
    CalloutState.SENT: frozenset(),
    CalloutState.ANSWERED: frozenset(),
    CalloutState.TIMED_OUT: frozenset(),
    CalloutState.CANCELED: frozenset(),
}


EMERGENCY_MOVES: dict[str, frozenset[str]] = {
    EmergencyStatus.OPEN: frozenset({EmergencyStatus.JUSTIFIED, EmergencyStatus.NOT_JUSTIFIED}),
    EmergencyStatus.JUSTIFIED: frozenset(),
    EmergencyStatus.NOT_JUSTIFIED: frozenset(),
}


class IllegalMove(Exception):
    """The thing cannot go from the state that it is in to the one asked for."""


def check_move(moves: dict[str, frozenset[str]], *, old: str, new: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if new not in moves[old]:
        raise IllegalMove(_refusal(old, new))


def _refusal(old: str, new: str) -> str:
    return gettext("What is %(old)s cannot become %(new)s.") % {"old": _in_words(old), "new": _in_words(new)}


def _in_words(state: str) -> str:
    for states in (RequestStatus, AssignmentStatus, ApprovalStatus, ExceptionStatus, EmergencyStatus, CalloutState):
        if state in states:
            return str(states(state).label)
    return state
