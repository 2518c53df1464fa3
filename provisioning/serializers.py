"""The shape of drift cases in the REST API, and of the answers to them."""

from django.db.models import Q
from rest_framework import serializers

from catalog.models import TargetSystem
from directory.models import User
from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from .lifecycle import CaseAnswer
from .models import DriftCase

LONGEST_TEXT = 4000


class SystemNameSerializer(OutputSerializer[TargetSystem]):
    """A target system, where it is only named."""

    class Meta:
        model = TargetSystem
        ref_name = "DriftSystem"
        fields = ("id", "slug", "name")
        read_only_fields = fields


class DriftCaseSerializer(OutputSerializer[DriftCase]):
    """One difference between what is wanted and what a system has."""

    system = SystemNameSerializer(read_only=True)
    resource = serializers.UUIDField(source="resource_role.resource_id", read_only=True)
    resource_role = serializers.UUIDField(source="resource_role_id", read_only=True)
    role = serializers.CharField(source="resource_role.__str__", read_only=True, help_text="The role, in words.")
    person = PersonSerializer(read_only=True, allow_null=True, help_text="Null for an account of nobody here.")
    sentence = serializers.CharField(read_only=True, help_text="What is the matter, in words.")
    ignored_until = MomentField(read_only=True, allow_null=True)
    answered_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = DriftCase
        fields = (
            "id",
            "kind",
            "state",
            "sentence",
            "system",
            "resource",
            "resource_role",
            "role",
            "person",
            "account_id",
            "account_name",
            "first_seen_at",
            "last_seen_at",
            "held_back",
            "ignored_until",
            "answer",
            "answered_by",
            "why",
            "settled_at",
        )
        read_only_fields = fields


class DriftAnswerSerializer(serializers.Serializer[None]):
    """What is to become of a difference."""

    answer = serializers.ChoiceField(choices=CaseAnswer.choices, help_text="One that fits its kind.")
    why = serializers.CharField(max_length=LONGEST_TEXT)
    until = MomentField(default=None, allow_null=True, help_text="Until when to ignore it; only for that.")
    person = serializers.CharField(
        default=None, allow_null=True, help_text="Whose account it is (id or user name); only for linking."
    )

    def validate_person(self, text: str | None) -> User | None:
        """Somebody enabled."""
        if text is None:
            return None
        named = Q(username__iexact=text) | (Q(pk=text) if _is_id(text) else Q())
        found = User.objects.enabled().filter(named).first()
        if found is None:
            raise serializers.ValidationError("Nobody here is known by this.", code="not_found")
        return found


def _is_id(text: str) -> bool:
    try:
        serializers.UUIDField().run_validation(text)
    except serializers.ValidationError:
        return False
    return True
