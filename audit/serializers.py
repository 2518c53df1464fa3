"""The shape of an event in the REST API: the same names as in the exports."""

from datetime import UTC

from rest_framework import serializers

from .exports import HEADINGS
from .models import Event


class EventSerializer(serializers.ModelSerializer[Event]):
    """One event, read only, with its sentence."""

    occurred_at = serializers.DateTimeField(default_timezone=UTC, read_only=True)
    actor_id = serializers.UUIDField(read_only=True, allow_null=True)
    sentence = serializers.CharField(read_only=True)

    class Meta:
        model = Event
        fields = HEADINGS
        read_only_fields = HEADINGS
