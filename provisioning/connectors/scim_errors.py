"""What went wrong with a SCIM application, said so that an administrator can act on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2
from django.utils import timezone
from django.utils.translation import gettext as _
from scim2_client import RequestNetworkException, SCIMClientException, UnexpectedStatusCodeException
from scim2_models import SCIMException

from . import web
from .base import ConnectorError

LONGEST_WAIT = timedelta(days=1)
"""However long a target asks us to wait, we ask again after this."""
DETAIL_LENGTH = 300
CLIENT_ERROR = 4
"""The first digit of a status that refuses a request (RFC 9110, section 15.5)."""
WITHOUT_REGARD = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals that do not look at what was asked."""
PAUSES = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""What every other request would be answered as well."""


@contextmanager
def explained(*, system: str, secret: str = "") -> Iterator[None]:
    """Turn whatever the client raises inside the block into a ConnectorError, which never shows the secret."""
    try:
        yield
    except RequestNetworkException as error:
        raise ConnectorError(_network_words(error, system=system), is_outage=True) from error
    except (SCIMClientException, SCIMException) as error:
        answer = getattr(error, "source", None)
        wait = retry_after(answer) if isinstance(answer, httpx2.Response) else None
        words = _answer_words(error, system=system, secret=secret)
        raise ConnectorError(words, retry_after=wait, is_outage=_concerns_all(_status(error))) from error
    except httpx2.InvalidURL as error:
        raise ConnectorError(
            _("The address of %(system)s is not a web address: correct it in its connector.") % {"system": system},
            is_outage=True,
        ) from error
    except UnicodeEncodeError as error:
        raise ConnectorError(_token_words(system), is_outage=True) from error


def is_refusal(error: SCIMClientException | SCIMException) -> bool:
    """Whether just this request was refused: the application is there, let us in, and asks for no pause."""
    return _status(error) not in (None, *PAUSES)


def retry_after(answer: httpx2.Response) -> timedelta | None:
    """The wait that the answer asks for, in seconds or as a date (RFC 9110, section 10.2.3)."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        longest = int(LONGEST_WAIT.total_seconds())
        return timedelta(seconds=min(int(value[:9]), longest))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = timezone.make_aware(until, timezone.get_fixed_timezone(0))
    return min(max(until - timezone.now(), timedelta()), LONGEST_WAIT)


def _network_words(error: RequestNetworkException, *, system: str) -> str:
    cause = error.__cause__
    if isinstance(cause, httpx2.TimeoutException):
        return _("%(system)s did not answer in time.") % {"system": system}
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return _("The address of %(system)s must begin with https://: correct it in its connector.") % {
            "system": system
        }
    if isinstance(cause, httpx2.LocalProtocolError):  # its text would show the token
        return _token_words(system)
    return _("%(system)s cannot be reached (%(reason)s): check that it runs, and the address in its connector.") % {
        "system": system,
        "reason": _shortened(web.reason_of(cause)),
    }


def _token_words(system: str) -> str:
    return _("The token of %(system)s has characters that no token has: enter it again in its connector.") % {
        "system": system
    }


def _answer_words(error: SCIMClientException | SCIMException, *, system: str, secret: str) -> str:
    status = _status(error)
    words = {"system": system, "status": status, "detail": _detail(error, secret=secret)}
    if status is None or status < HTTPStatus.MULTIPLE_CHOICES:
        return _("%(system)s did not answer as SCIM 2.0 does (%(detail)s): check the address in its connector.") % words
    if status < HTTPStatus.BAD_REQUEST:
        return _("%(system)s answers from another address (%(status)s): correct the address in its connector.") % words
    if status == HTTPStatus.UNAUTHORIZED:
        return _("%(system)s refused our token: enter a new one in its connector.") % words
    if status == HTTPStatus.FORBIDDEN:
        return _("%(system)s does not allow our token to do this: give it the right to read and change groups.") % words
    if status == HTTPStatus.NOT_FOUND:
        return _("%(system)s knows nothing at this address (404): check the address in its connector.") % words
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _("%(system)s asked us to slow down (429).") % words
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _("%(system)s has a fault of its own (%(status)s: %(detail)s).") % words
    return _("%(system)s refused the request (%(status)s: %(detail)s).") % words


def _concerns_all(status: int | None) -> bool:
    """Whether any other call would meet the same: only a plain refusal concerns this call alone."""
    return status is None or status in WITHOUT_REGARD or status // 100 != CLIENT_ERROR


def _status(error: SCIMClientException | SCIMException) -> int | None:
    answer = getattr(error, "source", None)
    if isinstance(answer, httpx2.Response):
        return int(answer.status_code)
    return error.status if isinstance(error, SCIMException) else None


def _detail(error: SCIMClientException | SCIMException, *, secret: str) -> str:
    """The reason that the target gave, on one line, without what we sent in confidence."""
    if isinstance(error, UnexpectedStatusCodeException):
        return _("no reason given")
    text = str(error.detail if isinstance(error, SCIMException) else error.message)
    return _shortened(text.replace(secret, "…") if secret else text)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DETAIL_LENGTH else line[:DETAIL_LENGTH] + "…"
