"""Assignments in the REST API: direct assignment, extending, moving the end, giving back, taking away."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from catalog.languages import languages_of
from catalog.models import AccessPackage, Policy
from catalog.permissions import can_manage_assignments
from directory.api import caller
from directory.models import User

from .. import actions
from ..lifecycle import AssignmentStatus
from ..models import Assignment
from ..periods import Period
from ..permissions import can_reprocess
from ..querysets import AssignmentQuerySet
from ..rehearsing import a_while, rehearse_assignments, table_of
from ..serializers import (
    AnsweredSerializer,
    AssignmentDetailSerializer,
    AssignmentSerializer,
    DirectAssignmentSerializer,
    JustificationSerializer,
    NewEndSerializer,
    RequestDetailSerializer,
)
from ..serializers.rehearsals import RehearsalSerializer
from .shared import RunFilter, answer, by_id_or_username, named, read


class AssignmentFilter(RunFilter):
    status = django_filters.MultipleChoiceFilter(choices=AssignmentStatus.choices, distinct=False)

    class Meta:
        model = Assignment
        fields: list[str] = []


class AssignmentPages(KeysetPagination):
    keyset = Keyset("starts_at")


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
        given = read(DirectAssignmentSerializer, request)
        policies = Policy.objects.filter(package__in=AccessPackage.objects.visible_to(caller(request)).values("pk"))
        policy = named(policies.select_related("package__catalog"), field="policy", pk=given["policy"])
        # Asked before the person is looked up: outsiders are not to learn which usernames there are.
        if not can_manage_assignments(caller(request), policy.package):
            raise PermissionDenied(_("Only those who look after the package assign it."))
        person = named(User.objects.all(), field="person", **by_id_or_username(given["person"]))
        made = actions.assign_directly(
            policy=policy,
            person=person,
            actor=caller(request),
            now=timezone.now(),
            justification=given["justification"],
            answers=given["answers"],
            period=Period(given["starts_at"], given["ends_at"]),
            languages=languages_of(request.headers),
        )
        return answer(made, request, status=201)

    @extend_schema(
        operation_id="assignments_extend", request=AnsweredSerializer, responses={201: RequestDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Ask for one's own access beyond its end; the answer is the request that was made for it."""
        given = read(AnsweredSerializer, request)
        made = actions.extend(
            assignment=self.get_object(),
            actor=caller(request),
            now=timezone.now(),
            languages=languages_of(request.headers),
            **given,
        )
        return answer(made, request, status=201)

    @extend_schema(
        operation_id="assignments_change_end", request=NewEndSerializer, responses=AssignmentDetailSerializer
    )
    @action(detail=True, methods=["post"], url_path="change-end")
    def change_end(self, request: Request, pk: str) -> Response:
        """Have somebody's access end at another moment, or not at all."""
        given = read(NewEndSerializer, request)
        actions.change_end(
            assignment=self.get_object(),
            actor=caller(request),
            ends_at=given["ends_at"],
            why=given["justification"],
            now=timezone.now(),
        )
        return self.retrieve(request, pk=pk)

    @extend_schema(operation_id="assignments_reprocess", request=None, responses=AssignmentDetailSerializer)
    @action(detail=True, methods=["post"])
    def reprocess(self, request: Request, pk: str) -> Response:
        """Have everything that it gives delivered once more: what failed, and what somebody took away by hand."""
        actions.reprocess(assignment=self.get_object(), actor=caller(request), now=timezone.now())
        return self.retrieve(request, pk=pk)

    @extend_schema(operation_id="assignments_dry_run", responses=RehearsalSerializer, filters=False)
    @action(detail=True, methods=["get"], url_path="dry-run")
    def dry_run(self, request: Request, pk: str) -> Response:
        """Look into the target systems what delivering it once more would change, and change nothing."""
        assignment = self.get_object()
        if not can_reprocess(caller(request), assignment):
            raise PermissionDenied(_("Whoever looks after the package sees what delivering it again would change."))
        table = table_of(rehearse_assignments([assignment.pk], until=a_while()))
        return Response(RehearsalSerializer(table, context={"request": request}).data)

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
        why = read(JustificationSerializer, request)["justification"]
        actions.revoke(assignment=self.get_object(), actor=caller(request), why=why, now=timezone.now())
        return self.retrieve(request, pk=pk)
