"""The shape of requests, approvals and assignments in the REST API: what comes in, and what goes out."""

from .access_requests import ApprovalDetailSerializer, MilestoneSerializer, RequestDetailSerializer, RequestSerializer
from .assignments import AssignmentDetailSerializer, AssignmentSerializer
from .inputs import (
    AnsweredSerializer,
    DirectAssignmentSerializer,
    HandingOverSerializer,
    JustificationSerializer,
    NewEndSerializer,
    SubmissionSerializer,
)

__all__ = [
    "AnsweredSerializer",
    "ApprovalDetailSerializer",
    "AssignmentDetailSerializer",
    "AssignmentSerializer",
    "DirectAssignmentSerializer",
    "HandingOverSerializer",
    "JustificationSerializer",
    "MilestoneSerializer",
    "NewEndSerializer",
    "RequestDetailSerializer",
    "RequestSerializer",
    "SubmissionSerializer",
]
