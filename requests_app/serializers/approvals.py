"""The shape of approvals and of those who are asked."""

from rest_framework import serializers

from directory.serializers import OutputSerializer, PersonSerializer

from ..lifecycle import ApprovalStatus
from ..models import Approval, ApprovalAssignee


class ApproverSerializer(OutputSerializer[ApprovalAssignee]):
    """Somebody who is asked, and what they decided; null where they did not."""

    person = PersonSerializer(read_only=True)
    instead_of = PersonSerializer(
        read_only=True, allow_null=True, help_text="Who was asked first, and handed it over for the reason given."
    )

    class Meta:
        model = ApprovalAssignee
        fields = (
            "person",
            "asked_at",
            "is_alternate",
            "instead_of",
            "handed_over_why",
            "is_approved",
            "justification",
            "decided_at",
        )
        read_only_fields = fields


class ApprovalSerializer(OutputSerializer[Approval]):
    """One stage of a request's approval."""

    status = serializers.ChoiceField(choices=ApprovalStatus.choices, read_only=True)
    approvers = ApproverSerializer(source="assignees", many=True, read_only=True)

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
            "decided_at",
            "approvers",
        )
        read_only_fields: tuple[str, ...] = fields
