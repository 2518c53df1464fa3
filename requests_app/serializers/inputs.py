"""The shape of what comes in about requests, approvals and assignments."""

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers

LONGEST_TEXT = 4000


class JustificationSerializer(serializers.Serializer[None]):
    """Why somebody does what they do."""

    justification = serializers.CharField(default="", allow_blank=True, max_length=LONGEST_TEXT)


class AnsweredSerializer(JustificationSerializer):
    """What a policy asks of whoever wants something."""

    answers = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=LONGEST_TEXT),
        default=dict,
        help_text="What is answered, by the id of the question.",
    )

    def validate_answers(self, answers: dict[str, str]) -> dict[str, str]:
        """The ids as the questions write them."""
        faults = {key: _("This is not the id of a question.") for key in answers if not _is_uuid(key)}
        if faults:
            raise serializers.ValidationError(faults)
        return {str(UUID(key)): value for key, value in answers.items()}


class SubmissionSerializer(AnsweredSerializer):
    """Asking for a package. The policy is named only where several apply to the caller."""

    package = serializers.UUIDField()
    policy = serializers.UUIDField(default=None, allow_null=True)


class HandingOverSerializer(serializers.Serializer[None]):
    """Who decides in one's place, and why."""

    person = serializers.CharField(max_length=150, help_text="The person's id or username.")
    why = serializers.CharField(max_length=LONGEST_TEXT)


class NewEndSerializer(JustificationSerializer):
    """Until when somebody's access is to last, null for no end, and why."""

    ends_at = serializers.DateTimeField(allow_null=True)


class DirectAssignmentSerializer(JustificationSerializer):
    """Having somebody get a package without asking."""

    policy = serializers.UUIDField()
    person = serializers.CharField(max_length=150, help_text="The person's id or username.")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
