"""The administration's page of a policy, with the review of the access that it gives."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accessgov.administration import StackedRows, by, changed_forms, page_of
from catalog.admin.delegated import DelegatedInline
from catalog.admin.policies import PolicyAdmin
from catalog.models import Policy

from .. import wording
from ..actions import defining
from ..choices import ReviewScope
from ..definition_forms import ReviewOnPolicyForm
from ..models import Review

admin.site.unregister(Policy)


class PolicyReviewInline(DelegatedInline, StackedRows):
    """How often the access that the policy gives is reviewed, and by whom."""

    to_catalog = "package__catalog"
    model = Review
    fk_name = "policy"
    form = ReviewOnPolicyForm
    fields = (
        "in_words",
        ("frequency", "starts_on", "is_enabled"),
        ("reviewers", "open_for", "if_no_response"),
        ("people", "groups"),
    )
    readonly_fields = ("in_words",)
    max_num = 1
    verbose_name = _("access review")
    verbose_name_plural = _("access review: whether whoever has it still needs it")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).with_names().with_stages()

    @display(description=_("what it means"))
    def in_words(self, review: Review) -> str:
        if review._state.adding:
            return str(_("Said here once it is saved."))
        page, more = page_of(Review, review.pk), _("stages, end and everything else")
        return format_html('{} · <a href="{}" class="underline">{}</a>', wording.sentence(review), page, more)


@admin.register(Policy)
class ReviewedPolicyAdmin(PolicyAdmin):
    """Policies with their review, which is saved after everything else."""

    inlines: Any = (*PolicyAdmin.inlines, PolicyReviewInline)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        *own, reviews = formsets
        super().apply(request, form, own)
        for ended in reviews.deleted_objects:
            defining.delete_review(review=ended, **by(request))
        for changed in changed_forms(reviews):
            review: Any = changed.instance
            review.scope, review.policy = ReviewScope.POLICY, form.instance
            review.name = review.name or _name_of(form.instance)
            defining.save_review(review=review, stages=changed.stages(), **by(request))


def _name_of(policy: Policy) -> str:
    """Shortened, so that both fit into a review's name."""
    return f"{str(policy.package)[:60]}: {str(policy)[:50]}"
