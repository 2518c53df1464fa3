"""Access tokens of Microsoft Entra ID by client credentials: a secret or a certificate, remembered until they end."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from msal import ConfidentialClientApplication, TokenCache

from ..models import Connector as ConnectorRow
from .base import Clock, ConnectorError
from .entra_errors import Answer, not_graph, refusal, sign_in_refusal, unreachable
from .entra_options import Tenant
from .web import send

CERTIFICATE = "certificate"
PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
TENANTS_REMEMBERED = 64


class Tokens:
    """The tokens by which one connector speaks to Microsoft Graph."""

    def __init__(self, row: ConnectorRow, tenant: Tenant, http: httpx2.Client, *, clock: Clock) -> None:
        self.row = row
        self.tenant = tenant
        self.clock = clock
        self.http = http
        self._application: ConfidentialClientApplication | None = None

    def get(self) -> str:
        """A token that holds, from memory where there is one. Raises ConnectorError."""
        result = self.application.acquire_token_for_client([f"{self.tenant.endpoint}/.default"])
        token = result.get("access_token")
        if not isinstance(token, str):
            raise sign_in_refusal(result, system=str(self.row))
        return token

    def forget(self) -> None:
        """The token was refused: the next one is a new one."""
        self.application.remove_tokens_for_client()

    @property
    def application(self) -> ConfidentialClientApplication:
        """MSAL's application, made when it is first needed. Raises ConnectorError."""
        if self._application is None:
            self._application = self._make()
        return self._application

    def _make(self) -> ConfidentialClientApplication:
        credential = self._credential()
        speaker = _Speaker(self.http, self.tenant.authority, system=str(self.row), clock=self.clock)
        tokens, answers = _memory(self._memory_key())
        try:
            return ConfidentialClientApplication(
                self.tenant.client_id,
                client_credential=credential,
                authority=f"{speaker.origin}/{self.tenant.tenant_id}",
                instance_discovery=False,  # whose service this is, an administrator has said
                http_client=speaker,
                token_cache=tokens,
                http_cache=answers,
            )
        except (ValueError, KeyError, TypeError) as error:  # which quote what was answered
            raise self._no_such_tenant(speaker) from error

    def _no_such_tenant(self, speaker: "_Speaker") -> ConnectorError:
        if speaker.is_refused:
            return sign_in_refusal({"error_codes": [90002]}, system=str(self.row))
        return not_graph(system=str(self.row))

    def _memory_key(self) -> str:
        """Changes with the row's secrets, of which it knows the sealed form only."""
        sealed = json.dumps([self.row.sealed_secret, self.row.sealed_extras], sort_keys=True)
        digest = hashlib.sha256(sealed.encode()).hexdigest()
        return f"{self.row.pk} {self.tenant.authority} {self.tenant.tenant_id} {self.tenant.client_id} {digest}"

    def _credential(self) -> str | dict[str, str]:
        try:
            if pem := self.row.extra_secret(CERTIFICATE):
                return certificate(pem, system=str(self.row), now=self.clock())
            if secret := self.row.secret:
                return secret
        except ImproperlyConfigured as error:
            raise ConnectorError(
                _("No key that AccessGov has opens the secret of %(system)s: enter it again in its connector.")
                % {"system": self.row},
                is_outage=True,
            ) from error
        raise sign_in_refusal({"error_codes": [7000218]}, system=str(self.row))


def certificate(pem: str, *, system: str, now: datetime) -> dict[str, str]:
    """A private key and its certificate, from text that may have lost its line breaks. Raises ConnectorError."""
    parts = {label: f"-----BEGIN {label}-----\n{_lines(body)}\n-----END {label}-----\n" for label, body in _pem(pem)}
    key = next((text for label, text in parts.items() if label.endswith("PRIVATE KEY")), "")
    try:
        shown = x509.load_pem_x509_certificate(parts.get("CERTIFICATE", "").encode())
        belong_together = load_pem_private_key(key.encode(), None).public_key() == shown.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: the key is encrypted
        belong_together = False
    if not belong_together:
        raise ConnectorError(
            _(
                "The certificate of %(system)s cannot be used: enter the private key and the certificate that belongs "
                "to it, both as PEM and without a password."
            )
            % {"system": system},
            is_outage=True,
        )
    if shown.not_valid_after_utc <= now:
        raise sign_in_refusal({"error_codes": [1000502]}, system=system)
    return {"private_key": key, "public_certificate": parts["CERTIFICATE"]}


def _pem(text: str) -> list[tuple[str, str]]:
    """The first certificate is the key's own; those that signed it follow."""
    return list(reversed(PEM.findall(text)))


def _lines(body: str) -> str:
    characters = "".join(body.split())
    return "\n".join(characters[i : i + 64] for i in range(0, len(characters), 64))


@lru_cache(maxsize=TENANTS_REMEMBERED)
def _memory(key: str) -> tuple[TokenCache, dict[str, Any]]:
    """What MSAL remembers, kept for the process: tokens, and the addresses of the sign-in service."""
    return TokenCache(), {}


class _Speaker:
    """How MSAL speaks: to the sign-in service alone, in time, and with our errors.

    MSAL knows nothing but https; where the address is one of this machine, http is put back here.
    """

    def __init__(self, http: httpx2.Client, authority: str, *, system: str, clock: Clock) -> None:
        self.http = http
        self.system = system
        self.clock = clock
        self.authority = authority
        self.origin = f"https://{urlsplit(authority).netloc}"
        self.is_refused = False

    def post(
        self, url: str, *, params: Any = None, data: Mapping[str, Any], headers: Any = None, **_: Any
    ) -> httpx2.Response:
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        return self._send("POST", url, params=params, data=form, headers=headers)

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx2.Response:
        return self._send("GET", url, params=params, headers=headers)

    def close(self) -> None:
        """The connector closes the client."""

    def _send(self, method: str, url: str, **more: Any) -> httpx2.Response:
        if not url.startswith(f"{self.origin}/"):
            raise not_graph(system=self.system)
        try:
            answer = send(self.http, method, self.authority + url.removeprefix(self.origin), **more)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise unreachable(error, system=self.system) from None
        self.is_refused = answer.is_client_error
        told = Answer(answer.status_code, answer.headers)
        if answer.is_redirect:
            raise not_graph(system=self.system)
        if told.concerns_all and answer.status_code != HTTPStatus.UNAUTHORIZED:
            raise refusal(told, system=self.system, needs="", now=self.clock())
        if not _is_object(answer):  # MSAL would log it
            raise not_graph(system=self.system)
        return self._as_if_encrypted(answer)

    def _as_if_encrypted(self, answer: httpx2.Response) -> httpx2.Response:
        if self.origin == self.authority:
            return answer
        text = answer.text.replace(self.authority, self.origin)
        return httpx2.Response(answer.status_code, headers=answer.headers, text=text, request=answer.request)


def _is_object(answer: httpx2.Response) -> bool:
    try:
        return isinstance(answer.json(), dict)
    except (ValueError, RecursionError):
        return False
