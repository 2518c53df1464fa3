"""The shape of delegated roles and of findings in the REST API."""

from typing import Any

from rest_framework import serializers

from directory.models import Group, User
from directory.serializers import GroupNameSerializer, OutputSerializer, PersonSerializer

from .choices import DelegatedRole
from .findings import CHECKS, Finding, Severity
from .models import Catalog, RoleAssignment
from .serializers import CatalogNameSerializer, PackageNameSerializer


class RoleAssignmentSerializer(OutputSerializer[RoleAssignment]):
    """Who has which delegated role, in which catalog; without one it holds everywhere."""

    role = serializers.ChoiceField(choices=DelegatedRole.choices, read_only=True)
    catalog = CatalogNameSerializer(read_only=True, allow_null=True)
    person = PersonSerializer(read_only=True, allow_null=True)
    group = GroupNameSerializer(read_only=True, allow_null=True)

    class Meta:
        model = RoleAssignment
        fields = ("id", "role", "catalog", "person", "group", "granted_at")
        read_only_fields = fields


class NewRoleSerializer(serializers.Serializer[None]):
    """A role to be given, to a person or to a group, by their ids."""

    role = serializers.ChoiceField(choices=DelegatedRole.choices)
    catalog = serializers.PrimaryKeyRelatedField(
        queryset=Catalog.objects.none(),
        default=None,
        allow_null=True,
        help_text="None for a role that holds everywhere.",
    )
    person = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), default=None, allow_null=True)
    group = serializers.PrimaryKeyRelatedField(queryset=Group.objects.all(), default=None, allow_null=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A catalog that the caller cannot see is answered like one that is not there."""
        super().__init__(*args, **kwargs)
        if request := self.context.get("request"):
            self.fields["catalog"].queryset = Catalog.objects.visible_to(request.user)  # type: ignore[attr-defined]


class FindingSerializer(serializers.Serializer[Finding]):
    """Something about the catalog that ought to be looked at."""

    kind = serializers.ChoiceField(choices=[(name, name) for name in CHECKS], read_only=True)
    severity = serializers.ChoiceField(choices=Severity.choices, read_only=True)
    sentence = serializers.CharField(read_only=True)
    catalog = CatalogNameSerializer(read_only=True, allow_null=True)
    package = PackageNameSerializer(read_only=True, allow_null=True)
    about = serializers.CharField(read_only=True, help_text="What kind of thing it is about.")
    about_id = serializers.UUIDField(read_only=True)


class FindingPageSerializer(serializers.Serializer[Any]):
    """A page of findings, with the address of the next one."""

    next = serializers.URLField(read_only=True, allow_null=True)
    results = FindingSerializer(many=True, read_only=True)


class FindingsWantedSerializer(serializers.Serializer[None]):
    """Which findings are wanted; `kind` may be given several times."""

    kind = serializers.MultipleChoiceField(choices=list(CHECKS), default=set)
    severity = serializers.ChoiceField(choices=Severity.choices, default="", allow_blank=True)
    cursor = serializers.CharField(default="", max_length=200)
