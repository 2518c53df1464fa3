"""Explanations in the REST API: why somebody can or cannot have a package."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError as InvalidParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import AccessPackage
from directory.api import caller
from directory.models import User
from directory.serializers import PersonSerializer

from .explaining import Explanation, can_explain, explain


class StatementSerializer(serializers.Serializer[Any]):
    """One question, and what is so."""

    question = serializers.CharField(read_only=True)
    answer = serializers.CharField(read_only=True)


class PolicyAnswerSerializer(serializers.Serializer[Any]):
    """One policy: whether it takes the person in and why, what it says, and who would decide, stage by stage."""

    name = serializers.CharField(read_only=True)
    is_applied = serializers.BooleanField(read_only=True)
    why = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True)
    deciders = serializers.CharField(read_only=True)


class ExplanationSerializer(serializers.Serializer[Explanation]):
    """Why a person can or cannot have a package, in words."""

    person = PersonSerializer(read_only=True)
    is_visible = serializers.BooleanField(read_only=True)
    can_ask = serializers.BooleanField(read_only=True)
    has_it = serializers.BooleanField(read_only=True)
    answers = StatementSerializer(many=True, read_only=True)
    policies = PolicyAnswerSerializer(many=True, read_only=True)
    contents = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="What it would give.")
    held = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What of it the person has already."
    )


class ExplanationView(APIView):
    """Why the caller, or the person named, can or cannot have this package."""

    @extend_schema(
        operation_id="packages_explanation",
        parameters=[OpenApiParameter("person", UUID, description="Whom it is about; the caller, where it is left out")],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        user = caller(request)
        package = get_object_or_404(AccessPackage.objects.visible_to(user).with_contents(), pk=pk)
        wanted = _person_id(request) or user.pk
        if wanted != user.pk and not can_explain(user, package, person=None):
            raise PermissionDenied(_("Only those who look after the package ask this about others."))
        person = get_object_or_404(User.objects.select_related("manager"), pk=wanted)
        told = explain(package, person=person, reader=user, now=timezone.now())
        return Response(ExplanationSerializer(told).data)


def _person_id(request: Request) -> UUID | None:
    text = request.query_params.get("person", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidParameter({"person": [_("This is not the id of a person.")]}) from error


urlpatterns = [path("packages/<uuid:pk>/explanation/", ExplanationView.as_view(), name="package-explanation")]
