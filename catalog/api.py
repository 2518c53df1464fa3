"""Catalogs and packages in the REST API: to list, to search and to open; they are configured in the admin."""

from typing import Any
from uuid import UUID

import django_filters
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as InvalidParameter
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import PAGE_SIZE, PARAMETER, Keyset, KeysetPagination
from directory.api import caller

from .models import AccessPackage, Catalog
from .querysets import CatalogQuerySet, PackageQuerySet
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


routes = [("catalogs", CatalogViewSet, "catalog"), ("packages", PackageViewSet, "package")]
