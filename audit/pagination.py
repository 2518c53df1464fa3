"""Pages by key for long lists, newest first: no offset, no count, the same cost on every page.

A list is ordered by a moment and its primary key, both descending, with an index on the pair. A cursor names the row at
the edge of a page and the direction to go on from there; it says nothing about how many rows there are.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import BooleanField, DateTimeField, F, Func, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError as InvalidParameter
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

Row = TypeVar("Row", bound=Model)

PARAMETER = "cursor"
PAGE_SIZE = 50


class BadCursor(BadRequest):
    """The cursor in the address was not written by this project; Django answers it with a 400 page."""


@dataclass(frozen=True)
class Cursor:
    """The row at the edge of a page, and whether to go on towards newer rows instead of older ones."""

    at: datetime
    pk: Any
    towards_newer: bool = False

    def encode(self) -> str:
        """The cursor as one opaque word for an address."""
        facts = [self.at.astimezone(UTC).isoformat(), str(self.pk), int(self.towards_newer)]
        return urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, *, model: type[Model]) -> "Cursor":
        """Read what `encode` wrote for rows of this model. Raises BadCursor for anything else."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            at, pk, towards_newer = json.loads(urlsafe_b64decode(padded))
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None or towards_newer not in (0, 1):
                raise ValueError(text)
            return cls(at=moment.astimezone(UTC), pk=model._meta.pk.to_python(pk), towards_newer=bool(towards_newer))
        except (ValueError, TypeError, OverflowError, RecursionError, ValidationError) as error:
            raise BadCursor(_("This link into the list is damaged. Open the list from its first page.")) from error


class _Beyond(Func):
    """One comparison of pairs, which both databases answer from the index alone.

    Django's own comparison of tuples becomes an OR on SQLite, which reads the index from its end.
    """

    arity = 4
    output_field = BooleanField()

    def as_sql(  # type: ignore[override]  # nobody hands this one a function, a template or a joiner
        self, compiler: SQLCompiler, connection: Any, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (moment, pk, at, key), params = [sql for sql, _params in parts], [p for _sql, each in parts for p in each]
        return f"({moment}, {pk}) {self.extra['operator']} ({at}, {key})", tuple(params)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page in their order, and the cursors of its neighbours where there are any."""

    rows: list[Row]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class Keyset:
    """How a list is cut into pages: by `moment` (a datetime, of a column or an annotation, that is never null) and
    the primary key.

    Newest first, unless it is `oldest_first`.
    """

    moment: str
    size: int = PAGE_SIZE
    oldest_first: bool = False

    def page(self, queryset: QuerySet[Row], *, cursor: str | None = None) -> Page[Row]:
        """The page that the cursor names (none: the first), by one statement. Raises BadCursor."""
        start = Cursor.decode(cursor, model=queryset.model) if cursor else None
        going_up = start.towards_newer if start else self.oldest_first
        ordered = queryset.order_by(self.moment, "pk") if going_up else queryset.order_by(f"-{self.moment}", "-pk")
        if start is not None:
            ordered = self._beyond(ordered, start)
        found = list(ordered[: self.size + 1])
        has_more, rows = len(found) > self.size, found[: self.size]
        has_newer, has_older = (has_more, bool(start)) if going_up else (bool(start), has_more)
        newest, oldest = (-1, 0) if going_up else (0, -1)
        page = Page(
            rows=rows,
            newer=self._edge(rows[newest], towards_newer=True) if rows and has_newer else None,
            older=self._edge(rows[oldest], towards_newer=False) if rows and has_older else None,
        )
        if going_up != self.oldest_first:
            rows.reverse()
        return page

    def batches(
        self, queryset: QuerySet[Any], *columns: str, before: Cursor, size: int = 2000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The columns of every row older than `before`, newest first, a batch per statement; memory stays flat.

        No transaction and no server-side cursor stays open between batches, so a slow reader holds nobody up.
        """
        rows = queryset.order_by(f"-{self.moment}", "-pk").values_list(self.moment, "pk", *columns)
        while batch := list(self._beyond(rows, before)[:size]):
            yield [row[2:] for row in batch]
            before = Cursor(at=batch[-1][0], pk=batch[-1][1])

    def _beyond(self, queryset: QuerySet[Any], cursor: Cursor) -> QuerySet[Any]:
        """Rows on the far side of the cursor."""
        at = Value(cursor.at, output_field=DateTimeField())
        pk = Value(cursor.pk, output_field=queryset.model._meta.pk)
        return queryset.filter(_Beyond(F(self.moment), F("pk"), at, pk, operator=">" if cursor.towards_newer else "<"))

    def _edge(self, row: Model, *, towards_newer: bool) -> str:
        return Cursor(at=getattr(row, self.moment), pk=row.pk, towards_newer=towards_newer).encode()


def page_address(request: HttpRequest, cursor: str | None) -> str:
    """The query string of a neighbouring page: everything as it is but for the cursor; empty where there is none."""
    if cursor is None:
        return ""
    query = request.GET.copy()
    query[PARAMETER] = cursor
    return f"?{query.urlencode()}"


class KeysetPagination(BasePagination):
    """The same pages in the REST API: `results` with the addresses of the `next` (older) and `previous` page.

    A subclass names the column, e.g. `keyset = Keyset("occurred_at")`; `page_size` in the address asks for other sizes.
    """

    keyset: Keyset
    max_size = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        keyset = replace(self.keyset, size=self._size(request))
        try:
            self.page: Page[Any] = keyset.page(queryset, cursor=request.query_params.get(PARAMETER))
        except BadCursor as error:
            raise InvalidParameter({PARAMETER: [str(error)]}) from error
        self.address = request.build_absolute_uri()
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        beside = [self._link(self.page.older), self._link(self.page.newer)]
        following, before = reversed(beside) if self.keyset.oldest_first else beside
        return Response({"next": following, "previous": before, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {"name": PARAMETER, "in": "query", "schema": {"type": "string"}},
            {"name": "page_size", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": self.max_size}},
        ]

    def _size(self, request: Request) -> int:
        wanted = request.query_params.get("page_size", str(self.keyset.size))
        if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:6]) <= self.max_size):
            raise InvalidParameter({"page_size": [_("A number from 1 to %(most)d.") % {"most": self.max_size}]})
        return int(wanted)

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(remove_query_param(self.address, PARAMETER), PARAMETER, cursor)
