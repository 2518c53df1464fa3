"""Messages in the administration site: to read, and to put back to work what is stuck."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from audit.admin import NewestPaginator
from directory.permissions import is_administrator

from .actions import retry_stuck
from .models import Message


@admin.register(Message)
class MessageAdmin(ModelAdmin):
    """The newest messages."""

    list_display = ("created_at", "recipient", "occasion", "subject", "status", "attempts", "last_error")
    list_filter = ("status", "occasion")
    list_select_related = ("recipient",)
    ordering = ("-created_at", "-id")
    sortable_by: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    paginator = NewestPaginator
    actions = ("retry",)
    fields = (
        ("recipient", "sent_to"), ("occasion", "status"), ("digest_at", "digest"),
        "subject", "text", "withheld_because", "last_error", ("attempts", "due_at"), ("created_at", "settled_at"),
    )  # fmt: skip

    @admin.action(description=_("Put stuck messages back to work"), permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = retry_stuck(messages=list(queryset), actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        said = ngettext("%(count)d message is tried again.", "%(count)d messages are tried again.", count)
        messages.success(request, said % {"count": count})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in, or has_… refused

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_administrator(request.user)  # type: ignore[arg-type]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request.user)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
