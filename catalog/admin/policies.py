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

from accessgov.administration import ConfigurationAdmin, StackedRows, by, link_to

from .. import actions
from ..forms import QuestionForm, StageForm
from ..models import ApprovalStage, Policy, Question
from ..wording import policy_in_words

EXTENSION = ("is_extension_allowed", "does_extension_need_approval")


class StageInline(StackedRows):
    """Who decides, stage by stage."""

    model = ApprovalStage
    form = StageForm
    fields = (
        ("position", "approvals_required", "time_limit_days", "requires_justification"),
        ("manager", "people", "groups"),
        ("fallback_manager", "fallback_people", "fallback_groups"),
        ("alternate_manager", "alternate_people", "alternate_groups"),
        ("alternates_after_days",),
    )
    max_num = actions.MOST_STAGES
    verbose_name_plural = _("approval: without a stage, every request is approved by itself")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalStage]:
        return super().get_queryset(request).prefetch_related("approvers")


class QuestionInline(StackedRows):
    """What whoever asks has to answer."""

    model = Question
    form = QuestionForm
    fields = (("position", "kind", "is_required"), ("text", "choices"))


@admin.register(Policy)
class PolicyAdmin(ConfigurationAdmin):
    """Policies, reached from their package."""

    list_display = ("name", "package", "in_words", "is_enabled", "version")
    list_filter = (("package", AutocompleteSelectFilter), "scope", "is_enabled", "duration_kind")
    list_filter_submit = True
    search_fields = ("name", "package__name")
    autocomplete_fields = ("package", "people", "groups")
    readonly_fields = ("in_words", "version", "its_package")
    inlines = (StageInline, QuestionInline)

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        package = "its_package" if obj else "package"
        return (
            (None, {"fields": ("in_words", package, ("name", "is_enabled", "version"), "description")}),
            (_("Who may ask"), {"fields": ("scope", ("people", "groups"), "requires_justification")}),
            (_("How long it lasts"), {"fields": (("duration_kind", "duration_amount"), "ends_at", EXTENSION)}),
        )

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        stages, questions = formsets
        actions.save_policy(
            policy=form.instance,
            people=form.cleaned_data.get("people"),
            groups=form.cleaned_data.get("groups"),
            stages=[kept.stage() for kept in _in_order(stages)] if stages.has_changed() else None,
            questions=[kept.instance for kept in _in_order(questions)] if questions.has_changed() else None,
            **by(request),
        )

    def erase(self, request: HttpRequest, row: Policy) -> None:
        actions.delete_policy(policy=row, **by(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        return super().get_queryset(request).complete().prefetch_related("people", "groups")

    @display(description=_("what it means"))
    def in_words(self, policy: Policy) -> str:
        return str(_("Said here once it is saved.")) if policy._state.adding else policy_in_words(policy)

    @display(description=_("access package"))
    def its_package(self, policy: Policy) -> str:
        return link_to(policy.package)


def _in_order(formset: BaseInlineFormSet) -> list[Any]:
    """The forms of rows that are to be there, by the position that was typed."""
    kept = [form for form in formset.forms if form.cleaned_data and form not in formset.deleted_forms]
    return sorted(kept, key=lambda form: form.cleaned_data["position"])
