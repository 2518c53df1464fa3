"""Access requests with their answers and approvals, and assignments."""

from .access_requests import AccessRequest, Answer
from .approvals import Approval, ApprovalAssignee
from .assignments import Assignment, end_of

__all__ = ["AccessRequest", "Answer", "Approval", "ApprovalAssignee", "Assignment", "end_of"]
