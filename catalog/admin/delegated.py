"""Pages of the administration that people with a delegated role use as well: as far as their roles reach, no further.

What a page offers is decided here, from the same table as everything else (roles.py); that it may be done is checked
again by the action that does it.
"""

from functools import reduce
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from accessgov.administration import user_of
from directory.permissions import is_administrator

from ..models import AccessPackage, Catalog
from ..permissions import Reach, reach_of
from ..roles import Right


def reach(request: HttpRequest) -> Reach:
    """What the roles of whoever is signed in reach; asked once for each request."""
    found: Reach | None = getattr(request, "reach", None)
    if found is None:
        found = request.reach = reach_of(user_of(request))  # type: ignore[attr-defined]  # ours
    return found


def catalog_of(row: Any, path: str) -> UUID | None:
    """The id of the catalog that the row belongs to; `path` leads from the row to its catalog, empty for a catalog."""
    if not path:
        return row.pk
    *steps, last = path.split("__")
    return getattr(reduce(getattr, steps, row), f"{last}_id")


class DelegatedReading:
    """A list of which people see what their roles let them read."""

    is_delegated = True
    to_catalog = "catalog"
    """The way from a row to its catalog, as a filter takes it; empty for catalogs themselves."""
    reading = Right.READ

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_right(request, self.reading, obj)

    def has_right(self, request: HttpRequest, right: Right, row: Any = None) -> bool:
        """Whether the right reaches this row, or (None) any row."""
        if row is None:
            return reach(request).has(right)
        return reach(request).has(right, catalog_of(row, self.to_catalog))

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)  # type: ignore[misc]  # the admin's
        user = user_of(request)
        if is_administrator(user):
            return rows
        catalogs = Catalog.objects.with_right(user, self.reading).order_by().values("pk")
        return rows.filter(**{f"{self.to_catalog or 'pk'}__in": catalogs})


class DelegatedRows(DelegatedReading):
    """Rows that people change where a role gives them the right to."""

    changing = Right.PACKAGES

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **given: Any) -> Any:
        """What somebody may not see is no choice, whichever id they send: a refusal would tell its name."""
        if db_field.related_model in (Catalog, AccessPackage):
            given["queryset"] = db_field.related_model.objects.with_right(user_of(request), self.reading)
        return super().formfield_for_foreignkey(db_field, request, **given)  # type: ignore[misc]  # the admin's

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_right(request, self.changing)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_right(request, self.changing, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_right(request, self.changing, obj)


class DelegatedInline:
    """Rows that hang on a row of such a page: who may change that may change these; the row is None while it is new."""

    to_catalog = "catalog"
    """The way from the row that they hang on to its catalog."""
    reading, changing = Right.READ, Right.PACKAGES

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._reaches(request, self.reading, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._reaches(request, self.changing, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._reaches(request, self.changing, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._reaches(request, self.changing, obj)

    def _reaches(self, request: HttpRequest, right: Right, parent: Any) -> bool:
        if parent is None or parent._state.adding:
            return reach(request).has(right)
        return reach(request).has(right, catalog_of(parent, self.to_catalog))
