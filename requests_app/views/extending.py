"""Asking that one's access last longer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.languages import languages_of
from catalog.models import Policy
from directory.models import User

from .. import actions
from ..extensions import Offer, offer_for
from ..forms import AskForm
from ..models import AccessRequest, Assignment
from ..permissions import can_extend
from ..prospects import Prospect
from .asking import stages_of
from .base import SignedInRequest, SignedInView, add_errors
from .holding import find_assignment


class ExtendView(SignedInView):
    """Until when it would last, who decides, and what the policy asks; where it cannot be extended, the reason."""

    stands_at = "requests:assignment"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        offer = offer_for(assignment, now=timezone.now())
        if offer.policy is None:
            return self._lead_away(assignment, offer)
        form = AskForm(policy=offer.policy, **self._reader(assignment))
        form.fields["justification"].label = _("Why do you need it for longer?")
        return self._page(assignment, offer=offer, policy=offer.policy, form=form)

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        offer = offer_for(assignment, now=timezone.now())
        if offer.policy is None:
            return self._lead_away(assignment, offer)
        form = AskForm(request.POST, policy=offer.policy, **self._reader(assignment))
        if form.is_valid():
            try:
                return self._extend(assignment, form=form)
            except ValidationError as error:
                add_errors(form, error)
        return self._page(assignment, offer=offer, policy=offer.policy, form=form, status=422)

    def _extend(self, assignment: Assignment, *, form: AskForm) -> HttpResponse:
        access_request = actions.extend(
            assignment=assignment,
            actor=self.request.user,
            justification=form.cleaned_data["justification"],
            answers=form.answers,
            languages=languages_of(self.request.headers),
            now=timezone.now(),
        )
        messages.success(self.request, _said(access_request))
        return redirect("requests:request", access_request.pk)

    def _reader(self, assignment: Assignment) -> dict[str, Any]:
        """Whom the questions are about, and in which languages they are put; an extension has its end already."""
        return {"person": assignment.person, "languages": languages_of(self.request.headers), "has_period": False}

    def _lead_away(self, assignment: Assignment, offer: Offer) -> HttpResponse:
        messages.warning(self.request, offer.obstacle)
        if offer.open_request:
            return redirect("requests:request", offer.open_request.pk)
        return redirect("requests:assignment", assignment.pk)

    def _find(self, pk: UUID) -> Assignment:
        assignment = find_assignment(self.request, pk)
        if not can_extend(self.request.user, assignment):
            raise PermissionDenied(_("Only the person who has it extends it."))
        return assignment

    def _page(
        self, assignment: Assignment, *, offer: Offer, policy: Policy, form: AskForm, status: int = 200
    ) -> HttpResponse:
        context = {
            "assignment": assignment,
            "offer": offer,
            "form": form,
            "stages": _stages(policy, person=self.request.user),
        }
        return render(self.request, "requests/extend.html", context, status=status)


def _stages(policy: Policy, *, person: User) -> list[Prospect]:
    return stages_of(policy, person=person) if policy.does_extension_need_approval else []


def _said(access_request: AccessRequest) -> str:
    facts = {"package": access_request.package}
    if access_request.is_open:
        return _("You asked for %(package)s to last longer.") % facts
    return _("%(package)s lasts longer now.") % facts
