"""Keeps the demo's own pages to whoever sits at this very machine."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase

LOOPBACK = ("127.0.0.1", "::1")
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Headers by which a proxy on this machine tells that the visitor sits elsewhere."""


def is_at_this_machine(request: HttpRequest) -> bool:
    """Whether the request came over the loopback interface, past no proxy, and for a name that is this machine's."""
    if any(request.META.get(header) for header in FORWARDED):
        return False
    request.get_host()  # raises DisallowedHost, a 400: another site's name that was made to lead here
    return request.META.get("REMOTE_ADDR") in LOOPBACK


class LoopbackMixin:
    """In the demo, for whoever sits at this machine; elsewhere there is no such page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_meant = settings.DEMO or settings.MODE == "test"
        if not is_meant or not is_at_this_machine(request):
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # View's
