"""Access requests with their answers and approvals, and assignments."""

from .access_requests import AccessRequest, Answer
from .approvals import Approval, ApprovalAssignee
from .assignments import Assignment, end_of
from .attributes import BroughtAttribute
from .baskets import BasketItem
from .callouts import Callout
from .delegations import Delegation
from .emergencies import EmergencyReview
from .exceptions import SeparationException
from .inquiries import Inquiry
from .rollouts import Rollout, RolloutKind

__all__ = [
    "AccessRequest",
    "Answer",
    "Approval",
    "ApprovalAssignee",
    "Assignment",
    "BasketItem",
    "BroughtAttribute",
    "Callout",
    "Delegation",
    "EmergencyReview",
    "Inquiry",
    "Rollout",
    "RolloutKind",
    "SeparationException",
    "end_of",
]
