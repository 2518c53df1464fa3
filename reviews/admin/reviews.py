"""A review's own page: what, when, who and what comes of it, said in a sentence, with whom it reaches."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accessgov.administration import (
    ConfigurationAdmin,
    StackedRows,
    after_dialog,
    by,
    count_of,
    kept_forms,
    link_to,
    list_link,
    page_of,
    user_of,
)

from .. import reach, wording
from ..actions import defining, starting
from ..choices import Trigger
from ..definition_forms import ReviewForm, ReviewStageForm
from ..lifecycle import IllegalMove
from ..models import Campaign, Review, ReviewStage
from ..models.reviews import MOST_STAGES, NAMED_BY
from ..permissions import can_define
from .delegated import ReviewedRows

BY_CALENDAR = "trigger == 'schedule'"
AGAIN = f"{BY_CALENDAR} && frequency != 'once'"
NAMED = tuple(NAMED_BY.values())


class ReviewStageInline(ReviewedRows, StackedRows):
    """Who reviews, stage by stage."""

    model = ReviewStage
    form = ReviewStageForm
    fields = (
        ("position", "reviewers", "duration"),
        ("people", "groups"),
        ("fallback_people", "fallback_groups"),
        ("takes_approved", "takes_denied"),
        ("takes_unknown", "takes_unreviewed"),
        "shows_earlier",
    )
    min_num, max_num = 1, MOST_STAGES
    verbose_name_plural = _("3. Who reviews: up to three stages, one after the other")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewStage]:
        names = ("people", "groups", "fallback_people", "fallback_groups")
        return super().get_queryset(request).prefetch_related(*names)


@admin.register(Review)
class ReviewAdmin(ReviewedRows, ConfigurationAdmin):
    """Reviews; whatever is changed holds for campaigns to come."""

    form = ReviewForm
    list_display = ("name", "in_words", "next_start", "campaigns_of_it", "is_enabled")
    list_filter = ("scope", "trigger", "frequency", "is_enabled", "if_no_response")
    list_filter_submit = True
    search_fields = ("name", "description", "policy__name", "package__name", "policy__package__name", "catalog__name")
    autocomplete_fields = (*NAMED, "told_at_end")
    readonly_fields = ("in_words", "to_know", "whom_it_reaches", "next_starts", "campaigns_so_far")
    inlines = (ReviewStageInline,)
    actions_detail = ("start_now",)
    conditional_fields = {
        **{field: f"scope == '{scope}'" for scope, field in NAMED_BY.items()},
        "includes_adopted": "scope != 'policy' && scope != 'package'",
        "dormant_days": "trigger == 'dormant'",
        "frequency": BY_CALENDAR,
        "starts_on": BY_CALENDAR,
        "start_time": BY_CALENDAR,
        "interval": AGAIN,
        "ends_on": AGAIN,
        "occurrences": AGAIN,
        "denied_guests": "is_for_guests",
        "recommends_after": "shows_recommendations",
    }

    def get_fieldsets(self, request: HttpRequest, obj: Review | None = None) -> Any:
        seen = ("to_know", "whom_it_reaches", "next_starts", "campaigns_so_far") if obj else ()
        return (
            (None, {"fields": ("in_words", *seen, ("name", "is_enabled"), "description")}),
            (
                _("1. What is reviewed"),
                {
                    "fields": (
                        "scope",
                        *NAMED,
                        ("is_for_guests", "is_for_privileged", "includes_adopted"),
                        "inactive_days",
                    )
                },
            ),
            (
                _("2. When"),
                {
                    "fields": (
                        ("trigger", "dormant_days"),
                        ("frequency", "interval"),
                        ("starts_on", "start_time"),
                        ("ends_on", "occurrences"),
                    )
                },
            ),
            (
                _("4. What comes of it"),
                {
                    "classes": ("after-stages",),
                    "fields": (
                        ("if_no_response", "applies"),
                        "denied_guests",
                        ("reason_needed", "note"),
                        ("shows_recommendations", "recommends_after"),
                        ("sends_mails", "reminds"),
                        "told_at_end",
                    ),
                },
            ),
        )

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        stages = formsets[0]
        is_new = form.instance._state.adding
        review = defining.save_review(
            review=form.instance,
            stages=[kept.stage() for kept in _in_order(stages)] if is_new or stages.has_changed() else None,
            told_at_end=form.cleaned_data.get("told_at_end"),
            **by(request),
        )
        for warning in wording.warnings(review):
            messages.warning(request, warning)

    def erase(self, request: HttpRequest, row: Review) -> None:
        defining.delete_review(review=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        rows = Review.objects.visible_to(user_of(request)).with_names().with_stages()
        return rows.annotate(campaign_count=count_of(Campaign, by="review"))

    @display(description=_("what it means"))
    def in_words(self, review: Review) -> str:
        return str(_("Said here once it is saved.")) if review._state.adding else wording.sentence(review)

    @display(description=_("to look at"))
    def to_know(self, review: Review) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", ((said,) for said in wording.warnings(review))) or str(_("nothing"))

    @display(description=_("if it started now"))
    def whom_it_reaches(self, review: Review) -> str:
        return reach.in_words(reach.reach_of(review, now=timezone.now()))

    @display(description=_("next start"))
    def next_start(self, review: Review) -> str:
        if review.trigger != Trigger.SCHEDULE:
            return capfirst(review.get_trigger_display())
        now = timezone.now()
        if waiting := wording.waiting_in_words(review, now=now):
            return waiting
        starts = wording.next_starts(review, now=now, most=1)
        return wording.moment_in_words(starts[0]) if starts else "—"

    @display(description=_("next starts"))
    def next_starts(self, review: Review) -> SafeString | str:
        if review.trigger != Trigger.SCHEDULE:
            return capfirst(wording.when_in_words(review))
        now = timezone.now()
        starts = [wording.moment_in_words(moment) for moment in wording.next_starts(review, now=now)]
        said = [wording.waiting_in_words(review, now=now), *starts]
        rows = ((one,) for one in said if one)
        return format_html_join("", "<p>{}</p>", rows) or str(_("It does not start again."))

    @display(description=_("campaigns"))
    def campaigns_of_it(self, review: Any) -> SafeString | str:
        count = review.campaign_count
        said = ngettext("%(count)d campaign", "%(count)d campaigns", count) % {"count": count}
        return list_link(Campaign, said, review__id__exact=review.pk) if count else str(_("none yet"))

    @display(description=_("campaigns so far"))
    def campaigns_so_far(self, review: Review) -> SafeString | str:
        rows = review.campaigns.order_by("-created_at", "-pk")[: wording.MOST_STARTS]
        told = ((link_to(campaign), campaign.get_status_display()) for campaign in rows)
        return format_html_join("", "<p>{} ({})</p>", told) or str(_("none yet"))

    @action(
        description=_("Start now"),
        permissions=("start",),
        url_path="start-now",
        dialog={
            "title": _("Start a campaign now?"),
            "description": _("It starts beside those of the calendar, with what the review says at this moment."),
            "form_submit_text": _("Start"),
        },
    )
    def start_now(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        review = Review.objects.get(pk=object_id)
        try:
            campaign = starting.start_review(review=review, **by(request))
        except (IllegalMove, PermissionDenied, ValidationError) as refusal:
            messages.error(request, " ".join(getattr(refusal, "messages", [str(refusal)])))
            return after_dialog(page_of(Review, object_id))
        messages.success(request, _("It is being started: its population is frozen, then reviewers are asked."))
        return after_dialog(page_of(Campaign, campaign.pk))

    def has_start_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        found = Review.objects.filter(pk=object_id, trigger=Trigger.SCHEDULE).with_names().first()
        return found is not None and can_define(user_of(request), found)


def _in_order(formset: BaseInlineFormSet) -> list[Any]:
    """The forms of stages that are to be there, by the position that was typed."""
    return sorted(kept_forms(formset), key=lambda form: form.cleaned_data["position"])
