"""Emergency access in the REST API: taking it, and reviewing it."""

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from catalog.models import AccessPackage
from directory.api import caller

from .. import actions
from ..lifecycle import EmergencyStatus
from ..models import EmergencyReview
from ..serializers.emergencies import EmergencySerializer, JudgementSerializer, TakingSerializer
from .shared import NAMED, named, read


class EmergencyFilter(django_filters.FilterSet):
    package = django_filters.UUIDFilter(field_name="access_request__package", label="The id of a package")
    person = django_filters.UUIDFilter(field_name="access_request__person", label="The id of the person")
    status = django_filters.MultipleChoiceFilter(choices=EmergencyStatus.choices, distinct=False)

    class Meta:
        model = EmergencyReview
        fields: list[str] = []


class EmergencyPages(KeysetPagination):
    keyset = Keyset("taken_at")


class EmergencyViewSet(ReadOnlyModelViewSet[EmergencyReview]):
    """One's own emergencies, and those of packages that one looks after; the newest first."""

    serializer_class = EmergencySerializer
    filterset_class = EmergencyFilter
    pagination_class = EmergencyPages
    queryset = EmergencyReview.objects.none()

    def get_queryset(self) -> QuerySet[EmergencyReview]:
        visible = EmergencyReview.objects.visible_to(caller(self.request)).with_names()
        requests = [f"access_request__{name}" for name in NAMED]
        return visible.select_related("decided_by", *requests).prefetch_related("reviewers")

    @extend_schema(request=TakingSerializer, responses={201: EmergencySerializer})
    def create(self, request: Request) -> Response:
        """Take a package at once and without approval; its owners are alarmed, and review it afterwards."""
        given, user = read(TakingSerializer, request), caller(request)
        package = named(AccessPackage.objects.visible_to(user), field="package", pk=given.pop("package"))
        taken = actions.take_in_emergency(package=package, actor=user, now=timezone.now(), **given)
        review = self.get_queryset().get(access_request=taken)
        address = reverse("emergency-detail", args=[review.pk], request=request)
        return Response(self.get_serializer(review).data, status=201, headers={"Location": address})

    @extend_schema(operation_id="emergencies_judge", request=JudgementSerializer, responses=EmergencySerializer)
    @action(detail=True, methods=["post"])
    def judge(self, request: Request, pk: str) -> Response:
        """Say whether it was right; access that was not, and is still there, ends at once."""
        review, given = self.get_object(), read(JudgementSerializer, request)
        actions.judge_emergency(review=review, actor=caller(request), now=timezone.now(), **given)
        return self.retrieve(request, pk=pk)
