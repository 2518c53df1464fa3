"""Connectors, grants and operations in the administration site: configured, read, tested and retried by actions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Case, QuerySet, Value, When
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import (
    ConfigurationAdmin,
    ReadingAdmin,
    TabularRows,
    after_dialog,
    by,
    link_to,
    page_of,
    user_of,
)
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from catalog.admin import SystemAdmin
from catalog.models import TargetSystem
from directory.permissions import is_administrator

from . import (
    actions,
    admin_aliases,  # noqa: F401
)
from .admin_accounts import may_disable
from .admin_discovering import DiscoveringAdmin, may_discover
from .admin_health import HealthAdmin
from .admin_helping import SkippingAdmin
from .admin_reconciling import ComparingAdmin
from .admin_tasks import ListingAdmin
from .connectors import kind_of, open_connector
from .connectors.base import ConnectorError
from .forms import ConnectorForm, fields_for, form_for, groups_for
from .lifecycle import GrantStatus
from .models import Connector, ConnectorKind, Grant, GrantReason, Operation

GRANT_LABELS = {
    GrantStatus.PENDING: "info",
    GrantStatus.DELIVERED: "success",
    GrantStatus.VERIFIED: "success",
    GrantStatus.FAILED: "danger",
    GrantStatus.DRIFTED: "warning",
    GrantStatus.REMOVAL_PENDING: "warning",
}
DISCOVERED = ("discovers_into", ("discover_every", "looked_through"))
WORK_LABELS = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}

admin.site.unregister(TargetSystem)


@admin.register(TargetSystem)
class ConnectedSystemAdmin(SystemAdmin):
    """Target systems, and whether they are connected."""

    list_display: tuple[str, ...] = (*SystemAdmin.list_display, "connected")
    list_select_related = ("connector",)
    fields: tuple[Any, ...] = (*SystemAdmin.fields, "connected")
    readonly_fields = ("connected",)

    @display(description=_("connector"))
    def connected(self, system: TargetSystem) -> str:
        if connector := getattr(system, "connector", None):
            said = connector.get_kind_display() if connector.is_enabled else _("switched off")
            return format_html('<a href="{}" class="underline">{}</a>', page_of(Connector, connector.pk), said)
        if system._state.adding:
            return str(_("Save the system first; then connect it."))
        address = reverse("admin:provisioning_connector_add", query={"system": system.pk})
        return format_html('{} · <a href="{}" class="underline">{}</a>', _("none"), address, _("connect it"))


@admin.register(Connector)
class ConnectorAdmin(HealthAdmin, ListingAdmin, ComparingAdmin, DiscoveringAdmin, ConfigurationAdmin):
    """How target systems are reached, with a test that really calls them."""

    form = ConnectorForm
    list_display = ("system", "kind", "base_url", "condition", "last_answer_at", "reconciled_at", "discovered_at")
    list_filter = ("kind", "is_enabled")
    list_select_related = ("system",)
    search_fields = ("system__name", "base_url")
    autocomplete_fields = ("system", "owners", "discovers_into")
    readonly_fields = ("health", "compared", "listed", "looked_through")
    actions_detail: tuple[str, ...] = ("test_connection", "reconcile_now", "discover_now", "take_in")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """With what its kind asks for; which kind it is to be is chosen first."""
        if obj is not None:
            kwargs["form"] = form_for(obj.kind)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Connector | None = None) -> Any:
        has_address = obj is None or obj.base_url or kind_of(obj.kind).needs_address
        address = ("base_url",) if has_address else ()
        if obj is None:
            return ((None, {"fields": (("system", "kind"), *address, "secret")}),)
        secret = (("secret", "forgets_secret"),) if kind_of(obj.kind).secret_label else ()
        start = (None, {"fields": (("system", "kind"), "health", *address, *secret)})
        own: list[Any] = [
            (title or _("What this kind asks for"), {"fields": lines}) for title, lines in groups_for(obj.kind)
        ]
        limits = (_("Limits"), {"fields": (("max_concurrency", "rate_per_minute"),)})
        listed = ("listed",) if obj.kind == ConnectorKind.MANUAL else ()
        discovered = DISCOVERED if may_discover(obj.kind) else ()
        accounts = ("disables_accounts",) if may_disable(obj.kind) else ()
        state = ("owners", "is_enabled", *accounts, ("reconcile_every", "compared"), *listed, *discovered)
        rest = (_("State"), {"fields": state})
        return tuple(part for part in (start, *own, limits, rest) if part[1]["fields"])

    def get_readonly_fields(self, request: HttpRequest, obj: Connector | None = None) -> Any:
        """A connector stays of its kind: what was given in one way is not taken away in another."""
        return (*self.readonly_fields, "system", "kind") if obj else self.readonly_fields

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        asked = cast("ConnectorForm", form)
        actions.configure_connector(
            connector=asked.instance,
            secret=asked.new_secret(),
            options=asked.options(),
            extra_secrets=asked.new_extra_secrets(),
            owners=asked.cleaned_data.get("owners"),
            **by(request),
        )

    def response_add(self, request: HttpRequest, obj: Connector, post_url_continue: str | None = None) -> HttpResponse:
        """What comes next is on its page: what its kind asks for, and the test."""
        if fields_for(obj.kind):
            messages.info(request, _("Now fill in what this kind of connector asks for, and test the connection."))
        else:
            messages.info(request, _("Now test the connection."))
        return redirect(page_of(Connector, obj.pk))

    def has_delete_permission(self, request: HttpRequest, obj: Connector | None = None) -> bool:
        """What was given through it must be taken through it: a connector is switched off instead."""
        return False

    @action(
        description=_("Test the connection"),
        permissions=("test",),
        dialog={
            "title": _("Test the connection?"),
            "description": _("Calls the system as it was saved last, and changes nothing there."),
            "form_submit_text": _("Test"),
        },
    )
    def test_connection(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        connector = Connector.objects.select_related("system").get(pk=object_id)
        answer, error = _ask(connector)
        actions.note_connection_test(connector=connector, answer=answer, error=error, **by(request))
        if error:
            messages.error(request, error)
        else:
            messages.success(request, _("It answers: %(answer)s.") % {"answer": answer})
        return after_dialog(page_of(Connector, object_id))

    def has_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_administrator(user_of(request))


def _ask(connector: Connector) -> tuple[str, str]:
    """What the system answers, or why it does not; outside any transaction."""
    try:
        with open_connector(connector, system=str(connector)) as opened:
            return opened.check(), ""
    except (ConnectorError, ImproperlyConfigured) as error:
        return "", str(error)


class ReasonInline(TabularRows):
    """Why somebody holds a role."""

    model = GrantReason
    fields = readonly_fields = ("reference", "starts_at", "ended_at")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Grant)
class GrantAdmin(ReadingAdmin):
    """Who holds which role, as far as is known."""

    list_display = ("person", "role", "state", "is_adopted", "changed_at", "verified_at")
    list_select_related = ("person", "resource_role__resource__system")
    list_filter = (
        "status",
        "is_adopted",
        ("person", AutocompleteSelectFilter),
        ("resource_role", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("person__display_name", "person__username", "resource_role__resource__name")
    fields = ("person_page", "role", "status", "is_adopted", "changed_at", "verified_at", "last_error")
    readonly_fields = ("person_page", "role")
    inlines = (ReasonInline,)
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator

    @display(description=_("person"))
    def person_page(self, grant: Grant) -> str:
        return link_to(grant.person)

    @display(description=_("role"))
    def role(self, grant: Grant) -> str:
        return f"{grant.resource_role} ({grant.resource_role.resource.system})"

    @display(description=_("state"), label=GRANT_LABELS)
    def state(self, grant: Grant) -> tuple[str, str]:
        return grant.status, grant.get_status_display()


class WorkFilter(admin.SimpleListFilter):
    """What is still to be done, unless asked otherwise."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [*WorkStatus.choices, ("all", _("all"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """As Django's, but that without a choice it is what is open that shows."""
        everything, *rest = super().choices(changelist)
        yield {**everything, "display": _("still to be done")}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Operation]) -> QuerySet[Operation]:
        if self.value() is None:
            return queryset.filter(status__in=actions.OPEN)
        return queryset if self.value() == "all" else queryset.filter(status=self.value())


