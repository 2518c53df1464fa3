"""Discoveries in the administration site: having a system looked through, and reading what came of it."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ReadingAdmin, after_dialog, by, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from directory.permissions import is_administrator

from . import actions
from .connectors import base, kind_of
from .lifecycle import IllegalMove
from .models import Connector, Discovery

RUN_LABELS = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}
COUNTED = ("resources", "roles", "new", "missing")


class DiscoveringAdmin:
    """What the page of a connector has about discoveries: what the last one found, and one more at once."""

    @display(description=_("last looked through"))
    def looked_through(self, connector: Connector) -> str:
        run = connector.discoveries.first()
        if run is None:
            return str(_("not yet"))
        if run.last_error:
            return run.last_error
        counts = {name: getattr(run, name) for name in COUNTED}
        if run.status == WorkStatus.PENDING:
            return _("is being looked through: %(resources)d resources so far") % counts
        seen_at = run.settled_at or run.created_at
        return _(
            "on %(moment)s (%(age)s ago): %(resources)d resources, %(roles)d roles; %(new)d new, %(missing)d gone"
        ) % {"moment": date_format(timezone.localtime(seen_at), "DATETIME_FORMAT"), "age": timesince(seen_at), **counts}

    @action(
        description=_("Look for resources"),
        permissions=("discover",),
        dialog={
            "title": _("Look for resources?"),
            "description": _("Reads which resources and roles the system has; nothing changes there."),
            "form_submit_text": _("Look"),
        },
    )
    def discover_now(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        connector = Connector.objects.select_related("system").get(pk=object_id)
        try:
            actions.start_discovery(connector=connector, **by(request))
            messages.success(request, _("The system is being looked through."))
        except IllegalMove as refusal:
            messages.warning(request, str(refusal))
        return after_dialog(page_of(Connector, object_id))

    def has_discover_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        connector = Connector.objects.filter(pk=object_id).first()
        return is_administrator(user_of(request)) and connector is not None and may_discover(connector.kind)


def may_discover(kind: str) -> bool:
    """Whether there is anything to look for, however it is configured."""
    return kind_of(kind).discover is not base.Connector.discover


@admin.register(Discovery)
class DiscoveryAdmin(ReadingAdmin):
    """When systems were looked through, and what came of it."""

    list_display = ("connector", "created_at", "state", *COUNTED, "last_error")
    list_select_related = ("connector__system",)
    list_filter = ("status", "connector")
    fields = (
        ("connector", "status", "started_by"),
        ("created_at", "due_at", "settled_at"),
        COUNTED,
        ("attempts", "last_error"),
    )
    sortable_by = ()
    ordering: Any = ("-created_at", "-id")
    paginator = NewestPaginator

    @display(description=_("state"), label=RUN_LABELS)
    def state(self, run: Discovery) -> tuple[str, str]:
        return run.status, run.get_status_display()
