"""Reads of requests, approvals, assignments and what goes with them."""

from .access_requests import AccessRequestQuerySet
from .approvals import ApprovalQuerySet, AssigneeQuerySet, InquiryQuerySet
from .assignments import AssignmentQuerySet
from .delegations import DelegationQuerySet
from .exceptions import SeparationExceptionQuerySet

__all__ = [
    "AccessRequestQuerySet",
    "ApprovalQuerySet",
    "AssigneeQuerySet",
    "AssignmentQuerySet",
    "DelegationQuerySet",
    "InquiryQuerySet",
    "SeparationExceptionQuerySet",
]
