"""The directory in the REST API: whom a token speaks for. Nobody needs a list of people to ask, decide or assign."""

from typing import cast

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import User
from .serializers import MeSerializer


def caller(request: Request) -> User:
    """The person who asks; nobody else gets past the permissions of a view."""
    return cast(User, request.user)


class MeView(APIView):
    """The person whom this token or session belongs to."""

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)


urlpatterns = [path("me/", MeView.as_view(), name="me")]
