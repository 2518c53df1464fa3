"""Requests, approvals and assignments in the REST API: load what the caller may see, call one action, answer."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError as InvalidInput
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.models import Event
from audit.pagination import Keyset, KeysetPagination
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from directory.api import caller
from directory.models import User

from . import actions
from .lifecycle import AssignmentStatus, RequestStatus
from .models import AccessRequest, Approval, Assignment
from .querysets import AccessRequestQuerySet, ApprovalQuerySet, AssignmentQuerySet
from .serializers import (
    AnsweredSerializer,
    ApprovalDetailSerializer,
    AssignmentDetailSerializer,
    AssignmentSerializer,
    DirectAssignmentSerializer,
    HandingOverSerializer,
    JustificationSerializer,
    MilestoneSerializer,
    NewEndSerializer,
    RequestDetailSerializer,
    RequestSerializer,
    SubmissionSerializer,
)

Row = TypeVar("Row", bound=Model)
NAMED = ("package", "policy", "person", "requested_by")


def _read(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body as the serializer reads it. Raises InvalidInput."""
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _named(rows: QuerySet[Row], *, field: str, **wanted: Any) -> Row:
    """The row that a field of the body names. Raises InvalidInput, for what is hidden as for what is not there."""
    found = rows.filter(**wanted).first()
    if found is None:
        raise InvalidInput({field: [_("There is no such thing, or you may not see it.")]}, code="not_found")
    return found


def _by_id_or_username(text: str) -> dict[str, Any]:
    try:
        return {"pk": UUID(text)}
    except ValueError:
        return {"username__iexact": text}


def _with_names(requests: AccessRequestQuerySet) -> AccessRequestQuerySet:
    return requests.select_related(*NAMED)


def _with_stages(requests: AccessRequestQuerySet) -> AccessRequestQuerySet:
    return _with_names(requests).prefetch_related(
        "answers", "approvals__assignees__person", "approvals__assignees__instead_of"
    )


def _answer(access_request: AccessRequest, request: Request, *, status: int = 200) -> Response:
    """A request as it stands after an action, to whoever took it."""
    row = _with_stages(AccessRequest.objects.all()).get(pk=access_request.pk)
    told = RequestDetailSerializer(row, context={"request": request})
    address = reverse("request-detail", args=[row.pk], request=request)
    return Response(told.data, status=status, headers={"Location": address} if status == 201 else None)


class RunFilter(django_filters.FilterSet):
    """What lists of requests and of assignments can be narrowed to; `status` may be given several times."""

    package = django_filters.UUIDFilter(field_name="package", label="The id of a package")
    person = django_filters.UUIDFilter(field_name="person", label="The id of the person whose access it is")


class RequestFilter(RunFilter):
    status = django_filters.MultipleChoiceFilter(choices=RequestStatus.choices, distinct=False)

    class Meta:
        model = AccessRequest
        fields: list[str] = []


class AssignmentFilter(RunFilter):
    status = django_filters.MultipleChoiceFilter(choices=AssignmentStatus.choices, distinct=False)

    class Meta:
        model = Assignment
        fields: list[str] = []


class RequestPages(KeysetPagination):
    keyset = Keyset("submitted_at")


class ApprovalPages(KeysetPagination):
    keyset = Keyset("started_at")


class AssignmentPages(KeysetPagination):
    keyset = Keyset("starts_at")


class TimelinePages(KeysetPagination):
    keyset = Keyset("occurred_at")


