"""Requests, approvals and assignments in the REST API: load what the caller may see, call one action, answer."""

from .access_requests import RequestViewSet
from .approvals import ApprovalViewSet
from .assignments import AssignmentViewSet
from .baskets import BasketViewSet
from .callouts import CalloutViewSet
from .delegations import DelegationViewSet
from .emergencies import EmergencyViewSet
from .exceptions import ExceptionViewSet
from .rollouts import RolloutViewSet

__all__ = [
    "ApprovalViewSet",
    "AssignmentViewSet",
    "BasketViewSet",
    "CalloutViewSet",
    "DelegationViewSet",
    "EmergencyViewSet",
    "ExceptionViewSet",
    "RequestViewSet",
    "RolloutViewSet",
    "routes",
]

routes = [
    ("requests", RequestViewSet, "request"),
    ("approvals", ApprovalViewSet, "approval"),
    ("assignments", AssignmentViewSet, "assignment"),
    ("baskets", BasketViewSet, "basket"),
    ("callouts", CalloutViewSet, "callout"),
    ("delegations", DelegationViewSet, "delegation"),
    ("emergencies", EmergencyViewSet, "emergency"),
    ("exceptions", ExceptionViewSet, "exception"),
    ("rollouts", RolloutViewSet, "rollout"),
]
