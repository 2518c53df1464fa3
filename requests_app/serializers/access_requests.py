"""The shape of requests: in lists, by themselves with their stages, and as what an approver is asked for."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from catalog.models import Policy
from catalog.serializers import PackageNameSerializer
from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from ..lifecycle import RequestStatus, RequestType
from ..models import AccessRequest, Answer
from .approvals import ApprovalSerializer


class JudgedBySerializer(OutputSerializer[Policy]):
    """The policy that something is judged by."""

    class Meta:
        model = Policy
        fields = ("id", "name")
        read_only_fields = fields


class AnswerSerializer(OutputSerializer[Answer]):
    """An answer with the question as it was asked."""

    class Meta:
        model = Answer
        fields = ("question", "value")
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
    wanted_end = MomentField(
        read_only=True, allow_null=True, help_text="Of an extension: the end that is asked for, null for none."
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
            "duration",
            "ends_at",
            "wanted_end",
            "assignment",
            "submitted_at",
            "completed_at",
        )
        read_only_fields: tuple[str, ...] = fields


class RequestDetailSerializer(RequestSerializer):
    """A request with its answers and approvals, and where its timeline is."""

    answers = AnswerSerializer(many=True, read_only=True)
    approvals = ApprovalSerializer(many=True, read_only=True)
    timeline = serializers.SerializerMethodField()

    class Meta(RequestSerializer.Meta):
        fields = (*RequestSerializer.Meta.fields, "answers", "approvals", "timeline")
        read_only_fields = fields

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
