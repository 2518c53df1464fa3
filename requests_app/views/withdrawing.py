"""Withdrawing an approval that one gave."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import actions
from ..forms import WithdrawForm
from ..lifecycle import UPDATING, RequestStatus
from ..models import AccessRequest, ApprovalAssignee
from .base import SignedInRequest, SignedInView, add_errors


class WithdrawView(SignedInView):
    """Asks why an approval is withdrawn, and takes back what came of it."""

    stands_at = "requests:approval"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        seat = self._find(pk)
        if not seat.can_be_taken_back:  # type: ignore[attr-defined]  # annotated
            return redirect("requests:approval", pk)
        return self._page(seat, form=WithdrawForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        seat, form = self._find(pk), WithdrawForm(request.POST)
        if form.is_valid():
            try:
                return self._withdraw(seat, why=form.cleaned_data["why"])
            except ValidationError as error:
                add_errors(form, error)
        return self._page(seat, form=form, status=422)

    def _withdraw(self, seat: ApprovalAssignee, *, why: str) -> HttpResponse:
        taken_back = actions.withdraw_approval(seat=seat, actor=self.request.user, why=why, now=timezone.now())
        messages.success(self.request, _what_became_of(taken_back))
        return redirect(f"{reverse('requests:approvals')}?tab=decided")

    def _find(self, pk: UUID) -> ApprovalAssignee:
        """The decision of this person in this stage, where they approved; for others there is nothing here."""
        mine = ApprovalAssignee.objects.decided_by(self.request.user).filter(is_approved=True).with_what_came_of_it()
        named = mine.select_related("approval__access_request__person", "approval__access_request__package")
        return get_object_or_404(named, approval=pk)

    def _page(self, seat: ApprovalAssignee, *, form: WithdrawForm, status: int = 200) -> HttpResponse:
        self.request.belongs_to = "requests:approvals"
        access_request = seat.approval.access_request
        context = {
            "seat": seat,
            "access_request": access_request,
            "is_scheduled": access_request.status == RequestStatus.SCHEDULED,
            "is_update": access_request.kind in UPDATING,
            "form": form,
        }
        return render(self.request, "requests/withdraw_approval.html", context, status=status)


def _what_became_of(access_request: AccessRequest) -> str:
    facts = {"package": access_request.package, "person": access_request.person}
    if access_request.status == RequestStatus.CANCELED:
        return _("%(package)s does not begin for %(person)s.") % facts
    if access_request.kind in UPDATING:
        return _("The extension of %(package)s for %(person)s is taken back.") % facts
    return _("%(package)s is being taken away from %(person)s.") % facts
