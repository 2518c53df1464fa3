"""Rollouts in the REST API: how far they are, having one go on, delivering a package again to everybody."""

from collections.abc import Iterator
from uuid import UUID

import django_filters
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from accessgov.outbox import WorkStatus
from audit.pagination import Keyset, KeysetPagination
from catalog.models import AccessPackage, TargetSystem
from directory.api import caller
from directory.models import User
from directory.permissions import is_administrator

from .. import actions
from ..models import Rollout
from ..permissions import can_reprocess_package
from ..rehearsing import Line, a_while, rehearse_package, rehearse_system, table_of
from ..rollout_querysets import RolloutQuerySet
from ..serializers.rehearsals import RehearsalSerializer, WhatToRehearseSerializer
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

    @extend_schema(
        operation_id="rollouts_dry_run",
        parameters=[WhatToRehearseSerializer],
        responses=RehearsalSerializer,
        filters=False,
    )
    @action(detail=False, methods=["get"], url_path="dry-run", pagination_class=None)
    def dry_run(self, request: Request) -> Response:
        """Look into the target systems what delivering once more would change, and change nothing."""
        asked = WhatToRehearseSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        lines = _rehearsed(caller(request), **asked.validated_data)
        return Response(RehearsalSerializer(table_of(lines), context={"request": request}).data)

    @extend_schema(operation_id="rollouts_retry", request=None, responses=RolloutSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Have it go on where it is stuck; where it is not, nothing happens."""
        actions.retry_rollouts(rollouts=[self.get_object()], actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    def _told(self, rollout: Rollout) -> dict[str, object]:
        row = Rollout.objects.with_names().get(pk=rollout.pk)
        return dict(RolloutSerializer(row, context={"request": self.request}).data)


def _rehearsed(user: User, *, package: UUID | None = None, system: str = "") -> Iterator[Line]:
    if package is None:
        systems = TargetSystem.objects.all() if is_administrator(user) else TargetSystem.objects.none()
        return rehearse_system(named(systems, field="system", slug=system), until=a_while())
    found = named(AccessPackage.objects.visible_to(user), field="package", pk=package)
    if not can_reprocess_package(user, found):
        raise PermissionDenied(_("Whoever manages a package sees what delivering it again would change."))
    return rehearse_package(found, until=a_while())
