"""Exceptions to separation of duties in the REST API: asking for them, and deciding."""

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.pagination import Keyset, KeysetPagination
from directory.api import caller
from directory.models import User

from .. import actions, conflicts
from ..lifecycle import ExceptionStatus
from ..models import SeparationException
from ..permissions import can_ask_for_exception
from ..serializers.exceptions import ExceptionDecisionSerializer, ExceptionSerializer, NewExceptionSerializer
from .shared import RunFilter, by_id_or_username, named, read


class ExceptionFilter(RunFilter):
    status = django_filters.MultipleChoiceFilter(choices=ExceptionStatus.choices, distinct=False)

    class Meta:
        model = SeparationException
        fields: list[str] = []


class ExceptionPages(KeysetPagination):
    keyset = Keyset("asked_at")


class ExceptionViewSet(ReadOnlyModelViewSet[SeparationException]):
    """One's own exceptions, those that one decides, and those of packages that one looks after; the newest first."""

    serializer_class = ExceptionSerializer
    filterset_class = ExceptionFilter
    pagination_class = ExceptionPages
    queryset = SeparationException.objects.none()

    def get_queryset(self) -> QuerySet[SeparationException]:
        visible = SeparationException.objects.visible_to(caller(self.request))
        return visible.with_names().prefetch_related("approvers")

    @extend_schema(request=NewExceptionSerializer, responses={201: ExceptionSerializer})
    def create(self, request: Request) -> Response:
        """Ask for an exception, for oneself or for somebody whose access one looks after."""
        given, user = read(NewExceptionSerializer, request), caller(request)
        rule = named(conflicts.open_to_exceptions_by(user), field="incompatibility", pk=given.pop("incompatibility"))
        wanted = given.pop("person")
        # Asked before the person is looked up: outsiders are not to learn which usernames there are.
        if wanted and not can_ask_for_exception(user, rule, person=User()):
            raise PermissionDenied(_("You ask for exceptions for yourself, and for packages that you look after."))
        person = named(User.objects.all(), field="person", **by_id_or_username(wanted)) if wanted else user
        made = actions.ask_for_exception(rule=rule, person=person, actor=user, now=timezone.now(), **given)
        address = reverse("exception-detail", args=[made.pk], request=request)
        return Response(self._told(made), status=201, headers={"Location": address})

    @extend_schema(
        operation_id="exceptions_approve", request=ExceptionDecisionSerializer, responses=ExceptionSerializer
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let the person hold both until the end that was asked for."""
        given: dict[str, Any] = {"exception": self.get_object(), "actor": caller(request), "now": timezone.now()}
        words = read(ExceptionDecisionSerializer, request)["decision"]
        return Response(self._told(actions.approve_exception(decision=words, **given)))

    @extend_schema(operation_id="exceptions_deny", request=ExceptionDecisionSerializer, responses=ExceptionSerializer)
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: str) -> Response:
        """Keep both apart."""
        given: dict[str, Any] = {"exception": self.get_object(), "actor": caller(request), "now": timezone.now()}
        words = read(ExceptionDecisionSerializer, request)["decision"]
        return Response(self._told(actions.deny_exception(decision=words, **given)))

    @extend_schema(operation_id="exceptions_revoke", request=ExceptionDecisionSerializer, responses=ExceptionSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Take an exception back before its end; what is held stays, and is reported."""
        given: dict[str, Any] = {"exception": self.get_object(), "actor": caller(request), "now": timezone.now()}
        words = read(ExceptionDecisionSerializer, request)["decision"]
        return Response(self._told(actions.revoke_exception(why=words, **given)))

    @extend_schema(operation_id="exceptions_withdraw", request=None, responses=ExceptionSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """No longer ask for it, or give it up."""
        given: dict[str, Any] = {"exception": self.get_object(), "actor": caller(request), "now": timezone.now()}
        return Response(self._told(actions.withdraw_exception(**given)))

    def _told(self, exception: SeparationException) -> object:
        return self.get_serializer(self.get_queryset().get(pk=exception.pk)).data
