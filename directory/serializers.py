"""The shape of people in the REST API, and of moments and durations in everything that it tells."""

from datetime import UTC, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .models import User
from .permissions import is_administrator

Row = TypeVar("Row", bound=models.Model)


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


class MeSerializer(OutputSerializer[User]):
    """Oneself, as the directory knows one."""

    manager = PersonSerializer(read_only=True, allow_null=True)
    is_administrator = serializers.SerializerMethodField()

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
            "manager",
            "is_administrator",
            "is_auditor",
        )
        read_only_fields = fields

    def get_is_administrator(self, user: User) -> bool:
        return is_administrator(user)
