"""Following requests: one's own, one with all that happened to it, and cancelling it."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from audit.permissions import can_read_journal
from catalog.models import AccessPackage
from directory.models import User

from .. import actions, timeline
from ..deliveries import deliveries_of, planned
from ..lifecycle import ADDING, DECIDABLE, OPEN, UPDATING, ApprovalStatus
from ..models import AccessRequest, Approval, Assignment
from ..permissions import can_cancel, is_party
from .base import SignedInRequest, SignedInView

REQUESTS = Keyset("submitted_at", size=25)


class MineView(SignedInView):
    """My requests, newest first: those that are open, or those that are done."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        is_done = request.GET.get("tab") == "done"
        mine = AccessRequest.objects.of(request.user).with_deciders()
        shown = mine.exclude(status__in=OPEN) if is_done else mine.open()
        page = REQUESTS.page(shown, cursor=request.GET.get(PARAMETER))
        context = {
            "access_requests": page.rows,
            "newer_url": page_address(request, page.newer),
            "older_url": page_address(request, page.older),
            "is_done": is_done,
            "tabs": [
                {"url": request.path, "label": _("Open"), "is_current": not is_done},
                {"url": "?tab=done", "label": _("Done"), "is_current": is_done},
            ],
        }
        return render(request, "requests/mine.html", context)


class RequestView(SignedInView):
    """A request with everything that happened to it; while it is open, htmx asks for the part that changes.

    The part carries a fingerprint of itself: where nothing changed, the answer is empty and the page stays as it is.
    """

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        access_request = _find(request, pk)
        context = self._progress(access_request)
        progress = render_to_string("requests/_progress.html", context, request)
        seen = sha256(progress.encode()).hexdigest()[:16]
        if request.htmx and request.GET.get("seen") == seen:
            return HttpResponse(status=204)
        context |= {"progress": progress, "seen": seen, "is_part": bool(request.htmx)}
        context["can_cancel"] = can_cancel(request.user, access_request) and access_request.status in DECIDABLE
        if request.htmx:
            response = render(request, "requests/_live.html", context)
        else:
            response = render(request, "requests/request.html", context | self._surroundings(access_request))
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _progress(self, access_request: AccessRequest) -> dict[str, Any]:
        """What changes while one looks at it."""
        stages = list(access_request.approvals.all())
        open_stage = next((stage for stage in stages if stage.status == ApprovalStatus.IN_PROGRESS), None)
        story = timeline.story_of(access_request.pk)
        return {
            "access_request": access_request,
            "is_removal": access_request.kind not in (*ADDING, *UPDATING),
            "is_update": access_request.kind in UPDATING,
            "stages": stages,
            "open_stage": open_stage,
            "is_asked": open_stage is not None and _is_asked(self.request.user, open_stage),
            "deliveries": _deliveries(access_request),
            "steps": timeline.steps(story),
            "story": story,
            "can_see_access": _can_see_access(self.request, access_request),
        }

    def _surroundings(self, access_request: AccessRequest) -> dict[str, Any]:
        """What stays as it is."""
        user = self.request.user
        seen = AccessPackage.objects.visible_to(user).filter(pk=access_request.package_id)
        asked = {one.person_id for stage in access_request.approvals.all() for one in stage.assignees.all()}
        return {
            "is_mine": is_party(user, access_request),
            "was_asked": user.pk in asked,
            "others": _others(access_request),
            "can_see_package": seen.exists(),
            "can_read_journal": can_read_journal(user),
        }


class CancelView(SignedInView):
    """Asks whether a request is to be canceled, and cancels it."""

    stands_at = "requests:request"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        access_request = self._find(pk)
        if access_request.status not in DECIDABLE:
            return redirect("requests:request", pk)
        return render(request, "requests/cancel.html", {"access_request": access_request})

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        access_request = self._find(pk)
        actions.cancel(access_request=access_request, actor=request.user, now=timezone.now())
        messages.success(request, _("The request for %(package)s is canceled.") % {"package": access_request})
        return redirect("requests:request", pk)

    def _find(self, pk: UUID) -> AccessRequest:
        access_request = _find(self.request, pk)
        if not can_cancel(self.request.user, access_request):
            raise PermissionDenied(_("Only those who asked may cancel a request."))
        return access_request


def _find(request: SignedInRequest, pk: UUID) -> AccessRequest:
    visible = AccessRequest.objects.visible_to(request.user)
    named = visible.select_related("package__catalog", "package__owner", "policy", "person__manager", "requested_by")
    found = named.select_related("assignment").prefetch_related(
        "answers", "approvals__assignees__person", "approvals__assignees__instead_of"
    )
    return get_object_or_404(found, pk=pk)


def _is_asked(user: User, stage: Approval) -> bool:
    return any(one.person_id == user.pk and one.is_approved is None for one in stage.assignees.all())


def _deliveries(access_request: AccessRequest) -> list[Any]:
    if access_request.assignment_id:
        return deliveries_of([access_request.assignment_id])[access_request.assignment_id]
    if access_request.is_open:
        return planned(AccessPackage.objects.with_contents().get(pk=access_request.package_id))
    return []


def _others(access_request: AccessRequest) -> list[AccessRequest]:
    """The other requests about the same access: what it came from, and what ended it."""
    if access_request.assignment_id is None:
        return []
    others = AccessRequest.objects.filter(assignment=access_request.assignment_id).exclude(pk=access_request.pk)
    return list(others.order_by("submitted_at", "pk")[:10])


def _can_see_access(request: SignedInRequest, access_request: AccessRequest) -> bool:
    assignment = access_request.assignment_id
    return assignment is not None and Assignment.objects.visible_to(request.user).filter(pk=assignment).exists()
