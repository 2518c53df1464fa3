"""Rollouts in the administration site: how far they are, and to have go on what is stuck."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator
from catalog.admin.delegated import DelegatedReading
from catalog.roles import Right
from directory.permissions import is_administrator

from . import actions
from .models import Rollout
from .permissions import can_retry_rollout

LABELS = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}


class ReasonForm(BaseDialogForm):
    """Why everything is put in place again."""

    why = forms.CharField(label=_("Why?"), max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


@admin.register(Rollout)
class RolloutAdmin(DelegatedReading, ReadingAdmin):
    """Changes for everybody who holds a package, or who has something in a system: the stuck first."""

    to_catalog, reading = "package__catalog", Right.ASSIGNMENTS
    list_display = ("in_words", "state", "how_far", "actor", "created_at", "settled_at", "last_error")
    list_filter = ("status", "kind")
    search_fields = ("package__name", "system__name", "role__resource__name")
    fields = (
        ("in_words", "status"),
        ("package_page", "system_page", "role"),
        "bar",
        ("actor", "why"),
        ("attempts", "due_at", "created_at", "settled_at"),
        "last_error",
        "correlation_id",
    )
    readonly_fields = ("in_words", "package_page", "system_page", "bar")
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen",)
    actions_detail = ("retry",)

    def has_right(self, request: HttpRequest, right: Right, row: Any = None) -> bool:
        """A rollout of a system belongs to no catalog: administrators only."""
        if row is not None and row.package is None:
            return super().has_right(request, right, None) and is_administrator(user_of(request))
        return super().has_right(request, right, row)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rollout]:
        return super().get_queryset(request).with_names()

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What is stuck is little, and comes first; then the newest."""
        return (Case(When(status=WorkStatus.STUCK, then=Value(0)), default=Value(1)), "-id")

    @display(description=_("what is done"))
    def in_words(self, rollout: Rollout) -> str:
        return rollout.in_words

    @display(description=_("access package"))
    def package_page(self, rollout: Rollout) -> str:
        return link_to(rollout.package)

    @display(description=_("target system"))
    def system_page(self, rollout: Rollout) -> str:
        return link_to(rollout.system)

    @display(description=_("done"))
    def how_far(self, rollout: Rollout) -> str:
        return rollout.how_far

    @display(description=_("done"))
    def bar(self, rollout: Rollout) -> str:
        return bar_of(rollout)

    @display(description=_("state"), label=LABELS)
    def state(self, rollout: Rollout) -> tuple[str, str]:
        return rollout.status, rollout.get_status_display()

    @admin.action(description=_("Have go on what is stuck"))
    def retry_chosen(self, request: HttpRequest, rollouts: QuerySet[Rollout]) -> None:
        count = actions.retry_rollouts(rollouts=list(rollouts), **by(request))
        said = ngettext("%(count)d rollout goes on.", "%(count)d rollouts go on.", count)
        messages.info(request, said % {"count": count})

    @action(
        description=_("Go on"),
        permissions=("retry",),
        dialog={
            "title": _("Have it go on?"),
            "description": _("It goes on behind the last batch that was done, with its attempts counted anew."),
            "form_submit_text": _("Go on"),
        },
    )
    def retry(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.retry_chosen(request, Rollout.objects.filter(pk=object_id))
        return after_dialog(page_of(Rollout, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        rollout = Rollout.objects.stuck().with_names().filter(pk=object_id).first()
        return rollout is not None and can_retry_rollout(user_of(request), rollout)


def bar_of(rollout: Rollout) -> SafeString:
    """How far it is, as a bar and in numbers."""
    most, done = max(rollout.total, 1), min(rollout.done, rollout.total)
    return format_html(
        '<progress value="{}" max="{}" aria-label="{}"></progress> {}', done, most, rollout.in_words, rollout.how_far
    )


def bars(rollouts: Iterable[Rollout]) -> SafeString:
    """Each with its bar, and what stopped it where it is stuck."""
    rows = [
        (
            page_of(Rollout, one.pk),
            one.in_words,
            bar_of(one),
            _("Stuck: %(error)s") % {"error": one.last_error} if one.is_stuck else "",
        )
        for one in rollouts
    ]
    return format_html_join("", '<div><a href="{}" class="underline">{}</a> {} {}</div>', rows)
