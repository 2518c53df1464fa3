"""The shape of rollouts: how far a change for everybody who holds a package is."""

from rest_framework import serializers

from accessgov.outbox import WorkStatus
from directory.serializers import OutputSerializer, PersonSerializer

from ..models import Rollout, RolloutKind
from .inputs import LONGEST_TEXT


class RolloutSerializer(OutputSerializer[Rollout]):
    """One change for everybody who holds a package, or for everything that is given in a system."""

    kind = serializers.ChoiceField(choices=RolloutKind.choices, read_only=True)
    status = serializers.ChoiceField(choices=WorkStatus.choices, read_only=True)
    package = serializers.UUIDField(source="package_id", read_only=True, allow_null=True)
    system = serializers.UUIDField(source="system_id", read_only=True, allow_null=True)
    role = serializers.CharField(read_only=True, allow_null=True, help_text="The role that was added or removed.")
    in_words = serializers.CharField(read_only=True)
    actor = PersonSerializer(read_only=True, allow_null=True)
    total = serializers.IntegerField(read_only=True, help_text="Assignments; of a system: grants.")

    class Meta:
        model = Rollout
        fields = (
            "id", "kind", "status", "package", "system", "role", "in_words", "actor", "why", "total", "done",
            "last_error", "created_at", "settled_at",
        )  # fmt: skip
        read_only_fields = fields


class ReprocessingSerializer(serializers.Serializer[None]):
    """Which package is to be delivered again to everybody who holds it, and why."""

    package = serializers.UUIDField()
    justification = serializers.CharField(max_length=LONGEST_TEXT)
