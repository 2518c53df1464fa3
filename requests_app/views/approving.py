"""Deciding: what waits for me, what I decided, and one request with all that is needed to decide on it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Cursor, Keyset, Page, page_address
from catalog.models import AccessPackage

from .. import actions, conflicts, peers
from ..deliveries import planned
from ..extension_talk import talk_of
from ..forms import DecisionForm
from ..lifecycle import ApprovalStatus
from ..models import AccessRequest, Approval, ApprovalAssignee, Assignment, Inquiry, SeparationException
from ..permissions import can_decide
from ..querysets import ApprovalQuerySet
from ..seats import seat_of
from .base import SignedInRequest, SignedInView, add_errors

WAITING = Keyset("due_at", size=25)
DECIDED = Keyset("decided_at", size=25)
BEGINNING = Cursor(at=datetime(1970, 1, 1, tzinfo=UTC), pk=UUID(int=0), towards_newer=True).encode()
MOST_ACCESS = 20
MOST_EARLIER = 10
DECISIONS: dict[str, Callable[..., AccessRequest]] = {"approve": actions.approve, "deny": actions.deny}


def tabs(request: SignedInRequest, current: str) -> list[dict[str, Any]]:
    """What an approver turns to: what waits, what was decided, and who decides meanwhile."""
    page = reverse("requests:approvals")
    shown = {
        "waiting": (page, _("Waiting for you")),
        "decided": (f"{page}?tab=decided", _("Decided by you")),
        "delegations": (reverse("requests:delegations"), _("While you are away")),
    }
    return [{"url": url, "label": label, "is_current": name == current} for name, (url, label) in shown.items()]


class ApprovalsView(SignedInView):
    """What waits for my decision, the most urgent first; or what I decided, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        is_decided = request.GET.get("tab") == "decided"
        page = self._decided() if is_decided else self._waiting()
        context = {
            "rows": page.rows,
            "previous_url": page_address(request, page.newer),
            "next_url": page_address(request, page.older),
            "is_decided": is_decided,
            "tabs": tabs(request, "decided" if is_decided else "waiting"),
            "choosable": [one.pk for one in page.rows if not getattr(one, "is_privileged", True)],
        }
        return render(request, "requests/approvals.html", context)

    def _waiting(self) -> Page[Approval]:
        waiting = Approval.objects.waiting_for(self.request.user)
        rows = waiting.numbered().with_privilege().with_assignees()
        named = rows.select_related("access_request__person", "access_request__package__catalog")
        return _earliest_first(named, cursor=self.request.GET.get(PARAMETER))

    def _decided(self) -> Page[ApprovalAssignee]:
        mine = ApprovalAssignee.objects.decided_by(self.request.user).with_people().with_what_came_of_it()
        named = mine.select_related("approval__access_request__person", "approval__access_request__package")
        return DECIDED.page(named, cursor=self.request.GET.get(PARAMETER))


class ApprovalView(SignedInView):
    """One stage with all that is needed to decide on it, and the decision."""

    stands_at = "requests:approval"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval = self._find(pk)
        return self._page(approval, form=DecisionForm(approval=approval))

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        approval = self._find(pk)
        form = DecisionForm(request.POST, approval=approval)
        act = DECISIONS.get(request.POST.get("decision", ""))
        if act is None:
            form.add_error(None, _("Approve or deny."))
        elif form.is_valid():
            try:
                return self._decide(approval, act=act, form=form)
            except ValidationError as error:
                add_errors(form, error)
        is_in_conflict = form.has_error(NON_FIELD_ERRORS, conflicts.INCOMPATIBLE)
        return self._page(approval, form=form, status=409 if is_in_conflict else 422)

    def _decide(self, approval: Approval, *, act: Callable[..., AccessRequest], form: DecisionForm) -> HttpResponse:
        given: dict[str, Any] = {"justification": form.cleaned_data["justification"]}
        if act is actions.approve:
            given["shorter"] = form.shorter
        act(approval=approval, actor=self.request.user, now=timezone.now(), **given)
        said = _("You approved %(person)s’s request for %(package)s.")
        if act is actions.deny:
            said = _("You denied %(person)s’s request for %(package)s.")
        access_request = approval.access_request
        messages.success(self.request, said % {"person": access_request.person, "package": access_request.package})
        return redirect("requests:approvals")

    def _find(self, pk: UUID) -> Approval:
        """The stage, for whoever is asked in it; for others there is nothing here."""
        asked = Approval.objects.visible_to(self.request.user).asking(self.request.user)
        return get_object_or_404(_with_everything(asked), pk=pk)

    def _page(self, approval: Approval, *, form: DecisionForm, status: int = 200) -> HttpResponse:
        access_request, user = approval.access_request, self.request.user
        mine = seat_of(user, among=approval.assignees.all())
        is_waiting = approval.status == ApprovalStatus.IN_PROGRESS and mine is not None and mine.is_approved is None
        context = {
            "approval": approval,
            "access_request": access_request,
            "form": form,
            "inquiries": list(Inquiry.objects.with_people().filter(approval__access_request=access_request)),
            "mine": mine,
            "is_waiting": is_waiting,
            "conflict": _conflict(access_request) if is_waiting else "",
            "exceptions": _exceptions(access_request) if is_waiting else [],
            "can_decide": is_waiting and can_decide(user, access_request),
            "deliveries": planned(AccessPackage.objects.with_contents().get(pk=access_request.package_id)),
            "stages": list(access_request.approvals.with_assignees()),
            "talk": talk_of(access_request, reader=user),
            "peers": peers.of(access_request.person, access_request.package_id),
            **_about(access_request),
        }
        return render(self.request, "requests/approval.html", context, status=status)


def _with_everything(approvals: ApprovalQuerySet) -> ApprovalQuerySet:
    named = ("package__catalog", "package__owner", "policy", "person__manager", "requested_by", "assignment")
    complete = approvals.select_related(*(f"access_request__{name}" for name in named)).with_assignees()
    return complete.prefetch_related("access_request__answers")


def _about(access_request: AccessRequest) -> dict[str, Any]:
    """What the person has now, and what became of their earlier requests for the same package."""
    held = Assignment.objects.filter(person=access_request.person_id).not_gone().select_related("package__catalog")
    earlier = AccessRequest.objects.filter(person=access_request.person_id, package=access_request.package_id)
    return {
        "held": list(held[:MOST_ACCESS]),
        "held_number": held.count(),
        "earlier": list(earlier.exclude(pk=access_request.pk)[:MOST_EARLIER]),
    }


def _conflict(access_request: AccessRequest) -> str:
    """What the person has that is incompatible, in words; nothing can be approved while it stands."""
    person = access_request.person
    return conflicts.in_words(conflicts.between(person, access_request.package_id), person=person)


def _exceptions(access_request: AccessRequest) -> list[SeparationException]:
    """What lets the person hold something together with the package that is ruled incompatible with it."""
    in_force = SeparationException.objects.in_force().with_names().filter(person=access_request.person_id)
    package = access_request.package_id
    return list(in_force.filter(Q(package=package) | Q(other_package=package)).order_by("ends_at", "pk"))


def _earliest_first(approvals: ApprovalQuerySet, *, cursor: str | None) -> Page[Approval]:
    """The pages of the keyset, walked from its far end: `older` leads to what is due later."""
    page = WAITING.page(approvals, cursor=cursor or BEGINNING)
    return Page(rows=page.rows[::-1], newer=page.older if cursor else None, older=page.newer)
