"""The shape of emergencies: what comes in when access is taken or judged, and the review that goes out."""

from rest_framework import serializers

from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from ..lifecycle import EmergencyStatus
from ..models import EmergencyReview
from .access_requests import RequestSerializer
from .inputs import LONGEST_TEXT


class EmergencySerializer(OutputSerializer[EmergencyReview]):
    """Access that was taken in an emergency, with its review."""

    status = serializers.ChoiceField(choices=EmergencyStatus.choices, read_only=True)
    request = RequestSerializer(source="access_request", read_only=True)
    conflicts = serializers.CharField(read_only=True, help_text="What it cannot be held together with, in words.")
    uses = serializers.IntegerField(read_only=True, help_text="Times in 90 days, this one included.")
    reviewers = PersonSerializer(many=True, read_only=True, help_text="One of them reviews it.")
    due_at = MomentField(read_only=True)
    decided_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = EmergencyReview
        fields = (
            "id",
            "status",
            "request",
            "conflicts",
            "uses",
            "taken_at",
            "due_at",
            "reviewers",
            "decided_by",
            "decided_at",
            "findings",
        )
        read_only_fields = fields


class TakingSerializer(serializers.Serializer[None]):
    """Taking a package in an emergency."""

    package = serializers.UUIDField()
    justification = serializers.CharField(max_length=LONGEST_TEXT)
    hours = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, help_text="For how long; as long as the policy lets one, if null."
    )


class JudgementSerializer(serializers.Serializer[None]):
    """Whether it was right to take it, and what was found."""

    is_justified = serializers.BooleanField()
    findings = serializers.CharField(max_length=LONGEST_TEXT)
