"""The shape of requests, approvals and assignments in the REST API: what comes in, and what goes out."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from catalog.models import Policy
from catalog.serializers import PackageNameSerializer, PolicySerializer, ResourceRoleSerializer
from directory.serializers import MomentField, OutputSerializer, PersonSerializer
from provisioning.lifecycle import GrantStatus
from provisioning.models import GrantReason

from .extensions import Offer, offer_for
from .lifecycle import ApprovalStatus, AssignmentStatus, RequestStatus, RequestType
from .models import AccessRequest, Answer, Approval, ApprovalAssignee, Assignment

LONGEST_TEXT = 4000


# --- What comes in --------------------------------------------------------------------------------------------------


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


# --- What goes out --------------------------------------------------------------------------------------------------


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


class ApproverSerializer(OutputSerializer[ApprovalAssignee]):
    """Somebody who is asked, and what they decided; null where they did not."""

    person = PersonSerializer(read_only=True)
    instead_of = PersonSerializer(
        read_only=True, allow_null=True, help_text="Who was asked first, and handed it over for the reason given."
    )

    class Meta:
        model = ApprovalAssignee
        fields = (
            "person",
            "asked_at",
            "is_alternate",
            "instead_of",
            "handed_over_why",
            "is_approved",
            "justification",
            "decided_at",
        )
        read_only_fields = fields


class ApprovalSerializer(OutputSerializer[Approval]):
    """One stage of a request's approval."""

    status = serializers.ChoiceField(choices=ApprovalStatus.choices, read_only=True)
    approvers = ApproverSerializer(source="assignees", many=True, read_only=True)

    class Meta:
        model = Approval
        fields: tuple[str, ...] = (
            "id",
            "position",
            "status",
            "asked_via",
            "approvals_required",
            "requires_justification",
            "started_at",
            "due_at",
            "alternates_due_at",
            "decided_at",
            "approvers",
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


class AssignmentSerializer(OutputSerializer[Assignment]):
    """An assignment in a list."""

    status = serializers.ChoiceField(choices=AssignmentStatus.choices, read_only=True)
    person = PersonSerializer(read_only=True)
    package = PackageNameSerializer(read_only=True)
    policy = JudgedBySerializer(read_only=True)

    class Meta:
        model = Assignment
        fields: tuple[str, ...] = (
            "id",
            "status",
            "person",
            "package",
            "policy",
            "starts_at",
            "delivered_at",
            "ends_at",
            "ended_at",
        )
        read_only_fields: tuple[str, ...] = fields


class DeliverySerializer(OutputSerializer[GrantReason]):
    """One role that an assignment gives, as it stands in the target system.

    `ended_at` is when this assignment ceased to ask for it; the target keeps it while another assignment still does.
    """

    role = ResourceRoleSerializer(source="grant.resource_role", read_only=True)
    status = serializers.ChoiceField(source="grant.status", choices=GrantStatus.choices, read_only=True)
    since = MomentField(source="grant.changed_at", read_only=True)
    verified_at = MomentField(source="grant.verified_at", read_only=True, allow_null=True)
    was_there_before = serializers.BooleanField(source="grant.is_adopted", read_only=True)
    last_error = serializers.CharField(source="grant.last_error", read_only=True)

    class Meta:
        model = GrantReason
        fields = ("role", "status", "since", "verified_at", "was_there_before", "last_error", "ended_at")
        read_only_fields = fields


class ExtensionSerializer(serializers.Serializer[Offer]):
    """Whether access can be extended now: until when and under which policy, or why not."""

    is_possible = serializers.BooleanField(read_only=True)
    ends_at = MomentField(read_only=True, allow_null=True, help_text="The end that it would have, null for none.")
    policy = PolicySerializer(read_only=True, allow_null=True, help_text="Whose questions are to be answered.")
    obstacle = serializers.CharField(read_only=True)


class AssignmentDetailSerializer(AssignmentSerializer):
    """An assignment with the state of each of its roles, and whether its holder can extend it."""

    roles = serializers.SerializerMethodField()
    extension = serializers.SerializerMethodField()

    class Meta(AssignmentSerializer.Meta):
        fields = (*AssignmentSerializer.Meta.fields, "roles", "extension")
        read_only_fields = fields

    @extend_schema_field(DeliverySerializer(many=True))
    def get_roles(self, assignment: Assignment) -> object:
        return DeliverySerializer(GrantReason.objects.of([assignment.pk]), many=True).data

    @extend_schema_field(ExtensionSerializer)
    def get_extension(self, assignment: Assignment) -> object:
        return ExtensionSerializer(offer_for(assignment, now=timezone.now())).data
