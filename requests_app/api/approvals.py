"""Approvals in the REST API: reading what one is asked, and deciding."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError as InvalidInput
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from directory.models import User

from .. import actions
from ..models import AccessRequest, Approval, Inquiry
from ..querysets import ApprovalQuerySet
from ..serializers import (
    ApprovalDetailSerializer,
    ApprovingSerializer,
    DecidingManySerializer,
    HandingOverSerializer,
    InquiringSerializer,
    JustificationSerializer,
    OutcomeSerializer,
    RequestDetailSerializer,
    WithdrawingSerializer,
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
        return (
            found.with_assignees()
            .select_related(*named)
            .prefetch_related(
                "access_request__answers",
                Prefetch("inquiries", queryset=Inquiry.objects.with_people()),
            )
        )

    @extend_schema(operation_id="approvals_approve", request=ApprovingSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve this stage, also for a shorter time; the answer is the request as it then stands."""
        given = read(ApprovingSerializer, request)
        period = {name: given[name] for name in ("days", "ends_at")}
        decided = actions.approve(
            approval=self.get_object(),
            actor=caller(request),
            now=timezone.now(),
            justification=given["justification"],
            shorter=actions.Shorter(**period) if any(period.values()) else None,
        )
        return answer(decided, request)

    @extend_schema(operation_id="approvals_deny", request=JustificationSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: str) -> Response:
        """Deny, which ends the request; the answer is the request as it then stands."""
        return self._decide(actions.deny)

    @extend_schema(operation_id="approvals_ask", request=InquiringSerializer, responses={201: RequestDetailSerializer})
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: str) -> Response:
        """Ask the requester something; the clock of this stage stands still until they answer."""
        approval, given = self.get_object(), read(InquiringSerializer, request)
        actions.ask_for_information(
            approval=approval, actor=caller(request), question=given["question"], now=timezone.now()
        )
        return answer(approval.access_request, request, status=201)

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

    @extend_schema(
        operation_id="approvals_decide", request=DecidingManySerializer, responses=OutcomeSerializer(many=True)
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def decide(self, request: Request) -> Response:
        """Approve or deny several at once, each by itself; the answer says what came of each."""
        given = read(DecidingManySerializer, request)
        asked = self.get_queryset().in_bulk(list(dict.fromkeys(given["approvals"])))
        if missing := [str(pk) for pk in given["approvals"] if pk not in asked]:
            raise InvalidInput({"approvals": [_("You see no such approval: %(ids)s.") % {"ids": ", ".join(missing)}]})
        outcomes = actions.decide_many(
            approvals=list(asked.values()),
            actor=caller(request),
            is_approved=given["decision"] == "approve",
            justification=given["justification"],
            now=timezone.now(),
        )
        return Response([OutcomeSerializer(outcome).data for outcome in outcomes])

    @extend_schema(operation_id="approvals_withdraw", request=WithdrawingSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw one's approval: what came of it is taken back. The answer is the request that was approved."""
        approval, given = self.get_object(), read(WithdrawingSerializer, request)
        seat = approval.assignees.decided_by(caller(request)).filter(is_approved=True).first()
        if seat is None:
            raise PermissionDenied(_("Only those who approved it withdraw their approval."))
        actions.withdraw_approval(seat=seat, actor=caller(request), why=given["why"], now=timezone.now())
        return answer(approval.access_request, request)

    def _decide(self, act: Callable[..., AccessRequest]) -> Response:
        given = read(JustificationSerializer, self.request)
        decided = act(approval=self.get_object(), actor=caller(self.request), now=timezone.now(), **given)
        return answer(decided, self.request)
