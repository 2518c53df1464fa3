"""The questions that browsing answers: which words, which catalog, and what one can ask for or everything."""

from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import AccessPackage, Catalog
from catalog.querysets import PackageQuerySet
from directory.models import User


class Shown(models.TextChoices):
    """Which packages are listed, where it is not those that one can ask for."""

    ALL = "all", _("I may see")
    OWN = "own", _("I look after")


class PackageFilter(django_filters.FilterSet):
    """The search among the packages that somebody may see; of hidden ones those that they look after are found."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="containing",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, application or purpose")}),
    )
    catalog = django_filters.ChoiceFilter(
        label=_("Catalog"),
        empty_label=_("All catalogs"),
        error_messages={"invalid_choice": _("There is no such catalog, or nothing in it is meant for you.")},
    )
    show = django_filters.ChoiceFilter(label=_("Show what"), empty_label=_("I can ask for"), method="showing")

    class Meta:
        model = AccessPackage
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        catalogs = _catalogs_of(self.request.user)
        looks_after_some = any(has_own for _pk, _name, has_own in catalogs)
        self.filters["catalog"].extra["choices"] = [(str(pk), name) for pk, name, _has_own in catalogs]
        self.filters["show"].extra["choices"] = Shown.choices if looks_after_some else Shown.choices[:1]
        if self.request.user.is_guest:  # guests see nothing but what they can ask for
            del self.filters["show"]

    def filter_queryset(self, queryset: PackageQuerySet) -> PackageQuerySet:
        """Unless asked for more, what this person can ask for: the rest would stand in the way of it."""
        shown = self.form.cleaned_data.get("show")
        if shown == Shown.OWN:
            return super().filter_queryset(queryset)
        browsable = queryset.filter(is_hidden=False)
        return super().filter_queryset(browsable if shown else browsable.requestable_by(self.request.user))

    def showing(self, packages: PackageQuerySet, name: str, shown: str) -> PackageQuerySet:
        """Everything, or what this person looks after."""
        return packages.looked_after_by(self.request.user) if shown == Shown.OWN else packages

    def containing(self, packages: PackageQuerySet, name: str, words: str) -> PackageQuerySet:
        """Packages in which every word is found somewhere."""
        return packages.search(words)

    def asked(self) -> dict[str, Any]:
        """The questions that were put, for links and empty states."""
        return {name: text for name in self.filters if (text := str(self.data.get(name, "")).strip())}


def _catalogs_of(person: User) -> list[tuple[UUID, str, bool]]:
    """Catalogs in which this person finds something, and whether it is something that they look after."""
    packages = AccessPackage.objects.filter(catalog=OuterRef("pk"))
    found = Catalog.objects.annotate(
        has_something=Exists(packages.browsable_by(person)), has_own=Exists(packages.looked_after_by(person))
    ).filter(Q(has_something=True) | Q(has_own=True))
    return list(found.order_by("name", "pk").values_list("pk", "name", "has_own"))
