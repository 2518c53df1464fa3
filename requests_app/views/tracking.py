"""Following requests: one's own, one with all that happened to it, and cancelling it."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from audit.pagination import PARAMETER, Keyset, page_address
from audit.permissions import can_read_journal
from catalog.models import AccessPackage
from catalog.permissions import can_manage_assignments
from directory.models import User

from .. import actions, events, timeline
from ..deliveries import deliveries_of, planned
from ..extension_talk import talk_of
from ..lifecycle import ADDING, FAILED_DELIVERY, OPEN, RESUBMITTABLE, UNBEGUN, UPDATING, ApprovalStatus, RequestType
from ..models import AccessRequest, Approval, Assignment, Inquiry
from ..permissions import can_answer, can_cancel, can_resubmit, is_party
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
        context["can_cancel"] = _can_cancel(request.user, access_request)
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
        inquiries = [inquiry for stage in stages for inquiry in stage.inquiries.all()]
        story = timeline.story_of(access_request.pk)
        return {
            "access_request": access_request,
            "is_removal": access_request.kind not in (*ADDING, *UPDATING),
            "is_update": access_request.kind in UPDATING,
            "stages": stages,
            "open_stage": open_stage,
            "inquiries": inquiries,
            "open_inquiry": next((inquiry for inquiry in inquiries if inquiry.is_open), None),
            "can_answer": can_answer(self.request.user, access_request),
            "is_asked": open_stage is not None and _is_asked(self.request.user, open_stage),
            "deliveries": _deliveries(access_request),
            "talk": talk_of(access_request, reader=self.request.user),
            "steps": timeline.steps(story),
            "story": story,
            "why_not_given": next((event.details["why"] for event in story if event.verb in events.NOT_GIVEN), ""),
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
            "together": _together(access_request, reader=user),
            "can_resubmit": _can_ask_again(user, access_request),
            "can_reprocess": _is_failed(access_request) and can_manage_assignments(user, access_request.package),
            "can_see_package": seen.exists(),
            "can_read_journal": can_read_journal(user),
        }


class CancelView(SignedInView):
    """Asks whether a request is to be canceled, and cancels it."""

    stands_at = "requests:request"

    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        access_request = self._find(pk)
        if access_request.status not in UNBEGUN and not _is_failed(access_request):
            return redirect("requests:request", pk)
        return render(request, "requests/cancel.html", {"access_request": access_request})

    def post(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        access_request = self._find(pk)
        actions.cancel_request(access_request=access_request, actor=request.user, now=timezone.now())
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
    found = (
        named.select_related("assignment", "shortened_by")
        .prefetch_related(
            "answers",
            Prefetch("approvals__inquiries", queryset=Inquiry.objects.with_people()),
        )
        .with_approvals()
    )
    return get_object_or_404(found, pk=pk)


def _is_failed(access_request: AccessRequest) -> bool:
    """Whether not everything that was approved is there, and nothing is on its way but by itself."""
    return access_request.kind in ADDING and access_request.status in FAILED_DELIVERY


def _can_cancel(user: User, access_request: AccessRequest) -> bool:
    """What has not begun is canceled by its parties; a failed delivery only by those who look after the package."""
    if _is_failed(access_request):
        return can_manage_assignments(user, access_request.package)
    return access_request.status in UNBEGUN and can_cancel(user, access_request)


def _can_ask_again(user: User, access_request: AccessRequest) -> bool:
    is_over = access_request.kind == RequestType.USER_ADD and access_request.status in RESUBMITTABLE
    return is_over and can_resubmit(user, access_request)


def _is_asked(user: User, stage: Approval) -> bool:
    return any(one.person_id == user.pk and one.is_approved is None for one in stage.assignees.all())


def _deliveries(access_request: AccessRequest) -> list[Any]:
    if access_request.assignment_id:
        return deliveries_of([access_request.assignment_id])[access_request.assignment_id]
    if access_request.is_open:
        return planned(AccessPackage.objects.with_contents().get(pk=access_request.package_id))
    return []


def _together(access_request: AccessRequest, *, reader: User) -> list[AccessRequest]:
    """What was asked for together with it, as far as the reader may see it."""
    if access_request.basket is None:
        return []
    visible = AccessRequest.objects.visible_to(reader).filter(basket=access_request.basket)
    return list(visible.exclude(pk=access_request.pk).select_related("package").order_by("submitted_at", "pk"))


def _others(access_request: AccessRequest) -> list[AccessRequest]:
    """The other requests about the same access: what it came from, and what ended it."""
    if access_request.assignment_id is None:
        return []
    others = AccessRequest.objects.filter(assignment=access_request.assignment_id).exclude(pk=access_request.pk)
    return list(others.order_by("submitted_at", "pk")[:10])


def _can_see_access(request: SignedInRequest, access_request: AccessRequest) -> bool:
    assignment = access_request.assignment_id
    return assignment is not None and Assignment.objects.visible_to(request.user).filter(pk=assignment).exists()
