"""Campaigns in the REST API, to read and to steer: those of the reviews that one looks after; auditors read all."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from requests_app.api.shared import read

from ..actions import steering
from ..lifecycle import CampaignStatus
from ..models import Campaign
from ..permissions import STEERED_BY, can_steer
from ..querysets import CampaignQuerySet
from ..serializers.campaigns import CampaignDetailSerializer, CampaignSerializer, UntilSerializer, WhySerializer


class CampaignFilter(django_filters.FilterSet):
    """What the list of campaigns can be narrowed to; `status` may be given several times."""

    review = django_filters.UUIDFilter(field_name="review", label="The id of a review")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person whom it is about")
    status = django_filters.MultipleChoiceFilter(choices=CampaignStatus.choices, distinct=False)

    class Meta:
        model = Campaign
        fields: list[str] = []


class CampaignPages(KeysetPagination):
    keyset = Keyset("created_at")


class CampaignViewSet(ReadOnlyModelViewSet[Campaign]):
    """Campaigns, the newest first."""

    filterset_class = CampaignFilter
    pagination_class = CampaignPages
    queryset = Campaign.objects.none()

    def get_queryset(self) -> CampaignQuerySet:
        found = Campaign.objects.visible_to(caller(self.request)).select_related("review", "person", "started_by")
        return found if self.action == "list" else found.prefetch_related("stages")

    @extend_schema(operation_id="campaigns_remind", request=None, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: str) -> Response:
        """Remind everybody who has open items, and nobody else."""
        return self._steered(steering.remind)

    @extend_schema(operation_id="campaigns_apply", request=None, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Apply what it decided, where its terms leave that to somebody."""
        return self._steered(steering.apply_results)

    @extend_schema(operation_id="campaigns_restart", request=None, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        """Have what got stuck of its work go on where it stopped."""
        return self._steered(steering.restart)

    @extend_schema(operation_id="campaigns_extend", request=UntilSerializer, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Keep the open stage open for longer; those after it move by as much."""
        return self._steered(steering.extend, UntilSerializer)

    @extend_schema(operation_id="campaigns_stop_stage", request=WhySerializer, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"], url_path="stop-stage")
    def stop_stage(self, request: Request, pk: str) -> Response:
        """End the open stage before its time; the next one opens, and after the last one the campaign closes."""
        return self._steered(steering.stop_stage, WhySerializer)

    @extend_schema(operation_id="campaigns_stop", request=WhySerializer, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Close it now, stages to come included; what was answered is applied as at any close."""
        return self._steered(steering.stop, WhySerializer)

    @extend_schema(operation_id="campaigns_reset", request=WhySerializer, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def reset(self, request: Request, pk: str) -> Response:
        """Take back all answers of the open stage; everybody is asked again."""
        return self._steered(steering.reset, WhySerializer)

    @extend_schema(operation_id="campaigns_cancel", request=WhySerializer, responses=CampaignDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End it without any result: everything stays as it is."""
        return self._steered(steering.cancel, WhySerializer)

    def _steered(self, act: Callable[..., Any], given: type[Serializer[Any]] | None = None) -> Response:
        """The campaign as it stands after one step; those who only read it are told so before their body is read."""
        campaign, actor = self.get_object(), caller(self.request)
        if not can_steer(actor, campaign):
            raise PermissionDenied(str(STEERED_BY))
        facts = read(given, self.request) if given else {}
        act(campaign=campaign, actor=actor, now=timezone.now(), **facts)
        return Response(self.get_serializer(self.get_object()).data)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return CampaignSerializer if self.action == "list" else CampaignDetailSerializer