class RequestViewSet(ReadOnlyModelViewSet[AccessRequest]):
    """One's own requests, those that one decides on, and those of packages that one looks after; the newest first."""

    filterset_class = RequestFilter
    pagination_class = RequestPages
    queryset = AccessRequest.objects.none()

    def get_queryset(self) -> AccessRequestQuerySet:
        found = AccessRequest.objects.visible_to(caller(self.request))
        return _with_names(found) if self.action == "list" else _with_stages(found)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return RequestSerializer if self.action == "list" else RequestDetailSerializer

    @extend_schema(request=SubmissionSerializer, responses={201: RequestDetailSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a package for oneself."""
        given = _read(SubmissionSerializer, request)
        packages = AccessPackage.objects.visible_to(caller(request))
        package = _named(packages, field="package", pk=given["package"])
        policy = _named(package.policies.all(), field="policy", pk=given["policy"]) if given["policy"] else None
        made = actions.submit(
            package=package,
            actor=caller(request),
            now=timezone.now(),
            policy=policy,
            justification=given["justification"],
            answers=given["answers"],
        )
        return _answer(made, request, status=201)

    @extend_schema(operation_id="requests_cancel", request=None, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take a request back that is not decided yet."""
        canceled = actions.cancel(access_request=self.get_object(), actor=caller(request), now=timezone.now())
        return _answer(canceled, request)

    @extend_schema(operation_id="requests_timeline", responses=MilestoneSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=TimelinePages, filterset_class=None)
    def timeline(self, request: Request, pk: str) -> Response:
        """What happened to the request, the latest first."""
        events = Event.objects.story(self.get_object().pk)
        page = self.paginate_queryset(events)  # type: ignore[arg-type]  # of events, not of requests
        return self.get_paginated_response(MilestoneSerializer(page, many=True).data)


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
        given = _read(HandingOverSerializer, request)
        # Asked before the person is looked up: outsiders are not to learn which usernames there are.
        if not approval.assignees.filter(person=caller(request)).exists():
            raise PermissionDenied(_("You are not asked to decide on this request."))
        person = _named(User.objects.all(), field="person", **_by_id_or_username(given["person"]))
        actions.hand_over(approval=approval, actor=caller(request), person=person, why=given["why"], now=timezone.now())
        return _answer(approval.access_request, request)

    def _decide(self, act: Callable[..., AccessRequest]) -> Response:
        given = _read(JustificationSerializer, self.request)
        decided = act(approval=self.get_object(), actor=caller(self.request), now=timezone.now(), **given)
        return _answer(decided, self.request)


class AssignmentViewSet(ReadOnlyModelViewSet[Assignment]):
    """One's own access, and that to packages that one looks after; the latest first."""

    filterset_class = AssignmentFilter
    pagination_class = AssignmentPages
    queryset = Assignment.objects.none()

    def get_queryset(self) -> AssignmentQuerySet:
        return Assignment.objects.visible_to(caller(self.request)).select_related(
            "package__catalog", "policy", "person"
        )

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return AssignmentSerializer if self.action == "list" else AssignmentDetailSerializer

    @extend_schema(request=DirectAssignmentSerializer, responses={201: RequestDetailSerializer})
    def create(self, request: Request) -> Response:
        """Have somebody get a package without asking; the answer is the request that was made for it."""
        given = _read(DirectAssignmentSerializer, request)
        policies = Policy.objects.filter(package__in=AccessPackage.objects.visible_to(caller(request)).values("pk"))
        policy = _named(policies.select_related("package__catalog"), field="policy", pk=given["policy"])
        # Asked before the person is looked up: outsiders are not to learn which usernames there are.
        if not can_manage_assignments(caller(request), policy.package):
            raise PermissionDenied(_("Only those who look after the package assign it."))
        person = _named(User.objects.all(), field="person", **_by_id_or_username(given["person"]))
        made = actions.assign_directly(
            policy=policy,
            person=person,
            actor=caller(request),
            now=timezone.now(),
            justification=given["justification"],
        )
        return _answer(made, request, status=201)

    @extend_schema(
        operation_id="assignments_extend", request=AnsweredSerializer, responses={201: RequestDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Ask for one's own access beyond its end; the answer is the request that was made for it."""
        given = _read(AnsweredSerializer, request)
        made = actions.extend(assignment=self.get_object(), actor=caller(request), now=timezone.now(), **given)
        return _answer(made, request, status=201)

    @extend_schema(
        operation_id="assignments_change_end", request=NewEndSerializer, responses=AssignmentDetailSerializer
    )
    @action(detail=True, methods=["post"], url_path="change-end")
    def change_end(self, request: Request, pk: str) -> Response:
        """Have somebody's access end at another moment, or not at all."""
        given = _read(NewEndSerializer, request)
        actions.change_end(
            assignment=self.get_object(),
            actor=caller(request),
            ends_at=given["ends_at"],
            why=given["justification"],
            now=timezone.now(),
        )
        return self.retrieve(request, pk=pk)

    @extend_schema(operation_id="assignments_give_back", request=None, responses=AssignmentDetailSerializer)
    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, pk: str) -> Response:
        """End one's own access."""
        actions.give_back(assignment=self.get_object(), actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    @extend_schema(
        operation_id="assignments_revoke", request=JustificationSerializer, responses=AssignmentDetailSerializer
    )
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Take somebody's access away."""
        why = _read(JustificationSerializer, request)["justification"]
        actions.revoke(assignment=self.get_object(), actor=caller(request), why=why, now=timezone.now())
        return self.retrieve(request, pk=pk)


routes = [
    ("requests", RequestViewSet, "request"),
    ("approvals", ApprovalViewSet, "approval"),
    ("assignments", AssignmentViewSet, "assignment"),
]
