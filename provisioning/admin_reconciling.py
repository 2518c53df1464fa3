"""Reconciliations in the administration site: having one made, reading what came of it, and answers without asking."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from catalog.admin import ResourceAdmin
from catalog.forms import ResourceForm
from catalog.models import Resource
from directory.permissions import is_administrator

from . import actions
from .lifecycle import CaseState, ExtraRule, IllegalMove, MissingRule
from .models import Connector, DriftCase, DriftRule, Reconciliation

RUN_LABELS = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}
CASE_LABELS = {CaseState.OPEN: "warning", CaseState.CLOSED: "success"}
COUNTED = ("roles", "unread", "holders", "missing", "extra", "unknown", "closed")


class ComparingAdmin:
    """What the page of a connector has about reconciliations: when the last one was, and one more at once."""

    @display(description=_("last reconciled"))
    def compared(self, connector: Connector) -> str:
        run = connector.reconciliations.first()
        if run is None:
            return str(_("not yet; nothing is reconciled before the system has answered"))
        if run.status == WorkStatus.PENDING:
            return _("is being reconciled: %(roles)d roles so far") % {"roles": run.roles}
        if problem := run.remark or run.last_error:
            return problem
        at = date_format(timezone.localtime(connector.reconciled_at or run.created_at), "DATETIME_FORMAT")
        return _("on %(moment)s: %(holders)d holders of %(roles)d roles, %(found)d new cases") % {
            "moment": at,
            "holders": run.holders,
            "roles": run.roles,
            "found": run.found,
        }

    @action(
        description=_("Reconcile now"),
        permissions=("test",),
        dialog={
            "title": _("Reconcile now?"),
            "description": _(
                "Reads who holds what there, and opens a case for each difference; nothing changes there."
            ),
            "form_submit_text": _("Reconcile"),
        },
    )
    def reconcile_now(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        try:
            actions.start_reconciliation(connector=Connector.objects.get(pk=object_id), **by(request))
            messages.success(request, _("The reconciliation has begun."))
        except IllegalMove as refusal:
            messages.warning(request, str(refusal))
        return after_dialog(page_of(Connector, object_id))


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadingAdmin):
    """What was reconciled when, and what came of it."""

    list_display = ("connector", "created_at", "state", "roles", "holders", "outcome")
    list_select_related = ("connector__system",)
    list_filter = ("status", "connector")
    fields = (
        ("connector", "status", "started_by"),
        ("created_at", "due_at", "settled_at"),
        COUNTED,
        ("attempts", "last_error"),
        "remark",
    )
    sortable_by = ()
    ordering = ("-created_at", "-id")
    paginator = NewestPaginator

    @display(description=_("state"), label=RUN_LABELS)
    def state(self, run: Reconciliation) -> tuple[str, str]:
        return run.status, run.get_status_display()

    @display(description=_("new cases"))
    def outcome(self, run: Reconciliation) -> str:
        counted = _("%(missing)d missing, %(extra)d added outside, %(unknown)d of nobody here") % {
            name: getattr(run, name) for name in ("missing", "extra", "unknown")
        }
        return run.remark or run.last_error or counted


@admin.register(DriftCase)
class DriftCaseAdmin(ReadingAdmin):
    """What differs in target systems, to read: it is answered on the pages of drift."""

    list_display = ("sentence", "kind", "progress", "first_seen_at", "last_seen_at", "answered_by")
    list_filter = (
        "state",
        "kind",
        "system",
        ("person", AutocompleteSelectFilter),
        ("resource_role", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("person__display_name", "person__username", "account_name", "resource_role__resource__name")
    fields = (
        ("kind", "state"),
        ("person_page", "account_id", "account_name"),
        ("system", "resource_role"),
        ("first_seen_at", "last_seen_at", "ignored_until"),
        "held_back",
        ("answer", "answered_by", "settled_at"),
        "why",
    )
    readonly_fields = ("person_page",)
    sortable_by = ()
    ordering = ("-first_seen_at", "-id")
    paginator = NewestPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[DriftCase]:
        return super().get_queryset(request).with_names()

    @display(description=_("person"))
    def person_page(self, case: DriftCase) -> str:
        return link_to(case.person) if case.person else ""

    @display(description=_("case"))
    def sentence(self, case: DriftCase) -> str:
        return case.sentence

    @display(description=_("state"), label=CASE_LABELS)
    def progress(self, case: DriftCase) -> tuple[str, str]:
        return case.state, case.get_state_display()


class RuledResourceForm(ResourceForm):
    """A resource, with what is done by itself about drift there."""

    drift_extra = forms.ChoiceField(
        label=_("Added outside"),
        choices=ExtraRule.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("What is done by itself about access that somebody added in the system."),
    )
    drift_missing = forms.ChoiceField(
        label=_("Removed outside"),
        choices=MissingRule.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("What is done by itself about access that somebody removed there; never where much differs."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if rule := DriftRule.objects.filter(resource=self.instance.pk).first():
            self.initial.update(drift_extra=rule.extra, drift_missing=rule.missing)

    def rule(self) -> DriftRule:
        """The rule as it was chosen."""
        asked = self.cleaned_data
        return DriftRule(
            resource=self.instance,
            extra=asked.get("drift_extra") or ExtraRule.ASK,
            missing=asked.get("drift_missing") or MissingRule.ASK,
        )


admin.site.unregister(Resource)


@admin.register(Resource)
class RuledResourceAdmin(ResourceAdmin):
    """Resources, and the answers to drift that need nobody; those are for administrators."""

    form = RuledResourceForm

    def get_fields(self, request: HttpRequest, obj: Resource | None = None) -> Any:
        rules = (("drift_extra", "drift_missing"),) if is_administrator(user_of(request)) else ()
        return (*super().fields, *rules)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Any) -> None:
        super().apply(request, form, formsets)
        if isinstance(form, RuledResourceForm) and is_administrator(user_of(request)):
            actions.set_drift_rule(rule=form.rule(), **by(request))
