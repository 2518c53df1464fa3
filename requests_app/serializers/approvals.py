"""The shape of approvals and of those who are asked."""

from rest_framework import serializers

from directory.serializers import OutputSerializer, PersonSerializer

from ..lifecycle import ApprovalStatus
from ..models import Approval, ApprovalAssignee, Inquiry


class ApproverSerializer(OutputSerializer[ApprovalAssignee]):
    """Somebody who is asked, and what they decided; null where they did not."""

    person = PersonSerializer(read_only=True)
    instead_of = PersonSerializer(
        read_only=True, allow_null=True, help_text="Who was asked first, and handed it over for the reason given."
    )
    delegate = PersonSerializer(
        read_only=True, allow_null=True, help_text="Who may decide in their place as well, while they are away."
    )
    decided_by = PersonSerializer(read_only=True, allow_null=True, help_text="Who really decided.")

    class Meta:
        model = ApprovalAssignee
        fields = (
            "person",
            "asked_at",
            "is_alternate",
            "instead_of",
            "handed_over_why",
            "delegate",
            "is_approved",
            "justification",
            "decided_at",
            "decided_by",
        )
        read_only_fields = fields


class InquirySerializer(OutputSerializer[Inquiry]):
    """What an approver wanted to know; while it is open, the clock of its stage stands still."""

    asked_by = PersonSerializer(read_only=True)
    answered_by = PersonSerializer(read_only=True, allow_null=True)
    is_open = serializers.BooleanField(read_only=True)

    class Meta:
        model = Inquiry
        fields = (
            "id",
            "asked_by",
            "question",
            "asked_at",
            "answer_by",
            "is_open",
            "answered_by",
            "answer",
            "closed_at",
        )
        read_only_fields = fields


class ApprovalSerializer(OutputSerializer[Approval]):
    """One stage of a request's approval."""

    status = serializers.ChoiceField(choices=ApprovalStatus.choices, read_only=True)
    approvers = ApproverSerializer(source="assignees", many=True, read_only=True)
    inquiries = InquirySerializer(many=True, read_only=True)

    class Meta:
        model = Approval
        fields: tuple[str, ...] = (
            "id",
            "position",
            "status",
            "asked_via",
            "approvals_required",
            "requires_justification",
            "started_at",
            "due_at",
            "alternates_due_at",
            "paused_at",
            "not_needed_because",
            "decided_at",
            "approvers",
            "inquiries",
        )
        read_only_fields: tuple[str, ...] = fields
