"""HTTP as connectors to web services speak it: in time, with answers of bounded length, and without redirects."""

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx2
from django.utils import timezone

from . import base

LARGEST_ANSWER = 32_000_000
"""Bytes, unpacked."""
LONGEST_WAIT = timedelta(days=1)
"""However long a target asks us to wait, we ask again after this."""
ERROR_NUMBER = re.compile(r"\[Errno -?\d+\] ?")
UNPACKED = ("content-encoding", "content-length", "transfer-encoding")
"""What an answer says of its packing, which is off when it was gathered."""


@cache
def trusted() -> ssl.SSLContext:
    """Which certificates are trusted, read once: it takes longer than many a call."""
    return httpx2.create_ssl_context()


def send(client: httpx2.Client, method: str, url: str, **more: Any) -> httpx2.Response:
    """Send one request and gather its answer until the time is up. Raises httpx2.RequestError.

    Redirects are not followed, so that what we say goes nowhere but to the address that an administrator entered.
    """
    deadline = time.monotonic() + base.TIMEOUT
    with client.stream(method, url, follow_redirects=False, **more) as answer:
        body = b"".join(_until(deadline, answer))
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in UNPACKED}
    return httpx2.Response(answer.status_code, headers=headers, content=body, request=answer.request)


def reason_of(error: BaseException | None) -> str:
    """What the network said, in words for people: without the number that the system gives it."""
    return ERROR_NUMBER.sub("", str(error or "")) or type(error).__name__


def _until(deadline: float, answer: httpx2.Response) -> Iterator[bytes]:
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("The answer came too slowly.", request=answer.request)
        if size > LARGEST_ANSWER:
            raise httpx2.ReadError("The answer is too long.", request=answer.request)
        yield chunk


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """The wait that an answer asks for, in seconds or as a date (RFC 9110, section 10.2.3)."""
    value = next((str(value).strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = timezone.make_aware(until, timezone.get_fixed_timezone(0))
    return min(max(until - now, timedelta()), LONGEST_WAIT)
