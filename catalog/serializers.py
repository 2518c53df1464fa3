"""The shape of catalogs, packages and policies in the REST API: output only."""

from datetime import timedelta

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from directory.models import Group
from directory.serializers import DurationField, MomentField, OutputSerializer, PersonSerializer

from .choices import QuestionKind, RequestorScope, ResourceKind
from .models import AccessPackage, ApprovalStage, Catalog, Policy, Question, Resource, ResourceRole, StageApprover
from .permissions import can_manage_assignments
from .separation import Separation, separation_of


class CatalogNameSerializer(OutputSerializer[Catalog]):
    """A catalog, where it is only named."""

    class Meta:
        model = Catalog
        fields = ("id", "name")
        read_only_fields = fields


class CatalogSerializer(OutputSerializer[Catalog]):
    """A catalog."""

    class Meta:
        model = Catalog
        fields = ("id", "name", "description", "is_enabled", "is_externally_visible")
        read_only_fields = fields


class ResourceSerializer(OutputSerializer[Resource]):
    """A resource, with the name of the system that it is in."""

    kind = serializers.ChoiceField(choices=ResourceKind.choices, read_only=True)
    system = serializers.CharField(source="system.name", read_only=True)

    class Meta:
        model = Resource
        fields = ("id", "name", "kind", "system", "is_privileged")
        read_only_fields = fields


class ResourceRoleSerializer(OutputSerializer[ResourceRole]):
    """A role on a resource: what a package gives."""

    resource = ResourceSerializer(read_only=True)

    class Meta:
        model = ResourceRole
        fields = ("id", "name", "description", "resource")
        read_only_fields = fields


class QuestionSerializer(OutputSerializer[Question]):
    """A question; its id is the key of its answer in a new request."""

    kind = serializers.ChoiceField(choices=QuestionKind.choices, read_only=True)
    choices = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Question
        fields = ("id", "text", "kind", "choices", "is_required")
        read_only_fields = fields


class GroupNameSerializer(OutputSerializer[Group]):
    """A group, where it is only named."""

    class Meta:
        model = Group
        fields = ("id", "name")
        read_only_fields = fields


class StageApproverSerializer(OutputSerializer[StageApprover]):
    """Who is asked: the manager, or the person or group that is named."""

    person = PersonSerializer(read_only=True, allow_null=True)
    group = GroupNameSerializer(read_only=True, allow_null=True)

    class Meta:
        model = StageApprover
        fields = ("use", "kind", "person", "group")
        read_only_fields = fields


class ApprovalStageSerializer(OutputSerializer[ApprovalStage]):
    """One step of a policy's approval."""

    time_limit = serializers.SerializerMethodField()
    alternates_after = serializers.SerializerMethodField(
        help_text="When alternates are asked as well, counted from the stage's beginning; null: never."
    )
    approvals_required = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="How many approvals end the stage; null: all of those who are asked."
    )
    approvers = StageApproverSerializer(many=True, read_only=True)

    class Meta:
        model = ApprovalStage
        fields = (
            "position",
            "approvals_required",
            "time_limit",
            "alternates_after",
            "requires_justification",
            "approvers",
        )
        read_only_fields = fields

    @extend_schema_field(DurationField)
    def get_time_limit(self, stage: ApprovalStage) -> str:
        return DurationField().to_representation(timedelta(days=stage.time_limit_days))

    @extend_schema_field(DurationField(allow_null=True))
    def get_alternates_after(self, stage: ApprovalStage) -> str | None:
        days = stage.alternates_after_days
        return None if days is None else DurationField().to_representation(timedelta(days=days))


class PolicyNameSerializer(OutputSerializer[Policy]):
    """A policy, where it is only named."""

    scope = serializers.ChoiceField(choices=RequestorScope.choices, read_only=True)

    class Meta:
        model = Policy
        fields = ("id", "name", "scope")
        read_only_fields = fields


class PolicySerializer(OutputSerializer[Policy]):
    """A policy: what is asked, who decides, and how long access lasts (neither duration nor end: for good)."""

    scope = serializers.ChoiceField(choices=RequestorScope.choices, read_only=True)
    duration = DurationField(read_only=True, allow_null=True)
    ends_at = MomentField(source="fixed_end", read_only=True, allow_null=True)
    questions = QuestionSerializer(many=True, read_only=True)
    stages = ApprovalStageSerializer(many=True, read_only=True)

    class Meta:
        model = Policy
        fields = (
            "id",
            "name",
            "description",
            "scope",
            "requires_justification",
            "duration",
            "ends_at",
            "is_extension_allowed",
            "does_extension_need_approval",
            "questions",
            "stages",
        )
        read_only_fields = fields


class PackageNameSerializer(OutputSerializer[AccessPackage]):
    """A package, where it is only named."""

    class Meta:
        model = AccessPackage
        fields = ("id", "name")
        read_only_fields = fields


class PackageSerializer(OutputSerializer[AccessPackage]):
    """A package in a list."""

    catalog = CatalogNameSerializer(read_only=True)
    owner = PersonSerializer(read_only=True)

    class Meta:
        model = AccessPackage
        fields: tuple[str, ...] = (
            "id",
            "name",
            "description",
            "catalog",
            "owner",
            "is_enabled",
            "is_hidden",
            "created_at",
        )
        read_only_fields: tuple[str, ...] = fields


class SeparationSerializer(serializers.Serializer[Separation]):
    """What cannot be held together with the package, as far as the caller may see it; `hidden` counts the rest."""

    packages = PackageNameSerializer(many=True, read_only=True, help_text="Whoever has one of these cannot get it.")
    groups = GroupNameSerializer(many=True, read_only=True, help_text="Nor can the members of these.")
    ruled_out = PackageNameSerializer(many=True, read_only=True, help_text="Whoever has it cannot get these.")
    hidden = serializers.IntegerField(read_only=True)


class PackageDetailSerializer(PackageSerializer):
    """A package with what it gives and with the policies that concern the caller."""

    roles = serializers.SerializerMethodField(help_text="What the package gives.")
    policies = serializers.SerializerMethodField(help_text="Under which of its policies the caller may ask for it.")
    assignable_policies = serializers.SerializerMethodField(
        help_text="Under which of them the caller may assign it to others; empty unless the caller looks after it."
    )

    incompatible_with = serializers.SerializerMethodField(help_text="What cannot be held together with it.")

    class Meta(PackageSerializer.Meta):
        fields = (*PackageSerializer.Meta.fields, "roles", "policies", "assignable_policies", "incompatible_with")
        read_only_fields = fields

    @extend_schema_field(ResourceRoleSerializer(many=True))
    def get_roles(self, package: AccessPackage) -> object:
        roles = [link.resource_role for link in package.package_roles.all()]
        return ResourceRoleSerializer(roles, many=True).data

    @extend_schema_field(PolicySerializer(many=True))
    def get_policies(self, package: AccessPackage) -> object:
        user = self.context["request"].user
        is_open = AccessPackage.objects.open_to_requests(user).filter(pk=package.pk)
        found = Policy.objects.applicable(user).filter(package__in=is_open).complete()
        return PolicySerializer(found, many=True).data

    @extend_schema_field(PolicyNameSerializer(many=True))
    def get_assignable_policies(self, package: AccessPackage) -> object:
        if not can_manage_assignments(self.context["request"].user, package):
            return []
        return PolicyNameSerializer(package.policies.enabled(), many=True).data

    @extend_schema_field(SeparationSerializer)
    def get_incompatible_with(self, package: AccessPackage) -> object:
        return SeparationSerializer(separation_of(package, reader=self.context["request"].user)).data
