"""Callouts in the administration site: to read, and to put back to work what is stuck."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from catalog.admin.delegated import DelegatedReading
from catalog.roles import Right
from directory.permissions import is_administrator

from . import actions
from .lifecycle import CalloutState
from .models import Callout

CALLOUT_LABELS = {
    CalloutState.PENDING: "info",
    CalloutState.WAITING: "info",
    CalloutState.SENT: "success",
    CalloutState.ANSWERED: "success",
    CalloutState.FAILED: "danger",
    CalloutState.TIMED_OUT: "warning",
}


@admin.register(Callout)
class CalloutAdmin(DelegatedReading, ReadingAdmin):
    """What extensions were told and what they answered: the stuck first, which can be put back to work."""

    to_catalog = "access_request__package__catalog"
    reading = Right.ASSIGNMENTS
    list_display = ("extension", "moment", "request_page", "person", "progress", "attempts", "due_at", "last_error")
    list_filter = ("state", "moment", ("extension", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = (
        "extension__name", "access_request__person__display_name", "access_request__person__username",
        "access_request__package__name",
    )  # fmt: skip
    fields = (
        ("extension", "moment", "state"),
        ("request_page", "person"),
        ("answer_by", "on_timeout"),
        ("answered_at", "answered_by", "is_denial"),
        "detail",
        ("status", "attempts", "due_at"),
        "last_error",
        ("created_at", "settled_at"),
        "idempotency_key",
    )
    readonly_fields = ("request_page", "person")
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen",)
    actions_detail = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Callout]:
        return super().get_queryset(request).with_names()

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What is stuck is little, and comes first; then the newest."""
        return (Case(When(status=WorkStatus.STUCK, then=Value(0)), default=Value(1)), "-id")

    @display(description=_("request"))
    def request_page(self, callout: Callout) -> str:
        return link_to(callout.access_request)

    @display(description=_("person"))
    def person(self, callout: Callout) -> str:
        return str(callout.access_request.person)

    @display(description=_("state"), label=CALLOUT_LABELS)
    def progress(self, callout: Callout) -> tuple[str, str]:
        return callout.state, callout.get_state_display()

    @admin.action(description=_("Call again what is stuck"), permissions=("retry",))
    def retry_chosen(self, request: HttpRequest, callouts: QuerySet[Callout]) -> None:
        count = actions.retry_callouts(callouts=list(callouts), **by(request))
        said = ngettext("%(count)d callout is back to work.", "%(count)d callouts are back to work.", count)
        messages.info(request, said % {"count": count})

    @action(
        description=_("Call again"),
        permissions=("retry",),
        dialog={
            "title": _("Put it back to work?"),
            "description": _("It is tried again at once, with its attempts counted anew."),
            "form_submit_text": _("Call again"),
        },
    )
    def retry(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.retry_chosen(request, Callout.objects.filter(pk=object_id))
        return after_dialog(page_of(Callout, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        is_stuck = object_id is None or Callout.objects.stuck().filter(pk=object_id).exists()
        return is_administrator(user_of(request)) and is_stuck
