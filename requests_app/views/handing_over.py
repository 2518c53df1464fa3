"""Handing one's own part in an approval over to somebody else."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from directory.models import User

from .. import actions
from ..forms import HandOverForm
from ..lifecycle import ApprovalStatus
from ..models import Approval
from .base import SignedInRequest, SignedInView, add_errors
from .searching import MOST_FOUND, named_person, people_called, searched


class HandOverView(SignedInView):
    """First the person is looked up who decides in my place, then the reason is given."""

    stands_at = "requests:approval"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval = self._find(pk)
        if not self._is_mine_to_decide(approval):
            return redirect("requests:approval", pk)
        return self._page(approval, person=named_person(request), form=HandOverForm())

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval, person = self._find(pk), named_person(request)
        form = HandOverForm(request.POST)
        if person is None:
            return self._page(approval, person=None, form=HandOverForm(), status=422)
        if form.is_valid():
            try:
                return self._hand_over(approval, person=person, why=form.cleaned_data["why"])
            except ValidationError as error:
                add_errors(form, error)
        return self._page(approval, person=person, form=form, status=422)

    def _hand_over(self, approval: Approval, *, person: User, why: str) -> HttpResponse:
        actions.hand_over(approval=approval, actor=self.request.user, person=person, why=why, now=timezone.now())
        facts = {"person": person, "package": approval.access_request.package}
        messages.success(self.request, _("%(person)s decides on %(package)s in your place, and is told so.") % facts)
        return redirect("requests:approvals")

    def _find(self, pk: UUID) -> Approval:
        """The stage, for whoever is asked in it; for others there is nothing here."""
        asked = Approval.objects.visible_to(self.request.user).asking(self.request.user)
        named = asked.select_related("access_request__package__catalog", "access_request__person")
        return get_object_or_404(named, pk=pk)

    def _is_mine_to_decide(self, approval: Approval) -> bool:
        mine = approval.assignees.filter(person=self.request.user, is_approved=None)
        return approval.status == ApprovalStatus.IN_PROGRESS and mine.exists()

    def _page(self, approval: Approval, *, person: User | None, form: HandOverForm, status: int = 200) -> HttpResponse:
        words = searched(self.request)
        context = {
            "approval": approval,
            "access_request": approval.access_request,
            "person": person,
            "form": form,
            "words": words,
            "people": people_called(words),
            "most": MOST_FOUND,
        }
        return render(self.request, "requests/hand_over.html", context, status=status)
