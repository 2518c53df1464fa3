"""Rollouts in the REST API: how far they are, having one go on, delivering a package again to everybody."""

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accessgov.outbox import WorkStatus
from audit.pagination import Keyset, KeysetPagination
from catalog.models import AccessPackage
from directory.api import caller

from .. import actions
from ..models import Rollout
from ..rollout_querysets import RolloutQuerySet
from ..serializers.rollouts import ReprocessingSerializer, RolloutSerializer
from .shared import named, read


class RolloutFilter(django_filters.FilterSet):
    package = django_filters.UUIDFilter(field_name="package", label="The id of a package")
    status = django_filters.MultipleChoiceFilter(choices=WorkStatus.choices, distinct=False)

    class Meta:
        model = Rollout
        fields: list[str] = []


class RolloutPages(KeysetPagination):
    keyset = Keyset("created_at")


class RolloutViewSet(ReadOnlyModelViewSet[Rollout]):
    """Changes for everybody who holds a package that one looks after, and how far they are; the latest first."""

    serializer_class = RolloutSerializer
    filterset_class = RolloutFilter
    pagination_class = RolloutPages
    queryset = Rollout.objects.none()

    def get_queryset(self) -> RolloutQuerySet:
        return Rollout.objects.visible_to(caller(self.request)).with_names()

    @extend_schema(request=ReprocessingSerializer, responses={201: RolloutSerializer})
    def create(self, request: Request) -> Response:
        """Have a package delivered again to everybody who holds it, in batches."""
        given, user = read(ReprocessingSerializer, request), caller(request)
        package = named(AccessPackage.objects.visible_to(user), field="package", pk=given["package"])
        made = actions.reprocess_package(package=package, actor=user, why=given["justification"], now=timezone.now())
        return Response(self._told(made), status=201)

    @extend_schema(operation_id="rollouts_retry", request=None, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Have it go on where it is stuck; where it is not, nothing happens."""
        actions.retry_rollouts(rollouts=[self.get_object()], actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    def _told(self, rollout: Rollout) -> dict[str, object]:
        row = Rollout.objects.with_names().get(pk=rollout.pk)
        return dict(RolloutSerializer(row, context={"request": self.request}).data)
