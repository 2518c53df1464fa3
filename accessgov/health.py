"""What monitoring asks: whether the process lives, and whether everything that it needs answers."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache


@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers."""
    connection.ensure_connection()
    return JsonResponse({"status": "ok"})
