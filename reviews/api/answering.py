"""Answering in the REST API: the campaigns that ask the caller, their items, and the answers."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError as InvalidInput
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from directory.models import User
from requests_app.api.shared import by_id_or_username, named, read

from ..actions.deciding import accept_recommendations, decide
from ..actions.handing_on import hand_on, hand_on_open
from ..models import Campaign, ReviewItem
from ..querysets import CampaignQuerySet, ItemQuerySet
from ..reading import with_decisions
from ..serializers.answering import (
    AcceptingSerializer,
    AnswersSerializer,
    AskedCampaignSerializer,
    DecidingSerializer,
    DecidingTogetherSerializer,
    HandedOnSerializer,
    HandingOnSerializer,
    ItemSerializer,
)
from .paging import ItemPages


class ItemFilter(django_filters.FilterSet):
    """What the items can be narrowed to."""

    campaign = django_filters.UUIDFilter(field_name="campaign", label="The id of a campaign")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person whose access it is")
    is_open = django_filters.BooleanFilter(label="Whether nobody has answered yet")

    class Meta:
        model = ReviewItem
        fields: list[str] = ["recommendation", "verdict", "is_privileged"]


class AskedCampaignPages(KeysetPagination):
    keyset = Keyset("closes_at", oldest_first=True)


class AskedCampaignViewSet(ListModelMixin, GenericViewSet[Campaign]):
    """The campaigns in whose open stage the caller is asked, the nearest end first."""

    serializer_class = AskedCampaignSerializer
    pagination_class = AskedCampaignPages
    queryset = Campaign.objects.none()

    def get_queryset(self) -> CampaignQuerySet:
        return Campaign.objects.open_for(caller(self.request))


class ItemViewSet(ListModelMixin, RetrieveModelMixin, GenericViewSet[ReviewItem]):
    """The list holds what the caller may answer on now, by name; others that they may see open by their id."""

    serializer_class = ItemSerializer
    filterset_class = ItemFilter
    pagination_class = ItemPages
    queryset = ReviewItem.objects.none()

    def get_queryset(self) -> "QuerySet[ReviewItem]":
        user, items = caller(self.request), ReviewItem.objects.all()
        found: ItemQuerySet = items.asked_of(user) if self.action == "list" else items.visible_to(user)
        return with_decisions(found.with_access().select_related("campaign")).prefetch_related("campaign__stages")

    @extend_schema(operation_id="review_items_decide", request=DecidingSerializer, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Answer on one item; the last answer counts until its stage closes."""
        item, given = self.get_object(), read(DecidingSerializer, request)
        decide(items=[item], actor=caller(request), now=timezone.now(), **given)
        return Response(ItemSerializer(self.get_object(), context={"request": request}).data)

    @extend_schema(
        operation_id="review_items_decide_together", request=DecidingTogetherSerializer, responses=AnswersSerializer
    )
    @action(detail=False, methods=["post"], url_path="decide", pagination_class=None, filterset_class=None)
    def decide_together(self, request: Request) -> Response:
        """Answer on several items of one campaign together, but for privileged access, which is left out."""
        given = read(DecidingTogetherSerializer, request)
        made = decide(actor=caller(request), now=timezone.now(), is_bulk=True, **given)
        return Response(AnswersSerializer(made).data)

    @extend_schema(operation_id="review_items_accept", request=AcceptingSerializer, responses=AnswersSerializer)
    @action(detail=False, methods=["post"], url_path="accept-recommendations", pagination_class=None)
    def accept(self, request: Request) -> Response:
        """Answer as recommended wherever nobody answered; never on privileged access, never over an answer."""
        given = read(AcceptingSerializer, request)
        campaign = named(Campaign.objects.asking(caller(request)), field="campaign", pk=given["campaign"])
        made = accept_recommendations(
            campaign=campaign, actor=caller(request), reason=given["reason"], now=timezone.now()
        )
        return Response(AnswersSerializer(made).data)

    @extend_schema(operation_id="review_items_hand_on", request=HandingOnSerializer, responses=HandedOnSerializer)
    @action(detail=False, methods=["post"], url_path="hand-on", pagination_class=None)
    def hand_on(self, request: Request) -> Response:
        """Have somebody else answer: on the items that are named, else on all that is open for the caller."""
        given, actor = read(HandingOnSerializer, request), caller(request)
        facts: dict[str, Any] = {"why": given["why"], "actor": actor, "now": timezone.now()}
        if not given["items"] and not given["campaign"]:
            raise InvalidInput({"items": [_("Name the items, or the campaign.")]})
        if given["items"]:
            visible = ReviewItem.objects.visible_to(actor).filter(pk__in=given["items"])
            if visible.count() < len(set(given["items"])):
                raise InvalidInput({"items": [_("There is no such thing, or you may not see it.")]}, code="not_found")
            to = named(User.objects.all(), field="to", **by_id_or_username(given["to"]))
            return Response({"count": hand_on(items=given["items"], to=to, **facts)})
        campaign = named(Campaign.objects.asking(actor), field="campaign", pk=given["campaign"])
        to = named(User.objects.all(), field="to", **by_id_or_username(given["to"]))
        return Response({"count": hand_on_open(campaign=campaign, to=to, **facts)})
