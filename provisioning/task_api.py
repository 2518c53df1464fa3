"""Tasks by hand in the REST API: those of one's teams, and saying what became of them."""

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from directory.serializers import MomentField, OutputSerializer, PersonSerializer

from . import actions
from .lifecycle import TaskState
from .models import HandTask
from .permissions import can_settle
from .serializers import SystemNameSerializer

LONGEST_TEXT = 4000


class TaskSerializer(OutputSerializer[HandTask]):
    """One task that a team does by hand."""

    system = SystemNameSerializer(source="connector.system", read_only=True)
    team = serializers.CharField(source="team.name", read_only=True, allow_null=True, default=None)
    person = PersonSerializer(read_only=True)
    resource = serializers.UUIDField(source="resource_role.resource_id", read_only=True)
    resource_role = serializers.UUIDField(source="resource_role_id", read_only=True)
    role = serializers.CharField(source="resource_role.__str__", read_only=True, help_text="The role, in words.")
    sentence = serializers.CharField(read_only=True, help_text="What is to be done, in words.")
    opened_at = MomentField(read_only=True)
    due_at = MomentField(read_only=True)
    settled_at = MomentField(read_only=True, allow_null=True)
    settled_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = HandTask
        fields = (
            "id",
            "kind",
            "state",
            "sentence",
            "system",
            "team",
            "person",
            "resource",
            "resource_role",
            "role",
            "opened_at",
            "due_at",
            "proof",
            "refusal",
            "settled_at",
            "settled_by",
        )
        read_only_fields = fields


class TaskProofSerializer(serializers.Serializer[None]):
    """By what it is seen that a task is done."""

    proof = serializers.CharField(max_length=LONGEST_TEXT, help_text="The number of a ticket, or a few words.")


class TaskRefusalSerializer(serializers.Serializer[None]):
    """Why a task cannot be done."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)


class TaskFilter(django_filters.FilterSet):
    state = django_filters.MultipleChoiceFilter(choices=TaskState.choices, distinct=False)
    system = django_filters.CharFilter(field_name="connector__system__slug", label="The short name of a system")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person")

    class Meta:
        model = HandTask
        fields: list[str] = []


class TaskPages(KeysetPagination):
    keyset = Keyset("opened_at")


class TaskViewSet(ReadOnlyModelViewSet[HandTask]):
    """What one's teams do by hand, of all for administrators and auditors; the newest first."""

    serializer_class = TaskSerializer
    filterset_class = TaskFilter
    pagination_class = TaskPages
    queryset = HandTask.objects.none()

    def get_queryset(self) -> QuerySet[HandTask]:
        return HandTask.objects.visible_to(caller(self.request)).with_names()

    @extend_schema(operation_id="tasks_done", request=TaskProofSerializer, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        """Say that it is done, and by what that is seen."""
        task, given = self._to_settle(), TaskProofSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        proof = given.validated_data["proof"]
        actions.finish_tasks(tasks=[task], proof=proof, actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    @extend_schema(operation_id="tasks_refuse", request=TaskRefusalSerializer, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Say that it cannot be done, and why."""
        task, given = self._to_settle(), TaskRefusalSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        actions.refuse_tasks(tasks=[task], reason=reason, actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    def _to_settle(self) -> HandTask:
        task = self.get_object()
        if task.is_open and not can_settle(caller(self.request), task):
            raise PermissionDenied(_("The team settles its tasks, and nobody one about their own access."))
        return task


routes = [("tasks", TaskViewSet, "task")]
