"""Connected organisations in the administration site: domains and sponsors."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accessgov.administration import (
    ConfigurationAdmin,
    TabularRows,
    by,
    count_of,
    list_link,
    user_of,
)

from .. import actions
from ..models import ConnectedOrganisation, OrganisationDomain, User
from ..permissions import can_change_organisations

Formsets = Sequence[BaseInlineFormSet]
SPONSORS = ("internal_sponsors", "internal_sponsor_groups", "external_sponsors", "external_sponsor_groups")


class ByOrganisationsRight:
    """For administrators and whoever was given the role for it; asked once for each request."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not hasattr(request, "may_change_organisations"):
            request.may_change_organisations = can_change_organisations(user_of(request))  # type: ignore[attr-defined]
        return request.may_change_organisations  # type: ignore[attr-defined]  # ours

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class DomainInline(ByOrganisationsRight, TabularRows):
    """The mail domains by which guests belong to the organisation."""

    model = OrganisationDomain
    fields = ("name",)
    hide_title = True
    verbose_name_plural = _("mail domains: guests with such an address belong to it")
    ordering = ("name",)

    def get_min_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1


@admin.register(ConnectedOrganisation)
class OrganisationAdmin(ByOrganisationsRight, ConfigurationAdmin):
    """Organisations whose people are guests here, with their domains and sponsors."""

    is_delegated = is_named_by_delegates = True
    list_display = ("name", "mail_domains", "state", "people_of_it")
    list_filter = ("state",)
    search_fields = ("name", "description", "domains__name")
    autocomplete_fields = SPONSORS
    fieldsets = (
        (None, {"fields": (("name", "state"), "description")}),
        (
            _("Sponsors: they answer for its people, and policies can have them decide"),
            {"fields": (SPONSORS[:2], SPONSORS[2:])},
        ),
    )
    inlines = (DomainInline,)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Formsets) -> None:
        (domains,) = formsets
        kept = [one for one in domains.forms if one not in domains.deleted_forms]
        actions.save_organisation(
            organisation=form.instance,
            domains=[one.cleaned_data["name"] for one in kept if one.cleaned_data.get("name")],
            internal_sponsors=form.cleaned_data.get("internal_sponsors"),
            internal_sponsor_groups=form.cleaned_data.get("internal_sponsor_groups"),
            external_sponsors=form.cleaned_data.get("external_sponsors"),
            external_sponsor_groups=form.cleaned_data.get("external_sponsor_groups"),
            **by(request),
        )

    def erase(self, request: HttpRequest, row: ConnectedOrganisation) -> None:
        actions.delete_organisation(organisation=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConnectedOrganisation]:
        people = count_of(User, by="organisation")
        return super().get_queryset(request).prefetch_related("domains").annotate(people_count=people)

    @display(description=_("mail domains"))
    def mail_domains(self, organisation: ConnectedOrganisation) -> str:
        return ", ".join(domain.name for domain in organisation.domains.all())

    @display(description=_("people"))
    def people_of_it(self, organisation: Any) -> str:
        count = organisation.people_count
        text = ngettext("%(count)d guest", "%(count)d guests", count) % {"count": count}
        return list_link(User, text, organisation__id__exact=organisation.pk) if count else text
