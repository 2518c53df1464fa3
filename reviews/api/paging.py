"""Pages of items in the REST API: by people's names, from item to item."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError as InvalidParameter
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from ..reading import Page, page_of


class ItemPages(BasePagination):
    """The items behind one (`after`) or before one (`before`), as `results` with the addresses of the pages beside."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        edges = {name: self._id(request, name) for name in ("after", "before")}
        self.page: Page = page_of(queryset, **edges)
        self.address = request.build_absolute_uri()
        return self.page.items

    def get_paginated_response(self, data: Any) -> Response:
        beside = {"next": self._link("after", self.page.after), "previous": self._link("before", self.page.before)}
        return Response({**beside, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "schema": {"type": "string", "format": "uuid"}}
            for name in ("after", "before")
        ]

    def _id(self, request: Request, name: str) -> UUID | None:
        text = request.query_params.get(name, "")
        try:
            return UUID(text) if text else None
        except ValueError:
            raise InvalidParameter({name: [_("This is not the id of an item.")]}) from None

    def _link(self, name: str, pk: UUID | None) -> str | None:
        if pk is None:
            return None
        bare = remove_query_param(remove_query_param(self.address, "after"), "before")
        return replace_query_param(bare, name, str(pk))
