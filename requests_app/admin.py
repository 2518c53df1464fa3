"""Requests, approvals and assignments in the administration site: read, and revoked by the action."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accessgov.administration import ReadingAdmin, TabularRows, after_dialog, by, link_to, page_of, user_of
from audit.admin import NewestPaginator
from catalog.admin.delegated import DelegatedReading
from catalog.roles import Right
from provisioning.models import GrantReason

from . import actions
from .admin_callouts import CalloutAdmin  # noqa: F401 - registers itself, as all here do
from .admin_connectors import RepeatingConnectorAdmin  # noqa: F401
from .admin_delegations import DelegationAdmin  # noqa: F401
from .admin_exceptional import EmergencyReviewAdmin, SeparationExceptionAdmin  # noqa: F401
from .admin_packages import HeldPackageAdmin  # noqa: F401
from .admin_rollouts import RolloutAdmin  # noqa: F401
from .lifecycle import LIVE, REPROCESSABLE, ApprovalStatus, AssignmentStatus, IllegalMove, RequestStatus
from .models import AccessRequest, Answer, Approval, Assignment
from .permissions import can_reprocess, can_revoke

REQUEST_LABELS = {
    RequestStatus.PENDING_APPROVAL: "info",
    RequestStatus.SCHEDULED: "info",
    RequestStatus.DELIVERING: "info",
    RequestStatus.DELIVERED: "success",
    RequestStatus.PARTIALLY_DELIVERED: "warning",
    RequestStatus.DELIVERY_FAILED: "danger",
    RequestStatus.DENIED: "danger",
}
APPROVAL_LABELS = {
    ApprovalStatus.IN_PROGRESS: "info",
    ApprovalStatus.APPROVED: "success",
    ApprovalStatus.DENIED: "danger",
}
ASSIGNMENT_LABELS = {
    AssignmentStatus.DELIVERING: "info",
    AssignmentStatus.DELIVERED: "success",
    AssignmentStatus.PARTIALLY_DELIVERED: "warning",
    AssignmentStatus.DELIVERY_FAILED: "danger",
    AssignmentStatus.REMOVAL_PENDING: "warning",
}


class ReadingInline(TabularRows):
    """Rows of a row that is only read."""

    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AnswerInline(ReadingInline):
    """What was answered."""

    model = Answer
    fields = readonly_fields = ("question", "in_words", "attribute")

    @display(description=_("answer"))
    def in_words(self, answer: Answer) -> str:
        return answer.in_words


class ApprovalInline(ReadingInline):
    """The stages, with who was asked and what they decided."""

    model = Approval
    fields = readonly_fields = ("position", "state", "asked_via", "decisions", "due_at", "decided_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return super().get_queryset(request).with_assignees()

    @display(description=_("state"), label=APPROVAL_LABELS)
    def state(self, approval: Approval) -> str:
        return approval.get_status_display()

    @display(description=_("who was asked"))
    def decisions(self, approval: Approval) -> str:
        return decisions_of(approval)


def decisions_of(approval: Approval) -> str:
    """Everybody who was asked, with what they decided and why."""
    said = {None: _("asked"), True: _("approved"), False: _("denied")}
    rows = [
        (
            one.asked if one.is_approved is None else one.decider,
            said[one.is_approved],
            _("as alternate") if one.is_alternate else "",
            one.justification,
        )
        for one in approval.assignees.all()
    ]
    return format_html_join("; ", "{}: {} {} {}", rows)


@admin.register(AccessRequest)
class AccessRequestAdmin(DelegatedReading, ReadingAdmin):
    """Who asked for what, and what became of it."""

    to_catalog, reading = "package__catalog", Right.ASSIGNMENTS
    list_display = ("person", "package", "kind", "state", "requested_by", "submitted_at", "completed_at")
    list_select_related = ("person", "package", "requested_by")
    list_filter = ("status", "kind", ("person", AutocompleteSelectFilter), ("package", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("person__display_name", "person__username", "package__name")
    fields = (
        ("person_page", "package_page", "status"),
        ("kind", "requested_by"),
        "justification",
        ("policy_page", "policy_version"),
        ("duration", "fixed_end"),
        ("wanted_start", "wanted_end"),
        ("submitted_at", "completed_at"),
        "assignment_page",
    )
    readonly_fields = ("person_page", "package_page", "policy_page", "assignment_page")
    inlines = (ApprovalInline, AnswerInline)
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator

    @display(description=_("person"))
    def person_page(self, access_request: AccessRequest) -> str:
        return link_to(access_request.person)

    @display(description=_("access package"))
    def package_page(self, access_request: AccessRequest) -> str:
        return link_to(access_request.package)

    @display(description=_("policy"))
    def policy_page(self, access_request: AccessRequest) -> str:
        return link_to(access_request.policy)

    @display(description=_("assignment"))
    def assignment_page(self, access_request: AccessRequest) -> str:
        return link_to(access_request.assignment)

    @display(description=_("state"), label=REQUEST_LABELS)
    def state(self, access_request: AccessRequest) -> tuple[str, str]:
        return access_request.status, access_request.get_status_display()


@admin.register(Approval)
class ApprovalAdmin(DelegatedReading, ReadingAdmin):
    """Stages of approval: what is open, with whom, and until when."""

    to_catalog, reading = "access_request__package__catalog", Right.ASSIGNMENTS
    list_display = ("request_page", "person", "position", "state", "asked", "due_at", "decided_at")
    list_select_related = ("access_request__person", "access_request__package")
    list_filter = ("status",)
    search_fields = ("access_request__person__display_name", "access_request__package__name")
    fields = ("request_page", "person", ("position", "status"), "asked_via", "asked", ("due_at", "decided_at"))
    readonly_fields = ("request_page", "person", "asked")
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        return super().get_queryset(request).with_assignees()

    @display(description=_("request"))
    def request_page(self, approval: Approval) -> str:
        return link_to(approval.access_request)

    @display(description=_("person"))
    def person(self, approval: Approval) -> str:
        return str(approval.access_request.person)

    @display(description=_("state"), label=APPROVAL_LABELS)
    def state(self, approval: Approval) -> tuple[str, str]:
        return approval.status, approval.get_status_display()

    @display(description=_("who was asked"))
    def asked(self, approval: Approval) -> str:
        return decisions_of(approval)


class RevokeForm(BaseDialogForm):
    """Why access is taken away."""

    why = forms.CharField(label=_("Why?"), max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


@admin.register(Assignment)
class AssignmentAdmin(DelegatedReading, ReadingAdmin):
    """Who has what until when; *revoke* ends it as the portal does."""

    to_catalog, reading = "package__catalog", Right.ASSIGNMENTS
    list_display = ("person", "package", "state", "policy", "starts_at", "ends_at", "ended_at")
    list_select_related = ("person", "package", "policy")
    list_filter = ("status", ("person", AutocompleteSelectFilter), ("package", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("person__display_name", "person__username", "package__name")
    fields = (
        ("person_page", "package_page", "status"),
        ("starts_at", "delivered_at", "ends_at", "ended_at"),
        "policy_page",
        "grants",
        "requests",
    )
    readonly_fields = ("person_page", "package_page", "policy_page", "grants", "requests")
    ordering = ("-id",)
    sortable_by = ()
    paginator = NewestPaginator
    actions = ("reprocess_many",)
    actions_detail = ("reprocess", "revoke")

    @display(description=_("person"))
    def person_page(self, assignment: Assignment) -> str:
        return link_to(assignment.person)

    @display(description=_("access package"))
    def package_page(self, assignment: Assignment) -> str:
        return link_to(assignment.package)

    @display(description=_("policy"))
    def policy_page(self, assignment: Assignment) -> str:
        return link_to(assignment.policy)

    @display(description=_("state"), label=ASSIGNMENT_LABELS)
    def state(self, assignment: Assignment) -> tuple[str, str]:
        return assignment.status, assignment.get_status_display()

    @display(description=_("gives"))
    def grants(self, assignment: Assignment) -> str:
        reasons = GrantReason.objects.of([assignment.pk])
        rows = [(link_to(one.grant), one.grant.get_status_display()) for one in reasons]
        return format_html_join("; ", "{} ({})", rows)

    @display(description=_("requests"))
    def requests(self, assignment: Assignment) -> str:
        rows = [(link_to(one), one.get_kind_display()) for one in assignment.access_requests.all()]
        return format_html_join("; ", "{} ({})", rows)

    @action(
        description=_("Revoke"),
        permissions=("revoke",),
        dialog={
            "title": _("Take this access away?"),
            "description": _("What only this assignment gives is removed from the target systems at once."),
            "form_class": RevokeForm,
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: RevokeForm, object_id: str) -> HttpResponse:
        assignment = Assignment.objects.select_related("person", "package").get(pk=object_id)
        try:
            actions.revoke(assignment=assignment, why=form.cleaned_data["why"], **by(request))
        except IllegalMove as refusal:
            messages.error(request, str(refusal))
        else:
            said = _("%(person)s's %(package)s is being taken away.")
            messages.success(request, said % {"person": assignment.person, "package": assignment.package})
        return after_dialog(page_of(Assignment, object_id))

    @action(
        description=_("Deliver again"),
        permissions=("reprocess",),
        dialog={
            "title": _("Deliver this access again?"),
            "description": _("What failed is tried again at once; what is there is put in place again and read back."),
            "form_submit_text": _("Deliver again"),
        },
    )
    def reprocess(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        self.reprocess_many(request, Assignment.objects.filter(pk=object_id))
        return after_dialog(page_of(Assignment, object_id))

    @admin.action(description=_("Deliver again: tried at once, put in place again, read back"))
    def reprocess_many(self, request: HttpRequest, assignments: QuerySet[Assignment]) -> None:
        done = 0
        for assignment in assignments.select_related("person", "package__catalog"):
            try:
                actions.reprocess(assignment=assignment, **by(request))
                done += 1
            except (IllegalMove, PermissionDenied) as refusal:
                messages.error(request, f"{assignment.person}, {assignment}: {refusal}")
        if done:
            said = ngettext("%(count)d is being delivered again.", "%(count)d are being delivered again.", done)
            messages.success(request, said % {"count": done})

    def has_reprocess_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        rows = Assignment.objects.filter(status__in=REPROCESSABLE).select_related("package__catalog")
        assignment = rows.filter(pk=object_id).first()
        return assignment is not None and can_reprocess(user_of(request), assignment)

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        rows = Assignment.objects.filter(status__in=LIVE).select_related("package__catalog")
        assignment = rows.filter(pk=object_id).first()
        return assignment is not None and can_revoke(user_of(request), assignment)
