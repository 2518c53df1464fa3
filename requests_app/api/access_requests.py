"""Requests in the REST API: asking, reading, cancelling."""

from typing import Any

import django_filters
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.models import Event
from audit.pagination import Keyset, KeysetPagination
from catalog.languages import languages_of
from catalog.models import AccessPackage
from directory.api import caller
from directory.models import User

from .. import actions
from ..lifecycle import RequestStatus
from ..models import AccessRequest, Inquiry
from ..periods import Period
from ..querysets import AccessRequestQuerySet
from ..serializers import (
    InquiryAnswerSerializer,
    MilestoneSerializer,
    RequestDetailSerializer,
    RequestSerializer,
    ResubmissionSerializer,
    SubmissionSerializer,
)
from .shared import RunFilter, answer, by_id_or_username, named, read, with_names, with_stages


class RequestFilter(RunFilter):
    status = django_filters.MultipleChoiceFilter(choices=RequestStatus.choices, distinct=False)

    class Meta:
        model = AccessRequest
        fields: list[str] = []


class RequestPages(KeysetPagination):
    keyset = Keyset("submitted_at")


class TimelinePages(KeysetPagination):
    keyset = Keyset("occurred_at")


class RequestViewSet(ReadOnlyModelViewSet[AccessRequest]):
    """One's own requests, those that one decides on, and those of packages that one looks after; the newest first."""

    filterset_class = RequestFilter
    pagination_class = RequestPages
    queryset = AccessRequest.objects.none()

    def get_queryset(self) -> AccessRequestQuerySet:
        found = AccessRequest.objects.visible_to(caller(self.request))
        return with_names(found) if self.action == "list" else with_stages(found)

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return RequestSerializer if self.action == "list" else RequestDetailSerializer

    @extend_schema(request=SubmissionSerializer, responses={201: RequestDetailSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a package, for oneself or for somebody who reports to the caller."""
        given = read(SubmissionSerializer, request)
        person = _whom(given["person"], user=caller(request))
        packages = AccessPackage.objects.visible_to(person)
        package = named(packages, field="package", pk=given["package"])
        policy = named(package.policies.all(), field="policy", pk=given["policy"]) if given["policy"] else None
        made = actions.submit(
            package=package,
            person=person,
            actor=caller(request),
            now=timezone.now(),
            policy=policy,
            justification=given["justification"],
            answers=given["answers"],
            period=Period(given["starts_at"], given["ends_at"]),
            languages=languages_of(request.headers),
        )
        return answer(made, request, status=201)

    @extend_schema(operation_id="requests_cancel", request=None, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take a request back that has not begun yet; or, as who looks after the package, one whose delivery failed."""
        access_request = self.get_object()
        actions.cancel_request(access_request=access_request, actor=caller(request), now=timezone.now())
        return answer(access_request, request)

    @extend_schema(
        operation_id="requests_resubmit", request=ResubmissionSerializer, responses={201: RequestDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def resubmit(self, request: Request, pk: str) -> Response:
        """Ask again for what was denied, expired or canceled; what is left out is as it was then."""
        given = read(ResubmissionSerializer, request)
        made = actions.resubmit(
            access_request=self.get_object(),
            actor=caller(request),
            now=timezone.now(),
            justification=given["justification"],
            answers=given["answers"],
            period=Period(given["starts_at"], given["ends_at"]),
            languages=languages_of(request.headers),
        )
        return answer(made, request, status=201)

    @extend_schema(operation_id="requests_answer", request=InquiryAnswerSerializer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Answer what an approver wants to know; the clock of the stage goes on."""
        access_request, given = self.get_object(), read(InquiryAnswerSerializer, request)
        questions = Inquiry.objects.filter(approval__access_request=access_request)
        inquiry = named(questions, field="inquiry", pk=given["inquiry"])
        actions.answer_inquiry(inquiry=inquiry, actor=caller(request), answer=given["answer"], now=timezone.now())
        return answer(access_request, request)

    @extend_schema(operation_id="requests_timeline", responses=MilestoneSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=TimelinePages, filterset_class=None)
    def timeline(self, request: Request, pk: str) -> Response:
        """What happened to the request, the latest first."""
        events = Event.objects.story(self.get_object().pk)
        page = self.paginate_queryset(events)  # type: ignore[arg-type]  # of events, not of requests
        return self.get_paginated_response(MilestoneSerializer(page, many=True).data)


def _whom(text: str, *, user: User) -> User:
    """The caller, or the report whom the text names. Raises InvalidInput for anybody else, also where nobody is."""
    if not text:
        return user
    near = User.objects.filter(Q(pk=user.pk) | Q(manager=user, is_active=True)).select_related("manager")
    return named(near, field="person", **by_id_or_username(text))
