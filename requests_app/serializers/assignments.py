"""The shape of assignments, of what they grant and of how they can be extended."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.serializers import PackageNameSerializer, PolicySerializer, ResourceRoleSerializer
from directory.serializers import MomentField, OutputSerializer, PersonSerializer
from provisioning.lifecycle import GrantStatus
from provisioning.models import GrantReason

from ..extensions import Offer, offer_for
from ..lifecycle import AssignmentStatus
from ..models import Assignment
from .access_requests import JudgedBySerializer


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
        return ExtensionSerializer(offer_for(assignment, now=timezone.now()), context=self.context).data
