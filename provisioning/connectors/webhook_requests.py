"""The requests of a webhook: filled in for one change, signed, signed in, and sent."""

import re
from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx2
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from accessgov import signatures

from ..models import Connector as ConnectorRow
from . import addresses, base, web
from . import webhook_errors as errors
from . import webhook_templates as templates
from .base import ConnectorError
from .webhook_fields import headers
from .webhook_options import Authentication, Call, Paging

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
CREDENTIAL = "credential"
"""The name of the secret with which we sign in; the connector's main secret signs."""

MEANT_AS_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
"""What an API says of what it does not have, and a gateway with a page of its own where the API is away."""


class Requests:
    """Connections to one target, kept open until `close`."""

    def __init__(self, row: ConnectorRow, options: Mapping[str, Any], *, clock: base.Clock) -> None:
        self.row = row
        self._options = options
        self._clock = clock
        self._client: httpx2.Client | None = None

    def close(self) -> None:
        """End the connections; may be called twice."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def make(self, call: Call, values: templates.Values, *, key: str = "", url: str = "") -> httpx2.Response:
        """One call as it is configured. Raises ConnectorError where nobody answers, or not an API."""
        body = self._options[f"{call.name}_body"]
        given = headers(self._options[f"{call.name}_headers"])
        answer = self.send(
            self._options[f"{call.name}_method"],
            url or self.url(call, values),
            body=templates.in_body(body, values) if body else b"",
            given={name: templates.in_header(value, values) for name, value in given.items()},
            key=key,
        )
        if (answer.is_success or answer.status_code in MEANT_AS_GONE) and errors.is_page(answer):
            raise errors.page_instead(system=str(self.row))
        return answer

    def url(self, call: Call, values: templates.Values, *, page: int = 0) -> str:
        """Where the call goes; `page` counts from 0, where pages are asked for by their number."""
        try:
            path = templates.in_path(self._options[f"{call.name}_path"], values)
        except templates.EmptyValueError as error:
            raise ConnectorError(
                _("The path of a call to %(system)s needs {%(name)s}, which is empty or no name at all here.")
                % {"system": self.row, "name": error.args[0]},
                is_final=True,
            ) from None
        parts = urlsplit(f"{self.row.base_url.rstrip('/')}/{path.lstrip('/')}")
        if self._options["paging"] != Paging.NUMBER:
            return urlunsplit(parts)
        number = urlencode({self._options["paging_parameter"]: int(self._options["paging_first"]) + page})
        return urlunsplit(parts._replace(query=f"{parts.query}&{number}" if parts.query else number))

    def send(
        self, method: str, url: str, *, body: bytes = b"", given: Mapping[str, str] | None = None, key: str = ""
    ) -> httpx2.Response:
        """One request with its whole answer."""
        sent = {"Accept": "application/json", "User-Agent": "AccessGov", **(given or {})}
        if body:
            sent["Content-Type"] = "application/json"
        if key:
            sent["Idempotency-Key"] = key
        sent |= self._signature(body, message_id=key or str(uuid4())) | self._authorization()
        with errors.explained(system=str(self.row)):
            return web.send(self._open(), method, url, headers=sent, content=body)

    def refusal(self, answer: httpx2.Response) -> ConnectorError:
        """Why the target did not do it."""
        given = self._secret(CREDENTIAL)
        secrets = (self._secret(), given, b64encode(given.encode()).decode())
        return errors.refusal(answer, system=str(self.row), secrets=secrets)

    def _open(self) -> httpx2.Client:
        if self._client is None:
            addresses.require_permitted(self.row)
            self._client = httpx2.Client(timeout=base.TIMEOUT, verify=web.trusted(), trust_env=False)
        return self._client

    def _signature(self, body: bytes, *, message_id: str) -> dict[str, str]:
        secret = self._secret()
        if not secret:
            return {}
        try:
            return signatures.signed(secret, message_id=message_id, body=body, at=self._clock())
        except ValueError:
            raise self._not_usable(
                _("The signing secret of %(system)s must be base64 of 24 to 64 bytes, as whsec_…: enter it again.")
            ) from None

    def _authorization(self) -> dict[str, str]:
        kind = self._options["authentication"]
        if kind == Authentication.NONE:
            return {}
        credential = self._secret(CREDENTIAL)
        if kind == Authentication.BASIC:
            pair = f"{self._options['auth_user']}:{credential}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        if not VISIBLE_ASCII.fullmatch(credential):
            raise self._not_usable(
                _("The token of %(system)s is missing, or has characters that no token has: enter it again.")
            )
        if kind == Authentication.HEADER:
            return {self._options["auth_header"]: credential}
        return {"Authorization": f"Bearer {credential}"}

    def _secret(self, name: str = "") -> str:
        try:
            return self.row.extra_secret(name) if name else self.row.secret
        except ImproperlyConfigured as error:
            words = _("No key that AccessGov has opens the secrets of %(system)s: enter them again in its connector.")
            raise self._not_usable(words) from error

    def _not_usable(self, words: str) -> ConnectorError:
        return ConnectorError(words % {"system": self.row}, is_outage=True)
