"""The shape of catalogs, packages and policies in the REST API: output only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from directory.models import Risk
from directory.serializers import (
    RISKS,
    DurationField,
    GroupNameSerializer,
    MomentField,
    OutputSerializer,
    PersonSerializer,
)

from .choices import CalloutMoment, QuestionKind, RequestorScope, ResourceKind, StageAudience
from .languages import languages_of
from .models import (
    AccessPackage,
    ApprovalStage,
    Catalog,
    Policy,
    PolicyCallout,
    Question,
    Resource,
    ResourceRole,
    StageApprover,
)
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


class ChoiceShownSerializer(serializers.Serializer[dict[str, str]]):
    """What may be answered, and how it is shown to the caller."""

    value = serializers.CharField(read_only=True)
    shown = serializers.CharField(read_only=True)


class QuestionSerializer(OutputSerializer[Question]):
    """A question; its id is the key of its answer in a new request."""

    kind = serializers.ChoiceField(choices=QuestionKind.choices, read_only=True)
    choices = serializers.SerializerMethodField(help_text="Of a choice: what may be answered, and how it is shown.")
    max_length = serializers.IntegerField(source="longest", read_only=True)
    pattern = serializers.CharField(read_only=True, help_text="What the whole answer must look like, as RE2 reads it.")
    attribute = serializers.CharField(
        source="attribute.name",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="The attribute of the person in which the answer is stored.",
    )
    is_editable = serializers.BooleanField(
        source="may_change_value",
        read_only=True,
        help_text="False: whoever has a value already cannot answer otherwise.",
    )

    class Meta:
        model = Question
        fields = (
            "id",
            "text",
            "kind",
            "choices",
            "is_required",
            "max_length",
            "pattern",
            "pattern_hint",
            "example",
            "attribute",
            "is_editable",
        )
        read_only_fields = fields

    def to_representation(self, instance: Question) -> dict[str, Any]:
        """In the best of the languages that the caller accepts."""
        worded = instance.worded(self._languages())
        return {**super().to_representation(instance), "text": worded.text, "pattern_hint": worded.pattern_hint}

    @extend_schema_field(ChoiceShownSerializer(many=True))
    def get_choices(self, question: Question) -> list[dict[str, str]]:
        shown = question.worded(self._languages()).choices
        return [{"value": value, "shown": label} for value, label in shown]

    def _languages(self) -> list[str]:
        request = self.context.get("request")
        return languages_of(request.headers) if request else []


class StageApproverSerializer(OutputSerializer[StageApprover]):
    """Who is asked: the person or group that is named, or whoever is what the kind says; a manager of that level."""

    person = PersonSerializer(read_only=True, allow_null=True)
    group = GroupNameSerializer(read_only=True, allow_null=True)
    extension = serializers.SerializerMethodField(help_text="The custom extension that says who decides; else null.")

    class Meta:
        model = StageApprover
        fields = ("use", "kind", "level", "person", "group", "extension")
        read_only_fields = fields

    def get_extension(self, approver: StageApprover) -> str | None:
        return str(approver.extension) if approver.extension_id else None


class PolicyCalloutSerializer(OutputSerializer[PolicyCallout]):
    """A custom extension that is called at a moment, and whether its answer is waited for."""

    extension = serializers.CharField(source="extension.name", read_only=True)
    moment = serializers.ChoiceField(choices=CalloutMoment.choices, read_only=True)
    is_waited_for = serializers.BooleanField(source="waits", read_only=True)

    class Meta:
        model = PolicyCallout
        fields = ("extension", "moment", "is_waited_for")
        read_only_fields = fields


class ApprovalStageSerializer(OutputSerializer[ApprovalStage]):
    """One step of a policy's approval."""

    time_limit = DurationField(read_only=True)
    alternates_after = DurationField(
        read_only=True,
        allow_null=True,
        help_text="When alternates are asked as well, counted from the stage's beginning; null: never.",
    )
    audience = serializers.ChoiceField(
        choices=StageAudience.choices, read_only=True, help_text="Whose requests need this stage."
    )
    least_risk = serializers.SerializerMethodField(help_text="The risk from which on requests need this stage.")
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
            "audience",
            "is_for_privileged",
            "least_risk",
            "approvers",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=RISKS))
    def get_least_risk(self, stage: ApprovalStage) -> str:
        return Risk(stage.least_risk).name.lower()


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
    callouts = serializers.SerializerMethodField(help_text="The custom extensions that it calls.")

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
            "is_period_chosen",
            "is_extension_allowed",
            "does_extension_need_approval",
            "is_silent",
            "questions",
            "stages",
            "callouts",
        )
        read_only_fields = fields

    @extend_schema_field(PolicyCalloutSerializer(many=True))
    def get_callouts(self, policy: Policy) -> object:
        called = policy.callouts.select_related("extension") if policy.has_callouts else ()
        return PolicyCalloutSerializer(called, many=True).data


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
        return PolicySerializer(found, many=True, context=self.context).data

    @extend_schema_field(PolicyNameSerializer(many=True))
    def get_assignable_policies(self, package: AccessPackage) -> object:
        if not can_manage_assignments(self.context["request"].user, package):
            return []
        return PolicyNameSerializer(package.policies.assignable(), many=True).data

    @extend_schema_field(SeparationSerializer)
    def get_incompatible_with(self, package: AccessPackage) -> object:
        return SeparationSerializer(separation_of(package, reader=self.context["request"].user)).data
