"""Campaigns in the REST API, to read: those of the reviews that one looks after, all of them for auditors."""

from typing import Any

import django_filters
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller

from ..lifecycle import CampaignStatus
from ..models import Campaign
from ..querysets import CampaignQuerySet
from ..serializers.campaigns import CampaignDetailSerializer, CampaignSerializer


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

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return CampaignSerializer if self.action == "list" else CampaignDetailSerializer
