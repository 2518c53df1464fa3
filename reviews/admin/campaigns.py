"""Campaigns, to read, and the work on them: the stuck first, which can be put back to work."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import ReadingAdmin, after_dialog, by, link_to, page_of, user_of
from accessgov.outbox import WorkStatus
from audit.admin import NewestPaginator

from ..actions import steering
from ..lifecycle import CampaignStatus
from ..models import Campaign, CampaignWork
from ..permissions import can_steer
from .delegated import ReviewedReading

STATES = {
    CampaignStatus.STARTING: "info",
    CampaignStatus.IN_PROGRESS: "info",
    CampaignStatus.COMPLETING: "info",
    CampaignStatus.DECIDED: "warning",
    CampaignStatus.APPLYING: "warning",
    CampaignStatus.COMPLETED: "success",
    CampaignStatus.CANCELED: "danger",
}
WORK_STATES = {WorkStatus.PENDING: "info", WorkStatus.DONE: "success", WorkStatus.STUCK: "danger"}


@admin.register(Campaign)
class CampaignAdmin(ReviewedReading, ReadingAdmin):
    """Campaigns, the newest first; what can be done with one is done on its own page."""

    list_display = ("name", "state", "total", "starts_at", "ends_at", "completed_at", "page")
    list_filter = (("review", AutocompleteSelectFilter), "status")
    list_filter_submit = True
    search_fields = ("name", "review__name", "person__display_name", "person__username")
    fields = (
        ("name", "status", "page"),
        ("review_page", "person", "started_by"),
        ("stage", "total"),
        ("created_at", "starts_at", "ends_at"),
        ("closed_at", "completed_at"),
        "digest",
    )
    readonly_fields = ("review_page", "page")
    sortable_by = ()
    paginator = NewestPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        rows = Campaign.objects.visible_to(user_of(request))
        return rows.select_related("review", "person", "started_by").order_by("-created_at", "-pk")

    @display(description=_("review"))
    def review_page(self, campaign: Campaign) -> str:
        return link_to(campaign.review)

    @display(description=_("its page"))
    def page(self, campaign: Campaign) -> str:
        address = reverse("reviews:results", args=[campaign.pk])
        return format_html('<a href="{}" class="underline">{}</a>', address, _("Progress and results"))

    @display(description=_("state"), label=STATES)
    def state(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.status, campaign.get_status_display()


@admin.register(CampaignWork)
class CampaignWorkAdmin(ReviewedReading, ReadingAdmin):
    """Launches, next stages, closes and applications of results: how far they are, and what holds them up."""

    list_display = ("campaign_page", "kind", "state", "done", "attempts", "due_at", "created_at", "last_error")
    list_filter = ("status", "kind")
    search_fields = ("campaign__name",)
    fields = (
        ("campaign_page", "kind", "status"),
        ("done", "attempts"),
        ("due_at", "created_at", "settled_at"),
        "last_error",
        "idempotency_key",
    )
    readonly_fields = ("campaign_page",)
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("retry_chosen",)
    actions_detail = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CampaignWork]:
        theirs = Campaign.objects.visible_to(user_of(request)).order_by().values("pk")
        return super().get_queryset(request).select_related("campaign__review").filter(campaign__in=theirs)

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What is stuck is little, and comes first; then the newest."""
        return (Case(When(status=WorkStatus.STUCK, then=Value(0)), default=Value(1)), "-id")

    @display(description=_("campaign"))
    def campaign_page(self, work: CampaignWork) -> str:
        return link_to(work.campaign)

    @display(description=_("state"), label=WORK_STATES)
    def state(self, work: CampaignWork) -> tuple[str, str]:
        return work.status, work.get_status_display()

    @admin.action(description=_("Have go on what is stuck"))
    def retry_chosen(self, request: HttpRequest, rows: QuerySet[CampaignWork]) -> None:
        stuck = {work.campaign for work in rows.filter(status=WorkStatus.STUCK).select_related("campaign__review")}
        for campaign in stuck:
            steering.restart(campaign=campaign, **by(request))
        said = ngettext("%(count)d campaign goes on.", "%(count)d campaigns go on.", len(stuck))
        messages.info(request, said % {"count": len(stuck)})

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
        self.retry_chosen(request, CampaignWork.objects.filter(pk=object_id))
        return after_dialog(page_of(CampaignWork, object_id))

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        stuck = CampaignWork.objects.filter(pk=object_id, status=WorkStatus.STUCK)
        work = stuck.select_related("campaign__review").first()
        return work is not None and can_steer(user_of(request), work.campaign)
