"""The shape of callouts of custom extensions, and of what extensions answer."""

from datetime import timedelta

from rest_framework import serializers

from catalog.choices import CalloutMoment
from directory.serializers import OutputSerializer

from ..lifecycle import CalloutState
from ..models import Callout
from .inputs import LONGEST_TEXT

MOST_NAMES = 50
CONTINUE, DENY = "continue", "deny"


class CalloutSerializer(OutputSerializer[Callout]):
    """One call of a custom extension, and what it answered."""

    extension = serializers.CharField(source="extension.name", read_only=True)
    moment = serializers.ChoiceField(choices=CalloutMoment.choices, read_only=True)
    state = serializers.ChoiceField(choices=CalloutState.choices, read_only=True)
    is_denial = serializers.BooleanField(read_only=True, help_text="Whether the answer was no.")

    class Meta:
        model = Callout
        fields = ("id", "extension", "moment", "state", "answer_by", "is_denial", "detail", "created_at", "answered_at")
        read_only_fields = fields


class DecidersSerializer(serializers.Serializer[None]):
    """Who is to decide a stage. With nobody in it, the fallback approvers of the policy decide."""

    people = serializers.ListField(
        child=serializers.CharField(max_length=150),
        default=list,
        max_length=MOST_NAMES,
        help_text="Ids or usernames. Nobody who is a party of the request is asked.",
    )
    groups = serializers.ListField(
        child=serializers.CharField(max_length=200), default=list, max_length=MOST_NAMES, help_text="Ids or names."
    )
    approvals_required = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MOST_NAMES,
        help_text="null: everybody who is asked; left out: as many as the policy says.",
    )
    time_limit = serializers.DurationField(
        default=None,
        allow_null=True,
        min_value=timedelta(hours=1),
        max_value=timedelta(days=365),
        help_text="How long they have, as in P2D; null: as long as the policy says.",
    )


class CalloutAnswerSerializer(serializers.Serializer[None]):
    """What an extension answers."""

    token = serializers.CharField(
        default="", max_length=200, allow_blank=True, help_text="From the call; not needed with an API token."
    )
    result = serializers.ChoiceField(choices=[CONTINUE, DENY])
    detail = serializers.CharField(
        default="", allow_blank=True, max_length=LONGEST_TEXT, help_text="Shown to the parties and to the approvers."
    )
    approval_stage = DecidersSerializer(
        default=None, allow_null=True, help_text="Only where it was asked who decides; null: the fallback approvers."
    )
