"""A policy's own page: its stages with their approvers, and its questions."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accessgov.administration import ConfigurationAdmin, StackedRows, by, kept_forms, link_to

from .. import actions, reach
from ..models import ApprovalStage, Policy, Question
from ..question_forms import QuestionForm
from ..stage_forms import StageForm
from ..wording import policy_in_words, prefetched
from . import looking
from .custom_extensions import CalloutInline
from .delegated import DelegatedInline, DelegatedRows

ASKING = ("is_on_behalf_allowed", "requires_justification")
CALLOUTS = ("callouts__extension", "stages__approvers__extension")
EXTENSION = ("is_extension_allowed", "does_extension_need_approval")


class StageInline(DelegatedInline, StackedRows):
    """Who decides, stage by stage."""

    to_catalog = "package__catalog"
    model = ApprovalStage
    form = StageForm
    fields = (
        ("position", "approvals_required", "time_limit", "requires_justification"),
        ("places", "people", "groups"),
        ("fallback_places", "fallback_people", "fallback_groups"),
        ("alternate_places", "alternate_people", "alternate_groups"),
        ("alternates_after", "extension"),
        ("audience", "least_risk", "is_for_privileged"),
    )
    max_num = actions.MOST_STAGES
    verbose_name_plural = _("approval: without a stage, every request is approved by itself")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalStage]:
        return super().get_queryset(request).prefetch_related("approvers__extension")


class QuestionInline(DelegatedInline, StackedRows):
    """What whoever asks has to answer."""

    to_catalog = "package__catalog"
    model = Question
    form = QuestionForm
    fields = (
        ("position", "kind", "is_required"),
        ("text", "choices"),
        ("pattern", "pattern_hint", "example", "max_length"),
        ("attribute", "is_editable", "translations"),
    )


@admin.register(Policy)
class PolicyAdmin(DelegatedRows, ConfigurationAdmin):
    """Policies, reached from their package."""

    to_catalog = "package__catalog"
    list_display = ("name", "package", "in_words", "is_enabled", "version")
    list_filter = (("package", AutocompleteSelectFilter), "scope", "is_enabled", "duration_kind")
    list_filter_submit = True
    search_fields = ("name", "package__name")
    autocomplete_fields = ("package", "people", "groups", "organisations")
    readonly_fields = ("in_words", "to_look_at", "whom_it_reaches", "version", "its_package")
    inlines = (StageInline, QuestionInline, CalloutInline)

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        package, seen = ("its_package", ("whom_it_reaches", "to_look_at")) if obj else ("package", ())
        return (
            (None, {"fields": ("in_words", *seen, package, ("name", "is_enabled", "version"), "description")}),
            (_("Who may ask"), {"fields": ("scope", ("people", "groups"), "organisations", ASKING)}),
            (
                _("How long it lasts"),
                {
                    "fields": (
                        ("duration_kind", "duration_amount"),
                        "ends_at",
                        "is_period_chosen",
                        EXTENSION,
                        "is_silent",
                    )
                },
            ),
        )

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        stages, questions, callouts = formsets
        actions.save_policy(
            policy=form.instance,
            people=form.cleaned_data.get("people"),
            groups=form.cleaned_data.get("groups"),
            organisations=form.cleaned_data.get("organisations"),
            stages=[kept.stage() for kept in _in_order(stages)] if stages.has_changed() else None,
            questions=[kept.instance for kept in _in_order(questions)] if questions.has_changed() else None,
            callouts=[kept.instance for kept in kept_forms(callouts)] if callouts.has_changed() else None,
            **by(request),
        )
        looking.warn(request, looking.of_policy(form.instance))

    def erase(self, request: HttpRequest, row: Policy) -> None:
        actions.delete_policy(policy=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        read = ("people", "groups", "organisations", *CALLOUTS, *prefetched())
        return super().get_queryset(request).complete().prefetch_related(*read)

    @display(description=_("what it means"))
    def in_words(self, policy: Policy) -> str:
        return str(_("Said here once it is saved.")) if policy._state.adding else policy_in_words(policy)

    @display(description=_("whom it reaches"))
    def whom_it_reaches(self, policy: Policy) -> str:
        return reach.in_words(reach.reach_of(policy))

    @display(description=_("to look at"))
    def to_look_at(self, policy: Policy) -> str:
        return looking.in_words(looking.of_policy(policy))

    @display(description=_("access package"))
    def its_package(self, policy: Policy) -> str:
        return link_to(policy.package)


def _in_order(formset: BaseInlineFormSet) -> list[Any]:
    """The forms of rows that are to be there, by the position that was typed."""
    return sorted(kept_forms(formset), key=lambda form: form.cleaned_data["position"])
