"""Gives every web request its correlation id, so that the events of one click belong together."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from uuid_utils.compat import uuid7

from .context import Source, surroundings


class CorrelationMiddleware:
    """Records inside a request carry one correlation id, which the answer names in `X-Correlation-ID`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        correlation_id = uuid7()
        source = Source.API if request.path.startswith("/api/") else Source.WEB
        with surroundings(source=source, correlation_id=correlation_id):
            response = self.get_response(request)
        response["X-Correlation-ID"] = str(correlation_id)
        return response
