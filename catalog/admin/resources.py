"""Catalogs, target systems, and resources with their roles."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
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
    user_of,
)
from directory.permissions import is_administrator

from .. import actions
from ..forms import ResourceForm
from ..models import AccessPackage, Catalog, Resource, ResourceRole, RoleAssignment, TargetSystem
from ..roles import EVERYWHERE, Right
from .delegated import DelegatedInline, DelegatedReading, DelegatedRows, reach

Formsets = Sequence[BaseInlineFormSet]
SEEN = ("discovered_at", "missing_since")
READ_BY_DELEGATES = (
    "name", "kind", "system", "origin_id", "description", "is_privileged", "owners", "owner_groups",
)  # fmt: skip


class HoldersInline(DelegatedInline, TabularRows):
    """Who has which role in the catalog: roles come and go, and do not change."""

    to_catalog, changing = "", Right.OWN
    model = RoleAssignment
    fields = ("role", "person", "group")
    autocomplete_fields = ("person", "group")
    verbose_name = _("role")
    verbose_name_plural = _("who looks after it: people, and groups with everybody who belongs to them")
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleAssignment]:
        return super().get_queryset(request).with_names()

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        field.choices = [choice for choice in field.choices if choice[0] not in EVERYWHERE]
        return field

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Also whoever creates the catalog: they own it by the time that this is saved."""
        is_new = obj is None or obj._state.adding
        return super().has_add_permission(request, obj) or (is_new and reach(request).has(Right.CREATE_CATALOGS))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Catalog)
