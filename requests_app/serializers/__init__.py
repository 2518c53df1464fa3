"""The shape of requests, approvals and assignments in the REST API: what comes in, and what goes out."""

from .access_requests import ApprovalDetailSerializer, MilestoneSerializer, RequestDetailSerializer, RequestSerializer
from .assignments import AssignmentDetailSerializer, AssignmentSerializer
from .delegations import DelegationSerializer, OutcomeSerializer
from .inputs import (
    AnsweredSerializer,
    ApprovingSerializer,
    DecidingManySerializer,
    DelegatingSerializer,
    DirectAssignmentSerializer,
    HandingOverSerializer,
    InquiringSerializer,
    InquiryAnswerSerializer,
    JustificationSerializer,
    NewEndSerializer,
    ResubmissionSerializer,
    SettingDelegationSerializer,
    SubmissionSerializer,
    WithdrawingSerializer,
)

__all__ = [
    "AnsweredSerializer",
    "ApprovalDetailSerializer",
    "ApprovingSerializer",
    "AssignmentDetailSerializer",
    "AssignmentSerializer",
    "DecidingManySerializer",
    "DelegatingSerializer",
    "DelegationSerializer",
    "DirectAssignmentSerializer",
    "HandingOverSerializer",
    "InquiringSerializer",
    "InquiryAnswerSerializer",
    "JustificationSerializer",
    "MilestoneSerializer",
    "NewEndSerializer",
    "OutcomeSerializer",
    "RequestDetailSerializer",
    "RequestSerializer",
    "ResubmissionSerializer",
    "SettingDelegationSerializer",
    "SubmissionSerializer",
    "WithdrawingSerializer",
]
