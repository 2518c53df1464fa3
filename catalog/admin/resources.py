"""Catalogs, target systems, and resources with their roles."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accessgov.administration import (
    ConfigurationAdmin,
    SearchedByFewWords,
    TabularRows,
    by,
    changed_forms,
    count_of,
    list_link,
)

from .. import actions
from ..forms import ResourceForm
from ..models import AccessPackage, Catalog, Resource, ResourceRole, TargetSystem

Formsets = Sequence[BaseInlineFormSet]


@admin.register(Catalog)
class CatalogAdmin(ConfigurationAdmin):
    """Catalogs with their owners; what they hold is kept with the packages and the resources."""

    list_display = ("name", "is_enabled", "is_externally_visible", "packages_in_it", "resources_in_it")
    list_filter = ("is_enabled", "is_externally_visible")
    search_fields = ("name", "description")
    autocomplete_fields = ("owners",)
    fields = ("name", "description", ("is_enabled", "is_externally_visible"), "owners", "contents")
    readonly_fields = ("contents",)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        owners = form.cleaned_data.get("owners")
        actions.save_catalog(catalog=form.instance, owners=owners, **by(request))

    def erase(self, request: HttpRequest, row: Catalog) -> None:
        actions.delete_catalog(catalog=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Catalog]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                package_count=count_of(AccessPackage, by="catalog"),
                resource_count=count_of(Catalog.resources.through, by="catalog"),
            )
        )

    @display(description=_("packages"))
    def packages_in_it(self, catalog: Any) -> str:
        count = catalog.package_count
        said = ngettext("%(count)d package", "%(count)d packages", count) % {"count": count}
        return list_link(AccessPackage, said, catalog__id__exact=catalog.pk)

    @display(description=_("resources"))
    def resources_in_it(self, catalog: Any) -> str:
        count = catalog.resource_count
        said = ngettext("%(count)d resource", "%(count)d resources", count) % {"count": count}
        return list_link(Resource, said, catalog=catalog.pk)

    @display(description=_("holds"))
    def contents(self, catalog: Catalog) -> str:
        if catalog._state.adding:
            return str(_("Resources are put into a catalog on their own pages."))
        return format_html_join(" · ", "{}", [(self.packages_in_it(catalog),), (self.resources_in_it(catalog),)])


@admin.register(TargetSystem)
class SystemAdmin(ConfigurationAdmin):
    """Target systems; how each is reached is shown by provisioning, which knows connectors."""

    list_display: tuple[str, ...] = ("name", "slug", "resources_in_it")
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}
    fields: tuple[Any, ...] = (("name", "slug"), "description", "launch_url")

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        actions.save_system(system=form.instance, **by(request))

    def erase(self, request: HttpRequest, row: TargetSystem) -> None:
        actions.delete_system(system=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[TargetSystem]:
        return super().get_queryset(request).annotate(resource_count=count_of(Resource, by="system"))

    @display(description=_("resources"))
    def resources_in_it(self, system: Any) -> str:
        count = system.resource_count
        said = ngettext("%(count)d resource", "%(count)d resources", count) % {"count": count}
        return list_link(Resource, said, system__id__exact=system.pk)


class CatalogFilter(admin.SimpleListFilter):
    """Resources that a catalog holds."""

    title = _("catalog")
    parameter_name = "catalog"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        return list(Catalog.objects.values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Resource]) -> QuerySet[Resource]:
        chosen: Any = next((pk for pk, _name in self.lookup_choices if str(pk) == self.value()), None)
        return queryset.filter(catalogs=chosen) if chosen else queryset


class RoleInline(TabularRows):
    """What one can be in a resource."""

    model = ResourceRole
    fields = ("name", "origin_id", "description")
    ordering = ("name", "pk")


@admin.register(Resource)
class ResourceAdmin(ConfigurationAdmin):
    """Resources with their roles, and the catalogs that hold them."""

    form = ResourceForm
    list_display = ("name", "system", "kind", "privileged", "origin_id")
    list_select_related = ("system",)
    list_filter = (CatalogFilter, ("system", AutocompleteSelectFilter), "kind", "is_privileged")
    list_filter_submit = True
    search_fields = ("name", "origin_id", "description")
    autocomplete_fields = ("system",)
    fields = (("name", "kind"), ("system", "origin_id"), "description", "is_privileged", "catalogs")
    inlines = (RoleInline,)

    @display(description=_("privileged"), label={"privileged": "warning"}, ordering="is_privileged")
    def privileged(self, resource: Resource) -> tuple[str, Any] | None:
        return ("privileged", _("privileged")) if resource.is_privileged else None

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        (roles,) = formsets
        actions.save_resource(
            resource=form.instance,
            catalogs=form.cleaned_data.get("catalogs"),
            roles=[changed.instance for changed in changed_forms(roles)],
            removed_roles=roles.deleted_objects,
            **by(request),
        )

    def erase(self, request: HttpRequest, row: Resource) -> None:
        actions.delete_resource(resource=row, **by(request))


@admin.register(ResourceRole)
class ResourceRoleAdmin(SearchedByFewWords, ModelAdmin):
    """Only for choosing roles by typing: they are kept on their resource's page."""

    search_fields = ("resource__name", "name", "resource__system__name")
    ordering = ("resource__name", "name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResourceRole]:
        return super().get_queryset(request).select_related("resource__system")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
