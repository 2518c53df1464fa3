"""What went wrong with a webhook's call, said so that an administrator can act on it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx2
from django.utils import timezone
from django.utils.translation import gettext as _

from . import web
from .base import ConnectorError

DETAIL_LENGTH = 200
OVERLOADED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
REASONS = ("detail", "message", "error_description", "title", "error")
"""Where APIs put the reason of a refusal (RFC 9457 and its neighbours)."""
PAGES = ("text/html", "application/xhtml+xml")


@contextmanager
def explained(*, system: str) -> Iterator[None]:
    """Turn whatever the network does inside the block into a ConnectorError."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise _away(_("%(system)s did not answer in time."), system=system) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as error:
        words = _("The address of %(system)s is not a web address: correct it in its connector.")
        raise _away(words, system=system) from error
    except httpx2.LocalProtocolError as error:  # its text would show the token
        words = _("A header for %(system)s has characters that no header has: check its token and its headers.")
        raise _away(words, system=system) from error
    except httpx2.RequestError as error:
        words = _("%(system)s cannot be reached (%(reason)s): check that it runs, and the address in its connector.")
        raise _away(words, system=system, reason=_shortened(web.reason_of(error))) from error


def refusal(answer: httpx2.Response, *, system: str, secrets: Iterable[str]) -> ConnectorError:
    """Why a target did not do what it was asked, by a status that the connector gives no other meaning."""
    status = answer.status_code
    words = {"system": system, "status": status, "detail": _detail(answer, secrets=secrets)}
    wait = web.retry_after(answer.headers, now=timezone.now())
    text = _words(status) % words
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.UNAUTHORIZED:
        return ConnectorError(text, is_outage=True)
    if status in OVERLOADED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ConnectorError(text, retry_after=wait, is_outage=status != HTTPStatus.NOT_IMPLEMENTED)
    return ConnectorError(text)


def is_page(answer: httpx2.Response) -> bool:
    """Whether it is a web page: somebody else than an API answered, a sign-in page for instance."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in PAGES or answer.content.lstrip()[:1] == b"<"


def page_instead(*, system: str) -> ConnectorError:
    """A success that is a web page is none."""
    words = _("%(system)s answered with a web page: check the address in its connector, and that we may sign in.")
    return _away(words, system=system)


def _words(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _("%(system)s answers from another address (%(status)d): correct the address in its connector.")
    if status == HTTPStatus.UNAUTHORIZED:
        return _("%(system)s refused our token or password (401): enter a new one in its connector.")
    if status == HTTPStatus.FORBIDDEN:
        return _("%(system)s does not allow us to do this (403: %(detail)s).")
    if status in OVERLOADED:
        return _("%(system)s asked us to slow down, or is not ready (%(status)d).")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _("%(system)s has a fault of its own (%(status)d: %(detail)s).")
    return _("%(system)s refused the request (%(status)d: %(detail)s).")


def _detail(answer: httpx2.Response, *, secrets: Iterable[str]) -> str:
    """The reason that the target gave, on one line, without what we sent in confidence."""
    text = _reason(answer) or _("no reason given")
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return _shortened(text)


def _reason(answer: httpx2.Response) -> str:
    if is_page(answer):
        return _("a web page")
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return ""
    given = [document.get(name) for name in REASONS] if isinstance(document, dict) else []
    return next((reason for reason in given if isinstance(reason, str) and reason), "")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DETAIL_LENGTH else line[:DETAIL_LENGTH] + "…"


def _away(words: str, **values: str) -> ConnectorError:
    return ConnectorError(words % values, is_outage=True)
