"""Who decides in my place while I am away: what there is, setting it, changing it, ending it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from catalog.models import Catalog
from directory.models import User

from .. import actions
from ..forms import DelegationForm
from ..models import Delegation
from ..permissions import can_delegate_for
from .approving import tabs
from .base import SignedInRequest, SignedInView, add_errors
from .searching import MOST_FOUND, named_person, people_called, searched

PAST = Keyset("starts_at", size=25)
MOST_RECEIVED = 50


class DelegationsView(SignedInView):
    """Who decides in my place now and later, in whose place I do, and who did before, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        request.belongs_to = "requests:approvals"
        named = Delegation.objects.with_names()
        mine = named.filter(delegator=request.user)
        past = PAST.page(mine.over(), cursor=request.GET.get(PARAMETER))
        now = timezone.now()
        context = {
            "tabs": tabs(request, "delegations"),
            "can_set": can_delegate_for(request.user, request.user),
            "mine": [(one, one.holds_at(now)) for one in mine.not_over().order_by("starts_at", "pk")[:MOST_RECEIVED]],
            "received": list(named.in_force(now).filter(delegate=request.user)[:MOST_RECEIVED]),
            "past": past.rows,
            "newer_url": page_address(request, past.newer),
            "older_url": page_address(request, past.older),
        }
        return render(request, "requests/delegations.html", context)


class _DelegationPage(SignedInView):
    """First the person is looked up who decides meanwhile, then the rest is said."""

    stands_at = "requests:delegation"
    delegation: Delegation | None = None

    def _answer(self, *, form: DelegationForm | None = None, status: int = 200) -> HttpResponse:
        words, person = searched(self.request), self._delegate()
        context = {
            "delegation": self.delegation,
            "person": person,
            "form": form or self._form(),
            "words": words,
            "people": people_called(words),
            "most": MOST_FOUND,
        }
        self.request.belongs_to = "requests:approvals"
        return render(self.request, "requests/delegation.html", context, status=status)

    def _form(self, *data: Any) -> DelegationForm:
        return DelegationForm(*data, catalogs=_catalogs(self.request.user), delegation=self.delegation)

    def _delegate(self) -> User | None:
        """Whoever is chosen; of a delegation that there is, whoever it names, unless somebody else is looked for."""
        is_looking = "q" in self.request.GET
        return named_person(self.request) or (None if is_looking or not self.delegation else self.delegation.delegate)

    def _receive(self) -> HttpResponse:
        delegate, form = self._delegate(), self._form(self.request.POST)
        if delegate is None:
            return self._answer(status=422)
        if form.is_valid():
            try:
                return self._save(delegate, form.cleaned_data)
            except ValidationError as error:
                add_errors(form, error)
        return self._answer(form=form, status=422)

    def _save(self, delegate: User, given: dict[str, Any]) -> HttpResponse:
        raise NotImplementedError


class SetDelegationView(_DelegationPage):
    """Sets a delegation of mine."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        self._check()
        return self._answer()

    def post(self, request: SignedInRequest) -> HttpResponse:
        self._check()
        return self._receive()

    def _check(self) -> None:
        """Before anybody is looked for: the directory is not shown to everybody."""
        if not can_delegate_for(self.request.user, self.request.user):
            raise PermissionDenied(_("You are not asked to decide on anything."))

    def _save(self, delegate: User, given: dict[str, Any]) -> HttpResponse:
        user = self.request.user
        actions.set_delegation(delegator=user, delegate=delegate, actor=user, now=timezone.now(), **given)
        messages.success(self.request, _("%(person)s decides in your place, and is told so.") % {"person": delegate})
        return redirect("requests:delegations")


class DelegationView(_DelegationPage):
    """Changes a delegation that is not over."""

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        self.delegation = _find(request, pk)
        if self.delegation.ended_at:
            return redirect("requests:delegations")
        return self._answer()

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        self.delegation = _find(request, pk)
        return self._receive()

    def _save(self, delegate: User, given: dict[str, Any]) -> HttpResponse:
        delegation = self.delegation or _find(self.request, self.kwargs["pk"])
        changed = {"delegation": delegation, "delegate": delegate, "actor": self.request.user, **given}
        actions.change_delegation(now=timezone.now(), **changed)
        messages.success(self.request, _("Changed. Those whom it concerns are told."))
        return redirect("requests:delegations")


class EndDelegationView(SignedInView):
    """Asks whether a delegation is to end now, and ends it."""

    stands_at = "requests:delegation"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        delegation = _find(request, pk)
        if delegation.ended_at:
            return redirect("requests:delegations")
        request.belongs_to = "requests:approvals"
        return render(request, "requests/end_delegation.html", {"delegation": delegation})

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        ended = actions.end_delegation(delegation=_find(request, pk), actor=request.user, now=timezone.now())
        messages.success(request, _("%(person)s no longer decides in your place.") % {"person": ended.delegate})
        return redirect("requests:delegations")


def _find(request: SignedInRequest, pk: UUID) -> Delegation:
    """A delegation that this person may change. Raises Http404, and PermissionDenied for whoever only stands in."""
    delegation = get_object_or_404(Delegation.objects.visible_to(request.user).with_names(), pk=pk)
    if not can_delegate_for(request.user, delegation.delegator):
        raise PermissionDenied(_("Only the person themselves and administrators set who decides in their place."))
    return delegation


def _catalogs(user: User) -> "QuerySet[Catalog]":
    return Catalog.objects.visible_to(user).order_by("name", "pk")
