"""The directory in the REST API: whom a token speaks for, and the connected organisations for whoever reads all.

Nobody needs a list of people to ask, decide or assign.
"""

from typing import cast

import django_filters
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination

from . import actions
from .models import ConnectedOrganisation, OrganisationState, Risk, User
from .permissions import can_change_directory, can_read_organisations
from .querysets import OrganisationQuerySet
from .serializers import MeSerializer, OrganisationSerializer, RiskSerializer


def caller(request: Request) -> User:
    """The person who asks; nobody else gets past the permissions of a view."""
    return cast(User, request.user)


class MeView(APIView):
    """The person whom this token or session belongs to."""

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)


class ChangesDirectory(IsAuthenticated):
    """Administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and can_change_directory(caller(request))


class RiskView(APIView):
    """The risk of one person, as whatever watches over accounts says it."""

    permission_classes = [ChangesDirectory]

    @extend_schema(operation_id="people_set_risk", request=RiskSerializer, responses=RiskSerializer)
    def post(self, request: Request, username: str) -> Response:
        """Set somebody's risk; stages of approval that are needed from a risk on apply to what they ask for next."""
        given = RiskSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person = get_object_or_404(User, username__iexact=username)
        risk = Risk[given.validated_data["risk"].upper()]
        changed = actions.set_risk(person=person, risk=risk, actor=caller(request), now=timezone.now())
        return Response({"risk": Risk(changed.risk).name.lower()})


class ReadsOrganisations(IsAuthenticated):
    """Administrators, also those of connected organisations, and auditors."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and can_read_organisations(caller(request))


class OrganisationFilter(django_filters.FilterSet):
    """What the list of connected organisations can be narrowed to."""

    state = django_filters.ChoiceFilter(choices=OrganisationState.choices)
    domain = django_filters.CharFilter(field_name="domains__name", lookup_expr="iexact", label="A mail domain of it")

    class Meta:
        model = ConnectedOrganisation
        fields: list[str] = []


class OrganisationPages(KeysetPagination):
    keyset = Keyset("created_at")


class OrganisationViewSet(ReadOnlyModelViewSet[ConnectedOrganisation]):
    """Connected organisations with domains and sponsors, the newest first; for those who may see them."""

    serializer_class = OrganisationSerializer
    permission_classes = [ReadsOrganisations]
    pagination_class = OrganisationPages
    filterset_class = OrganisationFilter
    queryset = ConnectedOrganisation.objects.none()

    def get_queryset(self) -> OrganisationQuerySet:
        return ConnectedOrganisation.objects.visible_to(caller(self.request)).with_domains().with_sponsors()


routes = [("organisations", OrganisationViewSet, "organisation")]
urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("people/<str:username>/risk/", RiskView.as_view(), name="person-risk"),
]
