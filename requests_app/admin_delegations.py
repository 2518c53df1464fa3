"""Delegations in the administration site: administrators set them for somebody, change them and end them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ConfigurationAdmin, ConfigurationForm, after_dialog, by, page_of
from audit.admin import NewestPaginator

from . import actions
from .lifecycle import IllegalMove
from .models import Delegation

FIELDS = ("delegate", "starts_at", "ends_at", "catalogs", "takes_waiting")


class DelegationForm(ConfigurationForm):
    """Who decides in whose place; without a beginning, at once."""

    class Meta:
        model = Delegation
        fields = ("delegator", *FIELDS)
        help_texts = {
            "starts_at": _("Empty: at once. It stays as it is once it has begun."),
            "ends_at": _("Empty: until it is ended."),
            "catalogs": _("None named: in all of them."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "starts_at" in self.fields:
            self.fields["starts_at"].required = False


@admin.register(Delegation)
class DelegationAdmin(ConfigurationAdmin):
    """Who decides in whose place, and until when; nobody makes themselves the one who decides."""

    form: type[forms.ModelForm] = DelegationForm
    list_display = ("delegator", "delegate", "state", "starts_at", "ends_at", "scope", "set_by")
    list_select_related = ("delegator", "delegate", "set_by")
    list_filter = (("delegator", AutocompleteSelectFilter), ("delegate", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("delegator__display_name", "delegator__username", "delegate__display_name", "delegate__username")
    autocomplete_fields = ("delegator", "delegate", "catalogs")
    fields = (("delegator", "delegate"), ("starts_at", "ends_at"), "catalogs", "takes_waiting")
    ordering = ("-starts_at", "-id")
    sortable_by = ()
    paginator = NewestPaginator
    actions_detail = ("end_it",)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        given = {name: form.cleaned_data[name] for name in FIELDS}
        if form.instance._state.adding:
            made = actions.set_delegation(delegator=form.cleaned_data["delegator"], **given, **by(request))
            form.instance.pk = made.pk
        else:
            actions.change_delegation(delegation=form.instance, **given, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        return super().get_queryset(request).prefetch_related("catalogs")

    def get_readonly_fields(self, request: HttpRequest, obj: Delegation | None = None) -> Sequence[str]:
        return ("delegator",) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Delegation | None = None) -> bool:
        """What is over stays as it was."""
        is_over = obj is not None and obj.ended_at is not None
        return not is_over and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Delegation | None = None) -> bool:
        return False

    @display(description=_("state"), label={"now": "success", "later": "info", "over": ""})
    def state(self, delegation: Delegation) -> tuple[str, Any]:
        if delegation.ended_at is not None:
            return "over", _("over")
        return ("now", _("now")) if delegation.holds_at(timezone.now()) else ("later", _("to come"))

    @display(description=_("catalogs"))
    def scope(self, delegation: Delegation) -> str:
        if delegation.is_for_all_catalogs:
            return str(_("all"))
        return ", ".join(str(catalog) for catalog in delegation.catalogs.all()) or "—"

    @action(
        description=_("End it"),
        permissions=("end",),
        dialog={
            "title": _("End this delegation?"),
            "description": _("What is not decided by then waits for the one who was asked. What was decided stays."),
            "form_submit_text": _("End it"),
        },
    )
    def end_it(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        delegation = Delegation.objects.with_names().get(pk=object_id)
        try:
            actions.end_delegation(delegation=delegation, **by(request))
        except IllegalMove as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("%(delegation)s: over.") % {"delegation": delegation})
        return after_dialog(page_of(Delegation, object_id))

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        is_open = Delegation.objects.not_over().filter(pk=object_id).exists()
        return is_open and super().has_change_permission(request)
