"""What went wrong with Microsoft Entra ID, said so that an administrator can act on it.

What Microsoft writes into its messages names people and objects, so of an answer only its code and its id are told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

import httpx2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .base import ConnectorError
from .web import retry_after

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,79}")
REQUEST_ID = re.compile(r"[0-9a-fA-F-]{36}")
SIGN_IN_CODE = re.compile(r"AADSTS(\d{4,9})")
STALE = ("syncStateNotFound", "resyncRequired")

SIGN_IN: dict[int, str] = {
    7000215: gettext_noop(
        "%(system)s does not know this client secret: enter the secret's value, which is not its id, in the connector."
    ),
    7000222: gettext_noop(
        "The client secret of %(system)s has expired: create a new one for the application and enter it."
    ),
    7000218: gettext_noop("%(system)s was given neither a secret nor a certificate: enter one in its connector."),
    7000112: gettext_noop("The application that AccessGov uses in %(system)s is disabled: enable it in Entra."),
    700016: gettext_noop(
        "%(system)s has no application with this client id: correct the client id or the tenant in its connector."
    ),
    700027: gettext_noop(
        "%(system)s does not know this certificate: upload it to the application's certificates in Entra."
    ),
    1000502: gettext_noop("The certificate of %(system)s has expired: upload a new one in Entra and enter it here."),
    700024: gettext_noop("%(system)s finds that our clock is wrong: set this machine's time."),
    90002: gettext_noop("There is no such tenant: correct the tenant, or the cloud, in the connector of %(system)s."),
    900023: gettext_noop("There is no such tenant: correct the tenant, or the cloud, in the connector of %(system)s."),
    500011: gettext_noop("The tenant has no Microsoft Graph: choose another cloud in the connector of %(system)s."),
    53003: gettext_noop(
        "A conditional access policy keeps AccessGov out of %(system)s: exempt its application from it, or its address."
    ),
}


@dataclass(frozen=True)
class Answer:
    """What Microsoft Graph answered to one request, or to one of a batch."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_missing(self) -> bool:
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def concerns_all(self) -> bool:
        """Whether any other request would meet the same."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status in (
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.TOO_MANY_REQUESTS,
        )

    @property
    def is_stale(self) -> bool:
        """Whether a bookmark of changes is too old."""
        return self.status == HTTPStatus.GONE or self.code in STALE

    @cached_property
    def error(self) -> Mapping[str, Any]:
        error = self.body.get("error")
        return error if isinstance(error, Mapping) else {}

    @cached_property
    def code(self) -> str:
        return _only(CODE, self.error.get("code"))

    @cached_property
    def reference(self) -> str:
        """What Microsoft's support asks for."""
        inner = self.error.get("innerError")
        return _only(REQUEST_ID, inner.get("request-id")) if isinstance(inner, Mapping) else ""

    def says(self, words: str) -> bool:
        """Whether these words are in its message, which itself is never shown."""
        return words.casefold() in str(self.error.get("message", "")).casefold()


def refusal(answer: Answer, *, system: str, needs: str, now: datetime) -> ConnectorError:
    """The error that a refused request is, whose call needs this permission."""
    return ConnectorError(
        _words(answer, system=system, needs=needs),
        retry_after=retry_after(answer.headers, now=now),
        is_outage=answer.concerns_all,
    )


def sign_in_refusal(result: Mapping[str, Any], *, system: str) -> ConnectorError:
    """Why there is no token; AccessGov as a whole is kept out."""
    for code in _sign_in_codes(result):
        if code in SIGN_IN:
            return ConnectorError(_(SIGN_IN[code]) % {"system": system} + f" (AADSTS{code})", is_outage=True)
    codes = ", ".join(f"AADSTS{code}" for code in _sign_in_codes(result)) or _only(CODE, result.get("error"))
    return ConnectorError(
        _("%(system)s gave AccessGov no token (%(code)s): check tenant, client id and secret in its connector.")
        % {"system": system, "code": codes or _("no reason given")},
        is_outage=True,
    )


def unreachable(error: Exception, *, system: str) -> ConnectorError:
    """Nobody answered; the library's words may show what was asked for, so only the kind of fault is told."""
    if isinstance(error, httpx2.TimeoutException):
        return ConnectorError(_("%(system)s did not answer in time.") % {"system": system}, is_outage=True)
    return ConnectorError(
        _("%(system)s cannot be reached (%(reason)s): check the network, and the cloud chosen in its connector.")
        % {"system": system, "reason": type(error).__name__},
        is_outage=True,
    )


def not_graph(*, system: str) -> ConnectorError:
    """Something else than Microsoft answers there."""
    return ConnectorError(
        _("%(system)s did not answer as Microsoft Graph does: check the cloud and the addresses in its connector.")
        % {"system": system},
        is_outage=True,
    )


def _words(answer: Answer, *, system: str, needs: str) -> str:
    words = {"system": system, "needs": needs, "detail": _detail(answer), "status": answer.status}
    if not answer.status:
        return _("%(system)s left one of several requests unanswered.") % words
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _("%(system)s asked us to slow down (429).") % words
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _("%(system)s has a fault of its own (%(detail)s).") % words
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return _("%(system)s refused our token (%(detail)s): test the connection, and enter a new secret.") % words
    if answer.status == HTTPStatus.FORBIDDEN:
        return (
            _(
                "%(system)s does not allow AccessGov to do this (%(detail)s): give its application the permission "
                "%(needs)s, of the kind Application, and the administrator's consent."
            )
            % words
        )
    if answer.status == HTTPStatus.NOT_FOUND:
        return _("%(system)s does not find what this is about (%(detail)s).") % words
    if answer.status == HTTPStatus.CONFLICT:
        return _("%(system)s was changing the same thing at that moment (%(detail)s); it is tried again.") % words
    return _("%(system)s refused the request (%(detail)s).") % words


def _detail(answer: Answer) -> str:
    parts = [str(answer.status), answer.code, answer.reference and f"request-id {answer.reference}"]
    return " ".join(part for part in parts if part)


def _sign_in_codes(result: Mapping[str, Any]) -> list[int]:
    given = result.get("error_codes")
    if isinstance(given, list) and given and all(isinstance(code, int) for code in given):
        return given
    return [int(code) for code in SIGN_IN_CODE.findall(str(result.get("error_description", "")))][:3]


def _only(pattern: re.Pattern[str], value: object) -> str:
    """The value where it is of this form; anything else may be anything."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
