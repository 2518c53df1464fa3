"""The registry of checks, and what a finding is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ..models import AccessPackage, Catalog

Find = Callable[[], QuerySet[Any]]
Ways = str | tuple[str, ...]
"""The way from a row to something, as a filter takes it, or several of which each row has one; empty: there is none."""


class Severity(models.TextChoices):
    """How bad it is, the worst first."""

    PROBLEM = "problem", _("problem")
    WARNING = "warning", _("warning")
    NOTE = "note", _("note")


@dataclass(frozen=True)
class Finding:
    """One thing that ought to be looked at: where it is, and a sentence that says what is wrong."""

    check: "Check"
    row: models.Model

    @property
    def kind(self) -> str:
        """The name of its check."""
        return self.check.name

    @property
    def severity(self) -> Severity:
        return self.check.severity

    @property
    def sentence(self) -> str:
        """What is wrong, in words."""
        return str(self.check.says).format(self.row)

    @property
    def package(self) -> AccessPackage | None:
        """The package that it is about, where it is about one."""
        return _first(self.row, self.check.to_package)

    @property
    def catalog(self) -> Catalog | None:
        """The catalog in which it is; None of a resource, which several may hold."""
        ways = _each(self.check.to_catalog)
        return None if ways[0].endswith("catalogs") else _first(self.row, ways if any(ways) else "pk")

    @property
    def mended_at(self) -> models.Model:
        """The row on whose page of the administration it is mended."""
        return _follow(self.row, self.check.mend or "pk")

    @property
    def about(self) -> str:
        """What kind of thing it is about: the model's name, as the journal says it."""
        return str(self.row._meta.model_name)

    @property
    def about_id(self) -> UUID:
        """The id of that thing."""
        return self.row.pk


@dataclass(frozen=True)
class Check:
    """One kind of finding."""

    name: str
    title: Any
    severity: Severity
    says: Any
    """The sentence, with {0} for the row and {0.field} for what it says."""
    to_catalog: Ways
    """From a row to its catalog; empty for catalogs themselves."""
    to_package: Ways
    """From a row to its package; empty where it is about none."""
    mend: str
    """The way from a row to that on whose page it is mended; empty where that is the row itself."""
    find: Find

    def rows(self, catalogs: Any = None) -> QuerySet[Any]:
        """What it finds in these catalogs (a subquery of ids; None: all), in the order of ids, each once."""
        found = self.find()
        if catalogs is not None:
            inside = _through(self.to_catalog, catalogs, lookup="__in")
            scoped = found.model._default_manager.filter(inside).order_by().values("pk")
            found = found.filter(pk__in=scoped)
        return found.order_by("pk")

    def of_package(self, package: AccessPackage) -> QuerySet[Any]:
        """What it finds about this package."""
        return self.find().filter(_through(self.to_package, package.pk)).order_by("pk")


CHECKS: dict[str, Check] = {}
"""Every check by its name, the worst first: findings come in this order."""


def check(
    title: Any,
    *,
    severity: Severity,
    says: Any,
    to_catalog: Ways = "package__catalog",
    to_package: Ways = "package",
    mend: str = "",
) -> Callable[[Find], Find]:
    """Register the decorated function as a check that bears its name."""

    def register(find: Find) -> Find:
        name = find.__name__
        known = {**CHECKS, name: Check(name, title, severity, says, to_catalog, to_package, mend, find)}
        CHECKS.clear()
        CHECKS.update(sorted(known.items(), key=lambda one: list(Severity).index(one[1].severity)))
        return find

    return register


def _each(ways: Ways) -> tuple[str, ...]:
    return (ways,) if isinstance(ways, str) else ways


def _through(ways: Ways, value: Any, *, lookup: str = "") -> Q:
    """A condition that one of the ways leads to the value."""
    return reduce(or_, (Q(**{f"{way or 'pk'}{lookup}": value}) for way in _each(ways)))


def _first(row: Any, ways: Ways) -> Any:
    """What the first of the ways leads to that leads anywhere."""
    return next((found for way in _each(ways) if (found := _follow(row, way)) is not None), None)


def _follow(row: Any, path: str) -> Any:
    """What the path leads to from the row; `pk` to the row itself, an empty one to nothing."""
    if path in ("", "pk"):
        return row if path else None
    return reduce(lambda found, name: found and getattr(found, name), path.split("__"), row)
