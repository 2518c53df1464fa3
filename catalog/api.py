"""Catalogs and packages in the REST API, to read; delegated roles, also to give; and what ought to be looked at."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as InvalidParameter
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import PAGE_SIZE, PARAMETER, BadCursor, Keyset, KeysetPagination
from directory.api import caller

from . import actions, findings
from .choices import DelegatedRole
from .governing_serializers import (
    FindingPageSerializer,
    FindingsWantedSerializer,
    NewRoleSerializer,
    RoleAssignmentSerializer,
)
from .models import AccessPackage, Catalog, RoleAssignment
from .querysets import CatalogQuerySet, PackageQuerySet, RoleAssignmentQuerySet
from .serializers import CatalogSerializer, PackageDetailSerializer, PackageSerializer


class CatalogPages(CursorPagination):
    """Pages in the order in which catalogs were made: their ids tell it, and nothing is counted or skipped."""

    ordering = "id"
    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = KeysetPagination.max_size
    cursor_query_param = PARAMETER

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor and cursor.position is not None:
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise InvalidParameter({PARAMETER: [_("This cursor is damaged.")]}) from error
        return cursor


class CatalogViewSet(ReadOnlyModelViewSet[Catalog]):
    """Catalogs: the enabled ones, those that the caller owns, and all of them for administrators and auditors."""

    serializer_class = CatalogSerializer
    pagination_class = CatalogPages
    queryset = Catalog.objects.none()

    def get_queryset(self) -> CatalogQuerySet:
        return Catalog.objects.visible_to(caller(self.request))


class PackageFilter(django_filters.FilterSet):
    """What the list of packages can be narrowed to."""

    q = django_filters.CharFilter(
        method="containing", max_length=200, label="Words in the name, the description, the catalog or what it gives"
    )
    catalog = django_filters.UUIDFilter(field_name="catalog", label="The id of a catalog")
    requestable = django_filters.BooleanFilter(method="to_ask_for", label="Only those that the caller may ask for")

    class Meta:
        model = AccessPackage
        fields: list[str] = []

    def containing(self, packages: PackageQuerySet, name: str, words: str) -> PackageQuerySet:
        """Packages in which every word is found."""
        return packages.search(words)

    def to_ask_for(self, packages: PackageQuerySet, name: str, is_asked: bool) -> PackageQuerySet:
        """Packages that some policy lets the caller ask for; `false` narrows nothing."""
        if not is_asked:
            return packages
        requestable = AccessPackage.objects.requestable_by(caller(self.request))
        return packages.filter(pk__in=requestable.values("pk"))


class PackagePages(KeysetPagination):
    keyset = Keyset("created_at")


class PackageViewSet(ReadOnlyModelViewSet[AccessPackage]):
    """Access packages, the newest first; hidden ones open by their id only."""

    pagination_class = PackagePages
    filterset_class = PackageFilter
    queryset = AccessPackage.objects.none()

    def get_queryset(self) -> PackageQuerySet:
        user = caller(self.request)
        if self.action == "list":
            return AccessPackage.objects.browsable_by(user).select_related("catalog", "owner")
        return AccessPackage.objects.visible_to(user).with_contents()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return PackageSerializer if self.action == "list" else PackageDetailSerializer


class RoleFilter(django_filters.FilterSet):
    """What the list of delegated roles can be narrowed to."""

    role = django_filters.ChoiceFilter(choices=DelegatedRole.choices)
    catalog = django_filters.UUIDFilter(field_name="catalog", label="The id of a catalog")
    person = django_filters.UUIDFilter(field_name="person", label="The id of a person who has it themselves")
    group = django_filters.UUIDFilter(field_name="group", label="The id of a group that has it")

    class Meta:
        model = RoleAssignment
        fields: list[str] = []


class RolePages(KeysetPagination):
    keyset = Keyset("granted_at")


class RoleAssignmentViewSet(ReadOnlyModelViewSet[RoleAssignment]):
    """Who has which delegated role: one's own, those in catalogs that one may read, all of them for auditors."""

    serializer_class = RoleAssignmentSerializer
    pagination_class = RolePages
    filterset_class = RoleFilter
    queryset = RoleAssignment.objects.none()

    def get_queryset(self) -> RoleAssignmentQuerySet:
        return RoleAssignment.objects.visible_to(caller(self.request)).with_names()

    @extend_schema(request=NewRoleSerializer, responses={201: RoleAssignmentSerializer})
    def create(self, request: Request) -> Response:
        """Give a role to a person or a group."""
        wish = NewRoleSerializer(data=request.data, context=self.get_serializer_context())
        wish.is_valid(raise_exception=True)
        given = RoleAssignment(**wish.validated_data)
        actions.grant_role(given=given, actor=caller(request), now=timezone.now())
        return Response(RoleAssignmentSerializer(given).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take the role away."""
        actions.revoke_role(given=self.get_object(), actor=caller(request), now=timezone.now())
        return Response(status=204)


class FindingsView(APIView):
    """What ought to be looked at in the catalogs that the caller looks after, the worst first; auditors see all."""

    @extend_schema(
        operation_id="findings_list",
        parameters=[
            OpenApiParameter("kind", enum=list(findings.CHECKS), many=True),
            OpenApiParameter("severity", enum=findings.Severity.values),
            OpenApiParameter(PARAMETER),
        ],
        responses=FindingPageSerializer,
    )
    def get(self, request: Request) -> Response:
        wish = FindingsWantedSerializer(data=request.query_params)
        wish.is_valid(raise_exception=True)
        wanted = wish.validated_data
        try:
            page = findings.page(
                caller(request),
                kinds=sorted(wanted["kind"]),
                severity=wanted["severity"],
                cursor=wanted["cursor"] or None,
            )
        except BadCursor as error:
            raise InvalidParameter({PARAMETER: [str(error)]}) from error
        address = request.build_absolute_uri()
        following = replace_query_param(address, PARAMETER, page.next) if page.next else None
        return Response(FindingPageSerializer({"next": following, "results": page.rows}).data)


routes = [
    ("catalogs", CatalogViewSet, "catalog"),
    ("packages", PackageViewSet, "package"),
    ("role-assignments", RoleAssignmentViewSet, "role-assignment"),
]
urlpatterns = [path("findings/", FindingsView.as_view(), name="finding-list")]
