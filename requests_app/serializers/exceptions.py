"""The shape of exceptions to separation of duties."""

from rest_framework import serializers

from catalog.serializers import PackageNameSerializer
from directory.serializers import GroupNameSerializer, OutputSerializer, PersonSerializer

from ..lifecycle import ExceptionStatus
from ..models import SeparationException
from .inputs import LONGEST_TEXT


class ExceptionSerializer(OutputSerializer[SeparationException]):
    """An exception: the person, the pair, the reason, the control, the end, and how it was decided."""

    status = serializers.ChoiceField(choices=ExceptionStatus.choices, read_only=True)
    person = PersonSerializer(read_only=True)
    package = PackageNameSerializer(read_only=True)
    other_package = PackageNameSerializer(read_only=True, allow_null=True)
    group = GroupNameSerializer(read_only=True, allow_null=True)
    asked_by = PersonSerializer(read_only=True)
    approvers = PersonSerializer(many=True, read_only=True, help_text="One of them decides.")
    decided_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = SeparationException
        fields = (
            "id",
            "status",
            "person",
            "package",
            "other_package",
            "group",
            "reason",
            "control",
            "ends_at",
            "asked_by",
            "asked_at",
            "decide_by",
            "approvers",
            "decided_by",
            "decided_at",
            "decision",
            "ended_at",
        )
        read_only_fields = fields


class NewExceptionSerializer(serializers.Serializer[None]):
    """Asking that somebody may hold together what is kept apart, for the caller where nobody is named."""

    incompatibility = serializers.UUIDField(help_text="Which two things are kept apart.")
    person = serializers.CharField(
        max_length=150, default="", allow_blank=True, help_text="The person's id or username."
    )
    reason = serializers.CharField(max_length=LONGEST_TEXT)
    control = serializers.CharField(max_length=LONGEST_TEXT, help_text="What keeps it from being misused.")
    ends_at = serializers.DateTimeField()


class ExceptionDecisionSerializer(serializers.Serializer[None]):
    """Why it is decided so."""

    decision = serializers.CharField(max_length=LONGEST_TEXT)
