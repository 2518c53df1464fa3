"""Requests, approvals and assignments in the REST API: load what the caller may see, call one action, answer."""

from .access_requests import RequestViewSet
from .approvals import ApprovalViewSet
from .assignments import AssignmentViewSet

__all__ = ["ApprovalViewSet", "AssignmentViewSet", "RequestViewSet", "routes"]

routes = [
    ("requests", RequestViewSet, "request"),
    ("approvals", ApprovalViewSet, "approval"),
    ("assignments", AssignmentViewSet, "assignment"),
]
