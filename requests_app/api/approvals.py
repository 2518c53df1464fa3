"""Approvals in the REST API: reading what one is asked, and deciding."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from directory.models import User

from .. import actions
from ..models import AccessRequest, Approval
from ..querysets import ApprovalQuerySet
from ..serializers import (
    ApprovalDetailSerializer,
    HandingOverSerializer,
    JustificationSerializer,
    RequestDetailSerializer,
)
from .shared import NAMED, answer, by_id_or_username, named, read


class ApprovalPages(KeysetPagination):
    keyset = Keyset("started_at")


class ApprovalViewSet(ReadOnlyModelViewSet[Approval]):
    """The list holds what waits for the caller's decision, the latest first; others open by their id."""

    serializer_class = ApprovalDetailSerializer
    pagination_class = ApprovalPages
    queryset = Approval.objects.none()

    def get_queryset(self) -> ApprovalQuerySet:
        approvals = Approval.objects.all()
        user = caller(self.request)
        found = approvals.waiting_for(user) if self.action == "list" else approvals.visible_to(user)
        named = [f"access_request__{name}" for name in NAMED]
        return found.select_related(*named).prefetch_related(
            "assignees__person", "assignees__instead_of", "access_request__answers"
        )

    @extend_schema(operation_id="approvals_approve", request=JustificationSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve this stage; the answer is the request as it then stands."""
        return self._decide(actions.approve)

    @extend_schema(operation_id="approvals_deny", request=JustificationSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: str) -> Response:
        """Deny, which ends the request; the answer is the request as it then stands."""
        return self._decide(actions.deny)

    @extend_schema(operation_id="approvals_hand_over", request=HandingOverSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, pk: str) -> Response:
        """Have somebody else decide in one's place; the answer is the request as it then stands."""
        approval = self.get_object()
        given = read(HandingOverSerializer, request)
        # Asked before the person is looked up: outsiders are not to learn which usernames there are.
        if not approval.assignees.filter(person=caller(request)).exists():
            raise PermissionDenied(_("You are not asked to decide on this request."))
        person = named(User.objects.all(), field="person", **by_id_or_username(given["person"]))
        actions.hand_over(approval=approval, actor=caller(request), person=person, why=given["why"], now=timezone.now())
        return answer(approval.access_request, request)

    def _decide(self, act: Callable[..., AccessRequest]) -> Response:
        given = read(JustificationSerializer, self.request)
        decided = act(approval=self.get_object(), actor=caller(self.request), now=timezone.now(), **given)
        return answer(decided, self.request)
