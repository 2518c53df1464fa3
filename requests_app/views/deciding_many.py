"""Deciding on several requests at once: which they are, the one reason, and what came of each."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import actions
from ..actions.deciding_many import MOST, Result
from ..forms import DecideManyForm
from ..models import Approval
from .base import SignedInRequest, SignedInView, add_errors

DECISIONS = {"approve": True, "deny": False}


class DecideManyView(SignedInView):
    """Shows what was chosen, asks for the reason, decides on each, and says what came of it."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        approvals = self._chosen(request.GET)
        if not approvals:
            return redirect("requests:approvals")
        return self._page("decide_many", approvals=approvals, form=DecideManyForm())

    def post(self, request: SignedInRequest) -> HttpResponse:
        approvals, form = self._chosen(request.POST), DecideManyForm(request.POST)
        decision = DECISIONS.get(request.POST.get("decision", ""))
        if not approvals:
            return redirect("requests:approvals")
        if decision is None:
            form.add_error(None, _("Approve or deny."))
        elif form.is_valid():
            try:
                return self._decide(approvals, is_approved=decision, justification=form.cleaned_data["justification"])
            except ValidationError as error:
                add_errors(form, error)
        return self._page("decide_many", status=422, approvals=approvals, form=form)

    def _decide(self, approvals: list[Approval], *, is_approved: bool, justification: str) -> HttpResponse:
        outcomes = actions.decide_many(
            approvals=approvals,
            actor=self.request.user,
            is_approved=is_approved,
            justification=justification,
            now=timezone.now(),
        )
        left = [outcome.approval.pk for outcome in outcomes if outcome.result == Result.INCOMPLETE]
        decided = sum(outcome.is_decided for outcome in outcomes)
        return self._page("decided_many", outcomes=outcomes, decided=decided, left=left)

    def _chosen(self, given: QueryDict) -> list[Approval]:
        """Those of the chosen stages in which this person is asked, also where they are decided by now."""
        asked = Approval.objects.asking(self.request.user).filter(pk__in=_ids(given.getlist("approval")))
        named = asked.select_related("access_request__person", "access_request__package__catalog")
        return list(named.order_by("due_at", "pk"))

    def _page(self, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
        self.request.belongs_to = "requests:approvals"
        return render(self.request, f"requests/{name}.html", context, status=status)


def _ids(texts: list[str]) -> list[UUID]:
    """Those of the texts that can be ids; one more than are decided at once, so that too many are noticed."""
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found[: MOST + 1]
