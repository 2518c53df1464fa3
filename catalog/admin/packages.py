"""Access packages, with their roles and their policies on one page."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accessgov.administration import (
    ConfigurationAdmin,
    StackedRows,
    TabularRows,
    by,
    changed_forms,
    count_of,
    link_to,
    page_of,
)

from .. import actions
from ..findings import findings_of
from ..forms import PolicyOnPackageForm
from ..models import AccessPackage, Incompatibility, PackageRole, Policy
from ..wording import policy_in_words, prefetched
from . import looking
from .delegated import DelegatedInline, DelegatedRows


class PackageRoleInline(DelegatedInline, TabularRows):
    """The roles of a package: they come and go, and do not change."""

    model = PackageRole
    fields = ("resource_role", "system", "kind", "privileged")
    readonly_fields = ("system", "kind", "privileged")
    autocomplete_fields = ("resource_role",)
    verbose_name = _("role")
    hide_title = True
    verbose_name_plural = _("roles that it gives")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackageRole]:
        return super().get_queryset(request).select_related("resource_role__resource__system")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("target system"))
    def system(self, link: PackageRole) -> str:
        return "—" if link._state.adding else link_to(link.resource_role.resource.system)

    @display(description=_("kind"))
    def kind(self, link: PackageRole) -> str:
        return "—" if link._state.adding else link.resource_role.resource.get_kind_display()

    @display(description=_("privileged"), label={"privileged": "warning"})
    def privileged(self, link: PackageRole) -> tuple[str, Any] | None:
        is_privileged = not link._state.adding and link.resource_role.resource.is_privileged
        return ("privileged", _("privileged")) if is_privileged else None


class PolicyInline(DelegatedInline, StackedRows):
    """The policies of a package, in the choices that most of them need; the rest is on the policy's own page."""

    model = Policy
    form = PolicyOnPackageForm
    fields = (
        "in_words",
        ("name", "is_enabled"),
        ("scope", "decided_by"),
        ("people", "groups"),
        "organisations",
        ("requires_justification", "is_on_behalf_allowed"),
        ("duration_kind", "duration_amount"),
        "ends_at",
    )
    readonly_fields = ("in_words",)
    autocomplete_fields = ("people", "groups", "organisations")
    verbose_name_plural = _("policies: who may have it, and how")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        read = ("people", "groups", "organisations", *prefetched())
        return super().get_queryset(request).complete().prefetch_related(*read)

    @display(description=_("what it means"))
    def in_words(self, policy: Policy) -> str:
        if policy._state.adding:
            return str(_("Said here once it is saved."))
        page, more = page_of(Policy, policy.pk), _("stages and questions")
        return format_html('{} · <a href="{}" class="underline">{}</a>', policy_in_words(policy), page, more)


class IncompatibilityInline(DelegatedInline, TabularRows):
    """What must not be held together with the package, and who decides on exceptions."""

    model = Incompatibility
    fk_name = "package"
    fields = ("other_package", "group", "is_mutual", "exception_people", "exception_groups")
    autocomplete_fields = ("other_package", "group", "exception_people", "exception_groups")
    hide_title = True
    verbose_name = _("incompatible package or group")
    verbose_name_plural = _("separation of duties: whoever has one of these cannot get it")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incompatibility]:
        rows = super().get_queryset(request).with_names()
        return rows.prefetch_related("exception_people", "exception_groups")


@admin.register(AccessPackage)
class PackageAdmin(DelegatedRows, ConfigurationAdmin):
    """Packages; saving applies what goes before what comes, and policies before the roles that they must allow."""

    list_display = ("name", "catalog", "owner", "is_enabled", "is_hidden", "roles_in_it", "policies_of_it")
    list_select_related = ("catalog", "owner")
    list_filter = (
        ("catalog", AutocompleteSelectFilter),
        ("owner", AutocompleteSelectFilter),
        "is_enabled",
        "is_hidden",
    )
    list_filter_submit = True
    search_fields = ("name", "description", "catalog__name")
    autocomplete_fields = ("catalog", "owner")
    fields = (("name", "catalog"), "description", "owner", ("is_enabled", "is_hidden"))
    readonly_fields: tuple[str, ...] = ("to_look_at",)
    inlines = (PackageRoleInline, PolicyInline, IncompatibilityInline)

    def get_fields(self, request: HttpRequest, obj: AccessPackage | None = None) -> Any:
        return (*self.fields, "to_look_at") if obj else self.fields

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        links, policies, incompatibilities = formsets
        package, change = form.instance, by(request)
        actions.save_package(package=package, **change)
        if links.deleted_objects:
            gone = [link.resource_role for link in links.deleted_objects]
            actions.remove_roles(package=package, roles=gone, **change)
        for policy in policies.deleted_objects:
            actions.delete_policy(policy=policy, **change)
        for changed in changed_forms(policies):
            asked = {name: changed.cleaned_data[name] for name in ("people", "groups", "organisations")}
            actions.save_policy(policy=changed.instance, stages=changed.stages(), **asked, **change)
        if links.new_objects:
            actions.add_roles(package=package, roles=[link.resource_role for link in links.new_objects], **change)
        for ended in incompatibilities.deleted_objects:
            actions.delete_incompatibility(incompatibility=ended, **change)
        for changed in changed_forms(incompatibilities):
            deciders = {name: changed.cleaned_data[name] for name in ("exception_people", "exception_groups")}
            actions.save_incompatibility(incompatibility=changed.instance, **deciders, **change)

        looking.warn(request, findings_of(package))

    def erase(self, request: HttpRequest, row: AccessPackage) -> None:
        actions.delete_package(package=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessPackage]:
        counts = {"role_count": count_of(PackageRole, by="package"), "policy_count": count_of(Policy, by="package")}
        return super().get_queryset(request).annotate(**counts)

    @display(description=_("to look at"))
    def to_look_at(self, package: AccessPackage) -> str:
        return looking.in_words(findings_of(package))

    @display(description=_("roles"))
    def roles_in_it(self, package: Any) -> str:
        return ngettext("%(count)d role", "%(count)d roles", package.role_count) % {"count": package.role_count}

    @display(description=_("policies"))
    def policies_of_it(self, package: Any) -> str:
        count = package.policy_count
        return (
            ngettext("%(count)d policy", "%(count)d policies", count) % {"count": count}
            if count
            else str(_("none yet"))
        )
