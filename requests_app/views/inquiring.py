"""Asking the requester for information, and answering."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import actions
from ..forms import AnswerForm, InquiryForm
from ..lifecycle import ApprovalStatus
from ..models import AccessRequest, Approval, Inquiry
from ..permissions import can_answer
from .base import SignedInRequest, SignedInView, add_errors


class AskForInformationView(SignedInView):
    """What an approver wants to know before they decide; the clock of the stage stands still until it is answered."""

    stands_at = "requests:approval"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval = self._find(pk)
        if approval.status != ApprovalStatus.IN_PROGRESS or approval.paused_at:
            return redirect("requests:approval", pk)
        return self._page(approval, form=InquiryForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval, form = self._find(pk), InquiryForm(request.POST)
        if form.is_valid():
            try:
                return self._ask(approval, question=form.cleaned_data["question"])
            except ValidationError as error:
                add_errors(form, error)
        return self._page(approval, form=form, status=422)

    def _ask(self, approval: Approval, *, question: str) -> HttpResponse:
        actions.ask_for_information(approval=approval, actor=self.request.user, question=question, now=timezone.now())
        said = _("%(person)s is asked for information; the time to decide stands still until the answer.")
        messages.success(self.request, said % {"person": approval.access_request.requested_by})
        return redirect("requests:approval", approval.pk)

    def _find(self, pk: UUID) -> Approval:
        """The stage, for whoever is asked in it; for others there is nothing here."""
        asked = Approval.objects.visible_to(self.request.user).asking(self.request.user)
        named = asked.select_related(
            "access_request__package__catalog", "access_request__person", "access_request__requested_by"
        )
        return get_object_or_404(named.distinct(), pk=pk)

    def _page(self, approval: Approval, *, form: InquiryForm, status: int = 200) -> HttpResponse:
        context = {"approval": approval, "access_request": approval.access_request, "form": form}
        return render(self.request, "requests/ask_for_information.html", context, status=status)


class AnswerView(SignedInView):
    """What an approver wants to know of me, and my answer."""

    stands_at = "requests:answer"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        inquiry = self._find(pk)
        if not inquiry.is_open:
            return redirect("requests:request", inquiry.approval.access_request_id)
        return self._page(inquiry, form=AnswerForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        inquiry, form = self._find(pk), AnswerForm(request.POST)
        if form.is_valid():
            try:
                return self._answer(inquiry, answer=form.cleaned_data["answer"])
            except ValidationError as error:
                add_errors(form, error)
        return self._page(inquiry, form=form, status=422)

    def _answer(self, inquiry: Inquiry, *, answer: str) -> HttpResponse:
        actions.answer_inquiry(inquiry=inquiry, actor=self.request.user, answer=answer, now=timezone.now())
        messages.success(self.request, _("%(person)s has your answer.") % {"person": inquiry.asked_by})
        return redirect("requests:request", inquiry.approval.access_request_id)

    def _find(self, pk: UUID) -> Inquiry:
        visible = AccessRequest.objects.visible_to(self.request.user).values("pk")
        rows = Inquiry.objects.select_related("asked_by", "approval__access_request__package__catalog")
        inquiry = get_object_or_404(rows.filter(approval__access_request__in=visible), pk=pk)
        if not can_answer(self.request.user, inquiry.approval.access_request):
            raise PermissionDenied(_("Only those who asked answer this."))
        return inquiry

    def _page(self, inquiry: Inquiry, *, form: AnswerForm, status: int = 200) -> HttpResponse:
        context = {"inquiry": inquiry, "access_request": inquiry.approval.access_request, "form": form}
        return render(self.request, "requests/answer.html", context, status=status)
