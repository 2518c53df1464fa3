"""The shape of a dry run: what delivering once more would change, grant by grant."""

from rest_framework import serializers

from catalog.models import ResourceRole
from directory.serializers import OutputSerializer, PersonSerializer

from ..rehearsing import Line, Step, Table


class RehearsedRoleSerializer(OutputSerializer[ResourceRole]):
    """A role, where it is only named."""

    name = serializers.CharField(source="__str__", read_only=True)
    resource = serializers.UUIDField(source="resource_id", read_only=True)
    system = serializers.CharField(source="resource.system.slug", read_only=True)

    class Meta:
        model = ResourceRole
        ref_name = "RehearsedRole"
        fields = ("id", "name", "resource", "system")
        read_only_fields = fields


class LineSerializer(serializers.Serializer[Line]):
    """One grant, and what would be done about it."""

    person = PersonSerializer(source="grant.person", read_only=True)
    role = RehearsedRoleSerializer(source="grant.resource_role", read_only=True)
    is_wanted = serializers.BooleanField(read_only=True, help_text="Whether something here gives it.")
    is_there = serializers.BooleanField(
        source="is_shown", read_only=True, allow_null=True, help_text="What the system shows; null: it does not tell."
    )
    step = serializers.ChoiceField(source="step.word", choices=[step.word for step in Step], read_only=True)
    why_unknown = serializers.CharField(read_only=True)


class RehearsalSerializer(serializers.Serializer[Table]):
    """What delivering once more would change; nothing was changed to find it out."""

    lines = LineSerializer(many=True, read_only=True)
    is_cut = serializers.BooleanField(
        read_only=True, help_text="There are more: the command “reprocess --dry-run” lists all of them."
    )


class WhatToRehearseSerializer(serializers.Serializer[None]):
    """A package or a system."""

    package = serializers.UUIDField(required=False, help_text="The id of a package.")
    system = serializers.SlugField(required=False, help_text="The short name of a system; administrators only.")

    def validate(self, given: dict[str, object]) -> dict[str, object]:
        """One of them."""
        if len(given) != 1:
            raise serializers.ValidationError("Say which package, or which system.", code="required")
        return given
