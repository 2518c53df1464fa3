"""What happened to people and is to be followed by a review: the stuck first, which can be put back to work."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator

from ..actions import reacting
from ..models import Cue
from ..permissions import can_define
from .campaigns import WORK_STATES


@admin.register(Cue)
class CueAdmin(ReadingAdmin):
    """Reviews of a person that something started: begun, waiting for the end of the one before, or stuck and why.

    For administrators, who alone set up such reviews.
    """

    list_display = ("review_page", "person", "state", "attempts", "due_at", "created_at", "last_error")
    list_filter = ("status",)
    search_fields = ("review__name", "person__display_name", "person__username")
    fields = (
        ("review_page", "person", "status"),
        "attempts",
        ("due_at", "created_at", "settled_at"),
        "last_error",
        "idempotency_key",
    )
    readonly_fields = ("review_page",)
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen",)
    actions_detail = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cue]:
        return super().get_queryset(request).select_related("review", "person")

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What is stuck is little, and comes first; then the newest."""
        return (Case(When(status=WorkStatus.STUCK, then=Value(0)), default=Value(1)), "-id")

    @display(description=_("review"))
    def review_page(self, cue: Cue) -> str:
        return link_to(cue.review)

    @display(description=_("state"), label=WORK_STATES)
    def state(self, cue: Cue) -> tuple[str, str]:
        return cue.status, cue.get_status_display()

    @admin.action(description=_("Have begun what is stuck"))
    def retry_chosen(self, request: HttpRequest, rows: QuerySet[Cue]) -> None:
        stuck = list(rows.filter(status=WorkStatus.STUCK).order_by("pk"))
        for cue in stuck:
            reacting.retry(cue=cue, **by(request))
        said = ngettext("%(count)d review is begun again.", "%(count)d reviews are begun again.", len(stuck))
        messages.info(request, said % {"count": len(stuck)})

    @action(
        description=_("Begin again"),
        permissions=("retry",),
        dialog={
            "title": _("Have it begun again?"),
            "description": _("It is tried at once, with its attempts counted anew."),
            "form_submit_text": _("Begin again"),
        },
    )
    def retry(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.retry_chosen(request, Cue.objects.filter(pk=object_id))
        return after_dialog(page_of(Cue, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not self.has_view_permission(request):
            return False
        cue = Cue.objects.filter(pk=object_id, status=WorkStatus.STUCK).select_related("review").first()
        return cue is not None and can_define(user_of(request), cue.review)