class CatalogAdmin(DelegatedRows, ConfigurationAdmin):
    """Catalogs and who looks after them; what they hold is kept with the packages and the resources."""

    to_catalog, changing = "", Right.OWN
    inlines = (HoldersInline,)

    list_display = ("name", "is_enabled", "is_externally_visible", "packages_in_it", "resources_in_it")
    list_filter = ("is_enabled", "is_externally_visible")
    search_fields = ("name", "description")
    fields = ("name", "description", ("is_enabled", "is_externally_visible"), "contents")
    readonly_fields = ("contents",)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        (holders,) = formsets
        actions.save_catalog(catalog=form.instance, **by(request))
        for gone in holders.deleted_objects:
            actions.revoke_role(given=gone, **by(request))
        for given in holders.new_objects:
            actions.grant_role(given=given, **by(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return reach(request).has(Right.CREATE_CATALOGS)

    def has_view_permission(self, request: HttpRequest, obj: Catalog | None = None) -> bool:
        """Whoever may create one opens the list as well, though it be empty."""
        return super().has_view_permission(request, obj) or (obj is None and self.has_add_permission(request))

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
        return list(Catalog.objects.with_right(user_of(request), Right.READ).values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Resource]) -> QuerySet[Resource]:
        chosen: Any = next((pk for pk, _name in self.lookup_choices if str(pk) == self.value()), None)
        return queryset.filter(catalogs=chosen) if chosen else queryset


class MissingFilter(admin.SimpleListFilter):
    """Resources of which something is not in their system any more."""

    title = _("in its system")
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, Any]]:
        return [("resource", _("the resource is missing")), ("role", _("a role is missing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Resource]) -> QuerySet[Resource]:
        if self.value() == "role":
            gone = ResourceRole.objects.filter(resource=OuterRef("pk"), missing_since__isnull=False)
            return queryset.filter(Exists(gone))
        return queryset.filter(missing_since__isnull=False) if self.value() == "resource" else queryset


class RoleInline(TabularRows):
    """What one can be in a resource; whoever sees it sees these, and administrators change them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    model = ResourceRole
    fields = ("name", "origin_id", "description", *SEEN)
    readonly_fields = SEEN
    ordering = ("name", "pk")


@admin.register(Resource)
class ResourceAdmin(DelegatedReading, ConfigurationAdmin):
    """Resources with their roles, and the catalogs that hold them.

    Administrators change everything; who owns a resource and a catalog only whether the one is in the other.
    """

    to_catalog = "catalogs"

    form = ResourceForm
    list_display = ("name", "system", "kind", "privileged", "origin_id", "missing")
    list_select_related = ("system",)
    list_filter = (CatalogFilter, ("system", AutocompleteSelectFilter), "kind", "is_privileged", MissingFilter)
    list_filter_submit = True
    search_fields = ("name", "origin_id", "description")
    autocomplete_fields = ("system", "owners", "owner_groups")
    fields = (
        ("name", "kind"),
        ("system", "origin_id"),
        "description",
        "is_privileged",
        ("owners", "owner_groups"),
        "catalogs",
        SEEN,
    )
    inlines = (RoleInline,)

    @display(description=_("privileged"), label={"privileged": "warning"}, ordering="is_privileged")
    def privileged(self, resource: Resource) -> tuple[str, Any] | None:
        return ("privileged", _("privileged")) if resource.is_privileged else None

    @display(description=_("missing there since"), label={"missing": "danger"}, ordering="missing_since")
    def missing(self, resource: Resource) -> tuple[str, str] | None:
        if resource.missing_since is None:
            return None
        return "missing", date_format(timezone.localtime(resource.missing_since), "SHORT_DATE_FORMAT")

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        (roles,) = formsets
        if not is_administrator(user_of(request)):
            actions.place_resource(resource=form.instance, catalogs=self._catalogs(request, form), **by(request))
            return
        actions.save_resource(
            resource=form.instance,
            catalogs=form.cleaned_data.get("catalogs"),
            owners=form.cleaned_data.get("owners"),
            owner_groups=form.cleaned_data.get("owner_groups"),
            roles=[changed.instance for changed in changed_forms(roles)],
            removed_roles=roles.deleted_objects,
            **by(request),
        )

    def erase(self, request: HttpRequest, row: Resource) -> None:
        actions.delete_resource(resource=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resource]:
        user = user_of(request)
        rows = self.model._default_manager.all() if is_administrator(user) else Resource.objects.reached_by(user)
        return rows.order_by("name", "pk")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Of the catalogs of others, not even the names: they are neither shown nor chosen."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.offered = Catalog.objects.with_right(user_of(request), Right.READ)
        return form

    def has_view_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:
        is_reached = obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()
        return reach(request).has(Right.READ) and is_reached

    def has_change_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:
        user = user_of(request)
        if is_administrator(user) or obj is None or not reach(request).has(Right.OWN):
            return reach(request).has(Right.OWN)
        return Resource.objects.owned_by(user).filter(pk=obj.pk).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Resource | None = None) -> Any:
        return SEEN if is_administrator(user_of(request)) else (*READ_BY_DELEGATES, *SEEN)

    def _catalogs(self, request: HttpRequest, form: ModelForm) -> list[Catalog]:
        """Those that were chosen, and those of other people in which it stays."""
        own = Catalog.objects.with_right(user_of(request), Right.OWN)
        others = Catalog.objects.filter(resources=form.instance).exclude(pk__in=own.values("pk"))
        return [*{catalog.pk: catalog for catalog in [*others, *form.cleaned_data["catalogs"]]}.values()]


@admin.register(ResourceRole)
class ResourceRoleAdmin(DelegatedReading, SearchedByFewWords, ModelAdmin):
    """Only for choosing roles by typing: they are kept on their resource's page."""

    search_fields = ("resource__name", "name", "resource__system__name")
    ordering = ("resource__name", "name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResourceRole]:
        rows, user = ResourceRole.objects.with_names(), user_of(request)
        reached = Resource.objects.reached_by(user).order_by().values("pk")
        rows = rows if is_administrator(user) else rows.filter(resource__in=reached)
        return rows.order_by(*self.ordering)

    def has_view_permission(self, request: HttpRequest, obj: ResourceRole | None = None) -> bool:
        return reach(request).has(Right.READ) and (obj is None or self.get_queryset(request).filter(pk=obj.pk).exists())

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
