"""The shape of requests: in lists, by themselves with their stages, and as what an approver is asked for."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from catalog.choices import QuestionKind
from catalog.models import Policy
from catalog.serializers import PackageNameSerializer
from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from ..lifecycle import RequestStatus, RequestType
from ..models import AccessRequest, Answer
from .approvals import ApprovalSerializer
from .callouts import CalloutSerializer


class JudgedBySerializer(OutputSerializer[Policy]):
    """The policy that something is judged by."""

    class Meta:
        model = Policy
        fields = ("id", "name")
        read_only_fields = fields


class AnswerSerializer(OutputSerializer[Answer]):
    """An answer with the question as it was asked; what was chosen, as it was shown."""

    kind = serializers.ChoiceField(choices=QuestionKind.choices, read_only=True)
    values = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Each choice by itself.")
    shown = serializers.CharField(source="in_words", read_only=True)
    attribute = serializers.CharField(read_only=True, help_text="Where it is stored on the person; empty: nowhere.")

    class Meta:
        model = Answer
        fields = ("question", "kind", "value", "values", "shown", "attribute")
        read_only_fields = fields


class RequestSerializer(OutputSerializer[AccessRequest]):
    """A request in a list."""

    kind = serializers.ChoiceField(choices=RequestType.choices, read_only=True)
    status = serializers.ChoiceField(choices=RequestStatus.choices, read_only=True)
    package = PackageNameSerializer(read_only=True)
    policy = JudgedBySerializer(read_only=True)
    person = PersonSerializer(read_only=True)
    requested_by = PersonSerializer(read_only=True, allow_null=True)
    assignment = serializers.UUIDField(source="assignment_id", read_only=True, allow_null=True)
    ends_at = MomentField(source="fixed_end", read_only=True, allow_null=True)
    wanted_start = MomentField(
        read_only=True, allow_null=True, help_text="When it is to begin; null: as soon as it is approved."
    )
    wanted_end = MomentField(
        read_only=True,
        allow_null=True,
        help_text="The end that was chosen, null where none was; of an extension, null for no end.",
    )

    shortened_by = PersonSerializer(
        read_only=True, allow_null=True, help_text="The approver who gave it for a shorter time than was asked."
    )

    class Meta:
        model = AccessRequest
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "status",
            "package",
            "policy",
            "policy_version",
            "person",
            "requested_by",
            "justification",
            "is_emergency",
            "basket",
            "duration",
            "ends_at",
            "wanted_start",
            "wanted_end",
            "shortened_by",
            "assignment",
            "submitted_at",
            "completed_at",
        )
        read_only_fields: tuple[str, ...] = fields


class RequestDetailSerializer(RequestSerializer):
    """A request with its answers and approvals, the custom extensions that it called, and where its timeline is."""

    answers = AnswerSerializer(many=True, read_only=True)
    approvals = ApprovalSerializer(many=True, read_only=True)
    callouts = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()

    class Meta(RequestSerializer.Meta):
        fields = (*RequestSerializer.Meta.fields, "answers", "approvals", "callouts", "timeline")
        read_only_fields = fields

    @extend_schema_field(CalloutSerializer(many=True))
    def get_callouts(self, access_request: AccessRequest) -> object:
        if not access_request.callout_plan:
            return []
        return CalloutSerializer(access_request.callouts.select_related("extension").order_by("pk"), many=True).data

    @extend_schema_field(serializers.URLField)
    def get_timeline(self, access_request: AccessRequest) -> str:
        return reverse("request-timeline", args=[access_request.pk], request=self.context.get("request"))


class AskedForSerializer(RequestSerializer):
    """A request as its approvers need it: with the answers."""

    answers = AnswerSerializer(many=True, read_only=True)

    class Meta(RequestSerializer.Meta):
        fields = (*RequestSerializer.Meta.fields, "answers")
        read_only_fields = fields


class ApprovalDetailSerializer(ApprovalSerializer):
    """One stage with the request that it is about."""

    request = AskedForSerializer(source="access_request", read_only=True)

    class Meta(ApprovalSerializer.Meta):
        fields = (*ApprovalSerializer.Meta.fields, "request")
        read_only_fields = fields


class MilestoneSerializer(serializers.Serializer[object]):
    """One thing that happened to a request."""

    id = serializers.UUIDField(read_only=True)
    occurred_at = MomentField(read_only=True)
    verb = serializers.CharField(read_only=True)
    actor = serializers.CharField(source="actor_label", read_only=True)
    sentence = serializers.CharField(read_only=True)
