"""The states of requests, approvals and assignments, and the moves between them.

A request, with the values of the original (`accessPackageAssignmentRequest`, Microsoft Graph):
```
submitted ─▶ pendingApproval ─▶ delivering ─▶ delivered
    │             ├─▶ denied         ├─▶ partiallyDelivered ─▶ delivered
    │             ├─▶ expired        └─▶ deliveryFailed ─▶ delivered
    └─────────────┴─▶ canceled ◀── (delivering and its failures, when the access ends first)
```
An assignment:
```
delivering ─▶ delivered, partiallyDelivered, deliveryFailed ─▶ removalPending ─▶ ended
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


class AssignmentStatus(models.TextChoices):
    DELIVERING = "delivering", _("being delivered")
    DELIVERED = "delivered", _("active")
    PARTIALLY_DELIVERED = "partiallyDelivered", _("partially delivered")
    DELIVERY_FAILED = "deliveryFailed", _("delivery failed, being retried")
    REMOVAL_PENDING = "removalPending", _("ended, removal pending")
    ENDED = "ended", _("ended")


LONGEST_STATUS = 20
"""How many characters the column of a status holds."""
UNDELIVERED = (RequestStatus.DELIVERING, RequestStatus.PARTIALLY_DELIVERED, RequestStatus.DELIVERY_FAILED)
DECIDABLE = (RequestStatus.SUBMITTED, RequestStatus.PENDING_APPROVAL)
OPEN = (*DECIDABLE, *UNDELIVERED)
LIVE = (
    AssignmentStatus.DELIVERING,
    AssignmentStatus.DELIVERED,
    AssignmentStatus.PARTIALLY_DELIVERED,
    AssignmentStatus.DELIVERY_FAILED,
)

REQUEST_MOVES: dict[str, frozenset[str]] = {
    RequestStatus.SUBMITTED: frozenset(
        {RequestStatus.PENDING_APPROVAL, RequestStatus.DELIVERING, RequestStatus.CANCELED}
    ),
    RequestStatus.PENDING_APPROVAL: frozenset(
        {RequestStatus.DELIVERING, RequestStatus.DENIED, RequestStatus.EXPIRED, RequestStatus.CANCELED}
    ),
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
}
ASSIGNMENT_MOVES: dict[str, frozenset[str]] = {
    **{
        status: frozenset({*LIVE, AssignmentStatus.REMOVAL_PENDING, AssignmentStatus.ENDED} - {status})
        for status in LIVE
    },
    AssignmentStatus.REMOVAL_PENDING: frozenset({AssignmentStatus.ENDED}),
    AssignmentStatus.ENDED: frozenset(),
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
    for states in (RequestStatus, AssignmentStatus, ApprovalStatus):
        if state in states:
            return str(states(state).label)
    return state
