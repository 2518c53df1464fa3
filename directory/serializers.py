"""The shape of people in the REST API, and of moments and durations in everything that it tells."""

from datetime import UTC, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .models import ConnectedOrganisation, Group, OrganisationState, Risk, User
from .permissions import is_administrator, is_auditor

Row = TypeVar("Row", bound=models.Model)
RISKS = [risk.name.lower() for risk in Risk]
"""How a risk is written."""


class MomentField(serializers.DateTimeField):
    """A moment in UTC, whatever zone the pages show: `2026-03-02T09:00:00Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


@extend_schema_field({"type": "string", "format": "duration", "example": "P30D"})
class DurationField(serializers.DurationField):
    """A duration as ISO 8601 writes it, in days and smaller, without what is nought: `P30D`, `PT8H`."""

    def to_representation(self, value: timedelta) -> str:
        hours, rest = divmod(value.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
        within_day = "".join(f"{number}{unit}" for number, unit in parts if number)
        days = f"{value.days}D" if value.days or not within_day else ""
        return f"P{days}T{within_day}" if within_day else f"P{days}"


class OutputSerializer(serializers.ModelSerializer[Row]):
    """What the API tells of a row: every field is named, none is written."""

    serializer_field_mapping: ClassVar[Any] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
        models.DurationField: DurationField,
    }


class PersonSerializer(OutputSerializer[User]):
    """A person, as others may know them."""

    class Meta:
        model = User
        fields = ("id", "username", "display_name")
        read_only_fields = fields


class GroupNameSerializer(OutputSerializer[Group]):
    """A group, where it is only named."""

    class Meta:
        model = Group
        fields = ("id", "name")
        read_only_fields = fields


class OrganisationNameSerializer(OutputSerializer[ConnectedOrganisation]):
    """A connected organisation, where it is only named."""

    class Meta:
        model = ConnectedOrganisation
        fields = ("id", "name")
        read_only_fields = fields


class OrganisationSerializer(OutputSerializer[ConnectedOrganisation]):
    """A connected organisation with its mail domains, and with the people and groups who answer for its people."""

    state = serializers.ChoiceField(choices=OrganisationState.choices, read_only=True)
    domains: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    internal_sponsors = PersonSerializer(many=True, read_only=True)
    internal_sponsor_groups = GroupNameSerializer(many=True, read_only=True)
    external_sponsors = PersonSerializer(many=True, read_only=True)
    external_sponsor_groups = GroupNameSerializer(many=True, read_only=True)

    class Meta:
        model = ConnectedOrganisation
        fields = (
            "id",
            "name",
            "description",
            "state",
            "domains",
            "internal_sponsors",
            "internal_sponsor_groups",
            "external_sponsors",
            "external_sponsor_groups",
            "created_at",
        )
        read_only_fields = fields


class RiskSerializer(serializers.Serializer[None]):
    """A risk: `none`, `low`, `medium` or `high`."""

    risk = serializers.ChoiceField(choices=RISKS)


class MeSerializer(OutputSerializer[User]):
    """Oneself, as the directory knows one."""

    manager = PersonSerializer(read_only=True, allow_null=True)
    organisation = OrganisationNameSerializer(
        read_only=True, allow_null=True, help_text="The connected organisation that a guest comes from."
    )
    is_administrator = serializers.SerializerMethodField()
    is_auditor = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "display_name",
            "email",
            "kind",
            "department",
            "job_title",
            "company",
            "organisation",
            "manager",
            "is_administrator",
            "is_auditor",
        )
        read_only_fields = fields

    def get_is_administrator(self, user: User) -> bool:
        return is_administrator(user)

    def get_is_auditor(self, user: User) -> bool:
        return is_auditor(user)
