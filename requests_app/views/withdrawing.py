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
from ..models import ApprovalAssignee
from .base import SignedInRequest, SignedInView, add_errors


class WithdrawView(SignedInView):
    """Asks why an approval is withdrawn, and ends the access that came of it."""

    stands_at = "requests:approval"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        seat = self._find(pk)
        if not seat.has_live_access:  # type: ignore[attr-defined]  # annotated
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
        access = actions.withdraw_approval(seat=seat, actor=self.request.user, why=why, now=timezone.now())
        facts = {"package": access.package, "person": access.person}
        messages.success(self.request, _("%(package)s is being taken away from %(person)s.") % facts)
        return redirect(f"{reverse('requests:approvals')}?tab=decided")

    def _find(self, pk: UUID) -> ApprovalAssignee:
        """The decision of this person in this stage, where they approved; for others there is nothing here."""
        mine = ApprovalAssignee.objects.decided_by(self.request.user).filter(is_approved=True).with_live_access()
        named = mine.select_related("approval__access_request__person", "approval__access_request__package")
        return get_object_or_404(named, approval=pk)

    def _page(self, seat: ApprovalAssignee, *, form: WithdrawForm, status: int = 200) -> HttpResponse:
        self.request.belongs_to = "requests:approvals"
        context = {"seat": seat, "access_request": seat.approval.access_request, "form": form}
        return render(self.request, "requests/withdraw_approval.html", context, status=status)
