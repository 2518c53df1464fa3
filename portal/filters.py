"""The questions that browsing answers: which words, which catalog."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceField

from catalog.models import AccessPackage, Catalog
from catalog.querysets import PackageQuerySet


def catalogs_of(request: HttpRequest) -> "QuerySet[Catalog]":
    """Catalogs in which this person finds something to browse."""
    packages = AccessPackage.objects.browsable_by(request.user)  # type: ignore[arg-type]  # signed in: the view sees to it
    return Catalog.objects.filter(Exists(packages.filter(catalog=OuterRef("pk")))).order_by("name")


class CatalogField(ModelChoiceField):
    """One of the catalogs that are offered; anything else is no such catalog, whether or not it looks like an id."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:
            raise ValidationError(_("There is no such catalog, or nothing in it is meant for you.")) from error


class CatalogFilter(django_filters.ModelChoiceFilter):
    field_class = CatalogField


class PackageFilter(django_filters.FilterSet):
    """The search among packages."""

    q = django_filters.CharFilter(
        label=_("Search"),
        method="containing",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, application or what you need it for")}),
    )
    catalog = CatalogFilter(label=_("Catalog"), queryset=catalogs_of, empty_label=_("All catalogs"))

    class Meta:
        model = AccessPackage
        fields: list[str] = []

    def containing(self, packages: PackageQuerySet, name: str, words: str) -> PackageQuerySet:
        """Packages in which every word is found somewhere."""
        return packages.search(words)

    def asked(self) -> dict[str, Any]:
        """The questions that were put, for links and empty states."""
        return {name: text for name in self.filters if (text := str(self.data.get(name, "")).strip())}
