"""The shape of what comes in about requests, approvals and assignments."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ..actions.deciding_many import MOST

LONGEST_TEXT = 4000
MOST_CHOICES = 100


class JustificationSerializer(serializers.Serializer[None]):
    """Why somebody does what they do."""

    justification = serializers.CharField(default="", allow_blank=True, max_length=LONGEST_TEXT)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
class AnswerField(serializers.Field[Any, Any, Any, Any]):
    """A text, or the choices that are answered."""

    def to_internal_value(self, data: Any) -> str | list[str]:
        text = serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT)
        if isinstance(data, list):
            return serializers.ListField(child=text, max_length=MOST_CHOICES).run_validation(data)
        return text.run_validation(data)

    def to_representation(self, value: Any) -> Any:
        return value


class ApprovingSerializer(JustificationSerializer):
    """Why it is approved, and for how long, where that is shorter than was asked; one of the two."""

    days = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=3660,
        help_text="So many days from its delivery on; of an extension, from its present end on.",
    )
    ends_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Until that moment.")


class InquiringSerializer(serializers.Serializer[None]):
    """What an approver wants to know."""

    question = serializers.CharField(max_length=LONGEST_TEXT)


class InquiryAnswerSerializer(serializers.Serializer[None]):
    """The answer to what an approver wants to know."""

    inquiry = serializers.UUIDField(help_text="The id of the question that is answered.")
    answer = serializers.CharField(max_length=LONGEST_TEXT)


class AnsweredSerializer(JustificationSerializer):
    """What a policy asks of whoever wants something."""

    answers = serializers.DictField(
        child=AnswerField(),
        default=dict,
        help_text="What is answered, by the id of the question: a text, or a list where several choices are possible.",
    )

    def validate_answers(self, answers: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
        """The ids as the questions write them."""
        faults = {key: _("This is not the id of a question.") for key in answers if not _is_uuid(key)}
        if faults:
            raise serializers.ValidationError(faults)
        return {str(UUID(key)): value for key, value in answers.items()}


class PeriodSerializer(serializers.Serializer[None]):
    """From when until when access is wanted, where that may be chosen."""

    starts_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When it is to begin; null: as soon as it is approved."
    )
    ends_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When it is to end; null: as late as the policy permits."
    )


class SubmissionSerializer(AnsweredSerializer, PeriodSerializer):
    """Asking for a package. The policy is named only where several apply to the caller."""

    package = serializers.UUIDField()
    person = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=150,
        help_text="Whom it is for: the id or username of somebody who reports to the caller; the caller without it.",
    )
    policy = serializers.UUIDField(default=None, allow_null=True)


class ResubmissionSerializer(AnsweredSerializer, PeriodSerializer):
    """Asking again; what is left out is as it was the first time."""


class HandingOverSerializer(serializers.Serializer[None]):
    """Who decides in one's place, and why."""

    person = serializers.CharField(max_length=150, help_text="The person's id or username.")
    why = serializers.CharField(max_length=LONGEST_TEXT)


class DecidingManySerializer(JustificationSerializer):
    """Which approvals are decided, and how."""

    approvals = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)
    decision = serializers.ChoiceField(choices=["approve", "deny"])


class WithdrawingSerializer(serializers.Serializer[None]):
    """Why an approval is withdrawn."""

    why = serializers.CharField(max_length=LONGEST_TEXT)


class DelegatingSerializer(serializers.Serializer[None]):
    """Who decides in one's place, from when until when, and in which catalogs."""

    delegate = serializers.CharField(max_length=150, help_text="The person's id or username.")
    starts_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="Null: at once. Of a delegation that has begun it stays as it is."
    )
    ends_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Null: until it is ended.")
    catalogs = serializers.ListField(
        child=serializers.UUIDField(),
        default=list,
        max_length=100,
        help_text="The ids of catalogs; none: in all of them.",
    )
    takes_waiting = serializers.BooleanField(default=False, help_text="Also what is waiting when it begins.")


class SettingDelegationSerializer(DelegatingSerializer):
    """A new delegation: one's own, or by an administrator for somebody."""

    delegator = serializers.CharField(
        default="", allow_blank=True, max_length=150, help_text="Who is away: id or username; the caller without it."
    )


class NewEndSerializer(JustificationSerializer):
    """Until when somebody's access is to last, null for no end, and why."""

    ends_at = serializers.DateTimeField(allow_null=True)


class DirectAssignmentSerializer(AnsweredSerializer, PeriodSerializer):
    """Having somebody get a package without asking; whoever assigns answers the policy's questions."""

    policy = serializers.UUIDField()
    person = serializers.CharField(max_length=150, help_text="The person's id or username.")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
