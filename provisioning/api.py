"""Drift in the REST API: the cases, and answers to them."""

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller

from . import actions
from .lifecycle import CaseKind, CaseState
from .models import DriftCase
from .serializers import DriftAnswerSerializer, DriftCaseSerializer


class DriftFilter(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=CaseKind.choices, distinct=False)
    state = django_filters.MultipleChoiceFilter(choices=CaseState.choices, distinct=False)
    system = django_filters.CharFilter(field_name="system__slug", label="The short name of a system")
    resource = django_filters.UUIDFilter(field_name="resource_role__resource", label="The id of a resource")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person")

    class Meta:
        model = DriftCase
        fields: list[str] = []


class DriftPages(KeysetPagination):
    keyset = Keyset("first_seen_at")


class DriftCaseViewSet(ReadOnlyModelViewSet[DriftCase]):
    """What differs in systems at resources that one owns, of all for administrators and auditors; the newest first."""

    serializer_class = DriftCaseSerializer
    filterset_class = DriftFilter
    pagination_class = DriftPages
    queryset = DriftCase.objects.none()

    def get_queryset(self) -> QuerySet[DriftCase]:
        return DriftCase.objects.visible_to(caller(self.request)).with_names()

    @extend_schema(operation_id="drift_answer", request=DriftAnswerSerializer, responses=DriftCaseSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Say what is to become of it, and have it done."""
        case = self.get_object()
        given = DriftAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        actions.answer_cases(cases=[case], actor=caller(request), now=timezone.now(), **given.validated_data)
        return self.retrieve(request, pk=pk)


routes = [("drift", DriftCaseViewSet, "drift")]