@admin.register(Operation)
class OperationAdmin(SkippingAdmin, ReadingAdmin):
    """What is to be done in target systems: the stuck first, which can be put back to work."""

    list_display = ("kind", "role", "person", "state", "attempts", "due_at", "last_error")
    list_filter = (WorkFilter, "kind")
    search_fields = ("grant__person__display_name", "grant__person__username", "grant__resource_role__resource__name")
    fields = (
        ("kind", "status", "attempts"),
        ("person", "grant_page", "connector"),
        ("due_at", "created_at", "settled_at"),
        "last_error",
        "idempotency_key",
        "correlation_id",
    )
    readonly_fields = ("person", "grant_page", "connector")
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen", "skip_chosen")
    actions_detail = ("retry", "skip")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        return super().get_queryset(request).with_grants()

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What is open is little, and sorted; of the rest the newest come first, by the key, which tells the time."""
        if request.GET.get(WorkFilter.parameter_name):
            return ("-id",)
        return (Case(When(status=WorkStatus.STUCK, then=Value(0)), default=Value(1)), "due_at", "-id")

    @display(description=_("person"))
    def person(self, operation: Operation) -> str:
        return link_to(operation.grant.person)

    @display(description=_("role"))
    def role(self, operation: Operation) -> str:
        return f"{operation.grant.resource_role} ({operation.grant.resource_role.resource.system})"

    @display(description=_("grant"))
    def grant_page(self, operation: Operation) -> str:
        return link_to(operation.grant)

    @display(description=_("state"), label=WORK_LABELS)
    def state(self, operation: Operation) -> tuple[str, str]:
        return operation.status, operation.get_status_display()

    @admin.action(description=_("Retry what is stuck"), permissions=("retry",))
    def retry_chosen(self, request: HttpRequest, operations: QuerySet[Operation]) -> None:
        count = actions.retry_stuck(operations=list(operations), **by(request))
        said = ngettext("%(count)d operation is back to work.", "%(count)d operations are back to work.", count)
        messages.info(request, said % {"count": count})

    @action(
        description=_("Retry"),
        permissions=("retry",),
        dialog={
            "title": _("Put it back to work?"),
            "description": _("It is tried again at once, with its attempts counted anew."),
            "form_submit_text": _("Retry"),
        },
    )
    def retry(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.retry_chosen(request, Operation.objects.filter(pk=object_id))
        return after_dialog(page_of(Operation, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        is_stuck = object_id is None or Operation.objects.stuck().filter(pk=object_id).exists()
        return is_administrator(user_of(request)) and is_stuck
