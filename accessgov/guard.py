"""What holds for every answer and every address: pages of people are kept nowhere, and no text has NUL characters."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

NUL = "\0"


class GuardMiddleware:
    """Forbids caches to keep an answer that does not say for itself what they may do (OWASP ASVS 5.0, 14.3.2).

    Answers 400 to an address with a NUL character: nobody types one, and PostgreSQL takes it in no text. What comes in
    bodies is checked by the fields of forms and serializers, the parameters of the API by its filters.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/") and _has_nul(request):
            raise BadRequest(_("The address has a character that no address has."))
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _has_nul(request: HttpRequest) -> bool:
    return NUL in request.path or any(NUL in word for name, words in request.GET.lists() for word in (name, *words))
