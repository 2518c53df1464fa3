"""What one has: one's access, why one has it, and giving it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, Page, page_address

from .. import actions, timeline
from ..deliveries import deliveries_of
from ..extensions import offer_for
from ..lifecycle import LIVE, REPROCESSABLE, UPDATING
from ..models import AccessRequest, Assignment
from ..permissions import can_change_end, can_extend, can_give_back, can_reprocess, can_revoke
from .base import SignedInRequest, SignedInView

ENDED = Keyset("ended_at", size=25)
MOST_SHOWN = 200
"""Nobody has more packages than these on one page; what ends first is among them."""


class AccessView(SignedInView):
    """What I have, with what ends first on top; or what I had, the latest first."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        is_ended = request.GET.get("tab") == "ended"
        mine = Assignment.objects.filter(person=request.user).select_related("package__catalog")
        if is_ended:
            page = ENDED.page(mine.gone(), cursor=request.GET.get(PARAMETER))
        else:
            page = Page(rows=list(mine.not_gone()[:MOST_SHOWN]))
        roles = {} if is_ended else deliveries_of(assignment.pk for assignment in page.rows)
        context = {
            "entries": [(assignment, roles.get(assignment.pk, [])) for assignment in page.rows],
            "most": MOST_SHOWN if len(page.rows) == MOST_SHOWN else 0,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "is_ended": is_ended,
            "tabs": [
                {"url": request.path, "label": _("What you have"), "is_current": not is_ended},
                {"url": "?tab=ended", "label": _("Ended"), "is_current": is_ended},
            ],
        }
        return render(request, "requests/access.html", context)


class AssignmentView(SignedInView):
    """Why somebody has a package, what of it is there, and everything that happened to it."""

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = find_assignment(request, pk)
        if assignment.person_id != request.user.pk:
            request.belongs_to = "team" if assignment.person.manager_id == request.user.pk else "browse"
        rows = AccessRequest.objects.filter(assignment=assignment).select_related("requested_by", "person", "policy")
        requests = list(rows.with_approvals().order_by("submitted_at", "pk"))
        story = timeline.stories_of(assignment, request_ids=[one.pk for one in requests])
        context = {
            "assignment": assignment,
            "is_mine": assignment.person_id == request.user.pk,
            "origin": next(iter(requests), None),
            "changes": [one for one in requests[1:] if one.kind in UPDATING],
            "endings": [one for one in requests[1:] if one.kind not in UPDATING],
            "deliveries": deliveries_of([assignment.pk])[assignment.pk],
            "steps": timeline.steps(story),
            "story": story,
            **self._may(assignment),
        }
        return render(request, "requests/assignment.html", context)

    def _may(self, assignment: Assignment) -> dict[str, Any]:
        user, is_live = self.request.user, assignment.status in LIVE
        is_extendable = is_live and can_extend(user, assignment)
        return {
            "extension": offer_for(assignment, now=timezone.now()) if is_extendable else None,
            "can_give_back": is_live and can_give_back(user, assignment),
            "can_change_end": is_live and can_change_end(user, assignment),
            "can_reprocess": assignment.status in REPROCESSABLE and can_reprocess(user, assignment),
            "can_revoke": is_live and can_revoke(user, assignment),
        }


class GiveBackView(SignedInView):
    """Asks whether one's access is to be given back, and ends it."""

    stands_at = "requests:assignment"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        if assignment.status not in LIVE:
            return redirect("requests:assignment", pk)
        return render(request, "requests/give_back.html", {"assignment": assignment})

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        assignment = self._find(pk)
        actions.give_back(assignment=assignment, actor=request.user, now=timezone.now())
        messages.success(request, _("You gave %(package)s back. It is taken away now.") % {"package": assignment})
        return redirect("requests:assignment", pk)

    def _find(self, pk: UUID) -> Assignment:
        assignment = find_assignment(self.request, pk)
        if not can_give_back(self.request.user, assignment):
            raise PermissionDenied(_("Only the person who has it gives it back."))
        return assignment


def find_assignment(request: SignedInRequest, pk: UUID) -> Assignment:
    """An assignment that this person may see, with names. Raises Http404."""
    visible = Assignment.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("package__catalog", "package__owner", "policy", "person"), pk=pk)
