"""Wiring of the REST API: its URLs and the one exception handler."""

from typing import Any

from django.urls import include, path
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import exception_handler

from audit import api as audit

router = DefaultRouter()
for prefix, viewset, basename in audit.routes:
    router.register(prefix, viewset, basename)

urlpatterns = [path("v1/", include([*audit.urlpatterns, *router.urls]))]


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Errors as RFC 9457 problem details."""
    return exception_handler(exc, context)
