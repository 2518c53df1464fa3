"""Reviews in the REST API: to read, to set up and change, to delete where they never started, and to start at once."""

from typing import Any

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller

from ..actions import defining, starting
from ..choices import ReviewScope, Trigger
from ..models import Review
from ..querysets import ReviewQuerySet
from ..serializers.campaigns import CampaignDetailSerializer
from ..serializers.definitions import ReviewInputSerializer, ReviewSerializer, stage_of


class ReviewFilter(django_filters.FilterSet):
    """What the list of reviews can be narrowed to."""

    scope = django_filters.ChoiceFilter(choices=ReviewScope.choices)
    trigger = django_filters.ChoiceFilter(choices=Trigger.choices)
    is_enabled = django_filters.BooleanFilter()
    policy = django_filters.UUIDFilter(field_name="policy", label="The id of a policy")
    package = django_filters.UUIDFilter(field_name="package", label="The id of a package")
    catalog = django_filters.UUIDFilter(field_name="catalog", label="The id of a catalog")
    resource = django_filters.UUIDFilter(field_name="resource", label="The id of a resource")

    class Meta:
        model = Review
        fields: list[str] = []


class ReviewPages(KeysetPagination):
    keyset = Keyset("created_at")


class ReviewViewSet(ReadOnlyModelViewSet[Review]):
    """Reviews of what one looks after, the newest first; all of them for auditors and administrators."""

    serializer_class = ReviewSerializer
    filterset_class = ReviewFilter
    pagination_class = ReviewPages
    queryset = Review.objects.none()

    def get_queryset(self) -> ReviewQuerySet:
        found = Review.objects.visible_to(caller(self.request)).with_names().with_stages()
        return found.prefetch_related("told_at_end")

    @extend_schema(request=ReviewInputSerializer, responses={201: ReviewSerializer})
    def create(self, request: Request) -> Response:
        """Set up a review."""
        review = self._saved(Review(), request, is_partial=False)
        address = reverse("review-detail", args=[review.pk], request=request)
        return Response(self._told(review), status=201, headers={"Location": address})

    @extend_schema(request=ReviewInputSerializer, responses=ReviewSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is given, of campaigns to come; stages that are given take the place of those that are there."""
        return Response(self._told(self._saved(self.get_object(), request, is_partial=True)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a review that never started."""
        defining.delete_review(review=self.get_object(), actor=caller(request), now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="reviews_start", request=None, responses={201: CampaignDetailSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Start a campaign of it now, beside those of its calendar."""
        made = starting.start_review(review=self.get_object(), actor=caller(request), now=timezone.now())
        told = CampaignDetailSerializer(made, context=self.get_serializer_context())
        address = reverse("campaign-detail", args=[made.pk], request=request)
        return Response(told.data, status=201, headers={"Location": address})

    def _saved(self, review: Review, request: Request, *, is_partial: bool) -> Review:
        given = ReviewInputSerializer(data=request.data, partial=is_partial, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        stages, told = values.pop("stages", None), values.pop("told_at_end", None)
        for name, value in values.items():
            setattr(review, name, value)
        return defining.save_review(
            review=review,
            stages=None if stages is None else [stage_of(one, position=n) for n, one in enumerate(stages, start=1)],
            told_at_end=told,
            actor=caller(request),
            now=timezone.now(),
        )

    def _told(self, review: Review) -> dict[str, Any]:
        row = self.get_queryset().get(pk=review.pk)
        return dict(ReviewSerializer(row, context=self.get_serializer_context()).data)
