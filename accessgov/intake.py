"""What callers of the REST API bring, refused in good order where it is broken: bearer tokens and JSON bodies."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.parsers import JSONParser


class BearerToken(TokenAuthentication):
    """The tokens that people make for themselves; bytes that are no text are no token."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        if not token.isascii():
            raise AuthenticationFailed(_("Invalid token."))
        return super().authenticate_credentials(token)


class BearerTokenScheme(KnoxTokenScheme):
    """How the OpenAPI description names it."""

    target_class = "accessgov.intake.BearerToken"
    name = "token"


class JSONBody(JSONParser):
    """JSON bodies; nesting too deep to be read is the sender's fault, not ours."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
