"""Exceptions to separation of duties and emergencies in the administration site: to read; decided on their pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accessgov.administration import ReadingAdmin, link_to
from audit.admin import NewestPaginator
from catalog.admin.delegated import DelegatedReading
from catalog.roles import Right

from .lifecycle import EmergencyStatus, ExceptionStatus
from .models import EmergencyReview, SeparationException

EXCEPTION_LABELS = {
    ExceptionStatus.PENDING: "info",
    ExceptionStatus.APPROVED: "warning",
    ExceptionStatus.DENIED: "danger",
}
EMERGENCY_LABELS = {
    EmergencyStatus.OPEN: "warning",
    EmergencyStatus.JUSTIFIED: "success",
    EmergencyStatus.NOT_JUSTIFIED: "danger",
}


@admin.register(SeparationException)
class SeparationExceptionAdmin(DelegatedReading, ReadingAdmin):
    """Who may hold together what is kept apart, and until when."""

    to_catalog, reading = "package__catalog", Right.ASSIGNMENTS
    list_display = ("person", "package", "beside", "state", "ends_at", "asked_by", "decided_by", "page")
    list_select_related = ("person", "package", "other_package", "group", "asked_by", "decided_by")
    list_filter = ("status",)
    search_fields = ("person__display_name", "person__username", "package__name", "other_package__name", "group__name")
    fields = (
        ("person", "status", "page"),
        ("package", "beside"),
        "reason",
        "control",
        ("asked_by", "asked_at", "decide_by"),
        ("decided_by", "decided_at"),
        "decision",
        ("ends_at", "ended_at"),
    )
    readonly_fields = ("beside", "page")
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator

    @display(description=_("together with"))
    def beside(self, exception: SeparationException) -> str:
        return str(exception.other)

    @display(description=_("state"), label=EXCEPTION_LABELS)
    def state(self, exception: SeparationException) -> tuple[str, str]:
        return exception.status, exception.get_status_display()

    @display(description=_("its page"))
    def page(self, exception: SeparationException) -> str:
        return _link("requests:exception", exception.pk)


@admin.register(EmergencyReview)
class EmergencyReviewAdmin(DelegatedReading, ReadingAdmin):
    """Access that was taken in an emergency, and what its review found."""

    to_catalog, reading = "access_request__package__catalog", Right.ASSIGNMENTS
    list_display = ("request_page", "person", "state", "uses", "taken_at", "due_at", "decided_by", "page")
    list_select_related = ("access_request__person", "access_request__package", "decided_by")
    list_filter = ("status",)
    search_fields = ("access_request__person__display_name", "access_request__package__name")
    fields = (
        ("request_page", "person", "status", "page"),
        "conflicts",
        ("taken_at", "uses", "due_at"),
        ("decided_by", "decided_at"),
        "findings",
    )
    readonly_fields = ("request_page", "person", "page")
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmergencyReview]:
        return super().get_queryset(request).select_related("access_request__person", "access_request__package")

    @display(description=_("request"))
    def request_page(self, review: EmergencyReview) -> str:
        return link_to(review.access_request)

    @display(description=_("person"))
    def person(self, review: EmergencyReview) -> str:
        return str(review.access_request.person)

    @display(description=_("state"), label=EMERGENCY_LABELS)
    def state(self, review: EmergencyReview) -> tuple[str, str]:
        return review.status, review.get_status_display()

    @display(description=_("its page"))
    def page(self, review: EmergencyReview) -> str:
        return _link("requests:emergency_review", review.pk)


def _link(name: str, pk: Any) -> str:
    return format_html('<a href="{}" class="underline">{}</a>', reverse(name, args=[pk]), _("open"))
