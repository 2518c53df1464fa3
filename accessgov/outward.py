"""Calls to addresses that people entered: only outward, never into our own network, never for long.

Whoever configures an address must not make this server ask what only it can reach: the metadata of its cloud, a
database, an administration page on the loopback interface. What a name leads to can change between a check and a call,
so the check is made where the connection is: on the very address that is connected to. Redirects are not followed.
"""

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore2
import httpx2
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

TIMEOUT = 10.0
"""Seconds for all of it, once the name is looked up: far less than a lease on a row of work."""
MOST_ADDRESSES = 4
LONGEST_WAIT = timedelta(hours=1)
"""However long whoever is called asks us to wait, we call again after this."""
PORTS = {"https": 443, "http": 80}
METADATA = {ipaddress.ip_address(each) for each in ("100.100.100.200", "fd00:ec2::254")}
"""Where clouds tell a machine about itself besides the link-local addresses."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CallError(Exception):
    """The call did not succeed; the text says why, in words for an administrator.

    `is_final`: it cannot succeed before somebody changes the address. `retry_after`: what whoever was called asks for.
    """

    def __init__(self, text: str, *, is_final: bool = False, retry_after: timedelta | None = None) -> None:
        self.is_final = is_final
        self.retry_after = retry_after
        super().__init__(text)


def check_url(url: str) -> None:
    """Raises ValidationError where this can be no address to call, whatever its name leads to."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        parts, port, host = SplitResult("", "", "", "", ""), None, None
    if not host or parts.scheme not in PORTS or port == 0:
        raise ValidationError(_("This is not a web address: it begins with https:// and a name."), code="invalid")
    if parts.username or parts.password or parts.fragment:
        raise ValidationError(_("Leave out names, passwords and what follows a “#”."), code="invalid")
    addresses = _literal(host)
    if parts.scheme == "http" and not _may_be_plain(addresses):
        raise ValidationError(_("Only https:// is called: what is said to it concerns people."), code="not_https")
    if addresses and not all(is_permitted(address) for address in addresses):
        raise ValidationError(_internal_words(host), code="internal")


def is_permitted(address: Address) -> bool:
    """Whether this address may be called: a public one, or in a network that the operator permits."""
    inner = _unwrapped(address)
    if any(inner in network for network in settings.CALLOUT_NETWORKS if network.version == inner.version):
        return True
    is_odd = inner.is_multicast or inner.is_reserved or inner.is_unspecified or inner.is_loopback or inner.is_link_local
    return inner.is_global and not is_odd


def is_machines_own(host: str, *, looks_up: bool = False) -> bool:
    """Whether a host is link-local, where clouds tell a machine its own secrets; or else where its name leads to.

    By the address that is written there, and by a look into DNS where that is wanted.
    """
    flags = 0 if looks_up else socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return False
    inner = [_unwrapped(address) for address in _addresses(str(entry[4][0]) for entry in found)]
    return any(address.is_link_local or address in METADATA for address in inner)


def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
    """Send the body, and return the status, which is a success. Nothing else of the answer is read.

    Raises CallError.
    """
    try:
        check_url(url)
    except ValidationError as error:
        raise CallError(error.messages[0], is_final=True) from error
    deadline = time.monotonic() + TIMEOUT
    network = _OutwardNetwork(deadline)
    sent = {"Content-Type": "application/json", "User-Agent": "AccessGov", "Content-Length": str(len(body)), **headers}
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_trusted(), network_backend=network) as pool,
            pool.stream("POST", _wire(url), headers=_host(url, sent), content=body, extensions={"timeout": timeouts})
            as answer,
        ):  # fmt: skip
            return _judge(answer)
    except (httpcore2.TimeoutException, TimeoutError) as error:
        raise CallError(_("It did not answer in time.")) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        raise CallError(_("It cannot be reached (%(reason)s).") % {"reason": _reason(error)}) from error


def in_json(document: object) -> bytes:
    """A document as it is sent and signed."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _reason(error: Exception) -> str:
    """What the network says, without the number that the system gives it."""
    cause = error.__cause__ or error.__context__
    said = getattr(cause, "strerror", None) or getattr(error, "strerror", None) or str(error)
    return said or type(error).__name__


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class _OutwardNetwork(httpcore2.SyncBackend):
    """Connects to permitted addresses only, and keeps to one deadline for everything that is read and written."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> "_PunctualStream":
        addresses = _resolve(host, port)
        if not all(is_permitted(address) for address in addresses):
            raise CallError(_internal_words(host), is_final=True)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port)
            except httpcore2.ConnectError:
                continue
        return self._connect(addresses[-1], port)

    def _connect(self, address: Address, port: int) -> "_PunctualStream":
        stream = super().connect_tcp(str(address), port, timeout=_left(self._deadline))
        return _PunctualStream(stream, self._deadline)


class _PunctualStream(httpcore2.NetworkStream):
    """A connection that is given up at its deadline, however slowly the other side keeps talking."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_PunctualStream":
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._deadline))
        return _PunctualStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


def _resolve(host: str, port: int) -> list[Address]:
    """Where a name leads. Raises CallError where it leads nowhere."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CallError(_("The name %(host)s is not known.") % {"host": host}) from error
    return _addresses(str(entry[4][0]) for entry in found)[:MOST_ADDRESSES]


def _literal(host: str) -> list[Address]:
    """The address that is written instead of a name, in whichever way sockets would read it; none for a name."""
    if host == "localhost" or host.endswith(".localhost"):
        return [ipaddress.ip_address("127.0.0.1")]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return _addresses(str(entry[4][0]) for entry in found)


def _addresses(texts: Iterable[str]) -> list[Address]:
    return [ipaddress.ip_address(text.partition("%")[0]) for text in dict.fromkeys(texts)]


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries (mapped, 6to4, NAT64), which is where it leads; else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _may_be_plain(addresses: list[Address]) -> bool:
    """Without encryption only within this machine, and only where the operator permits that."""
    return bool(addresses) and all(address.is_loopback and is_permitted(address) for address in addresses)


def _judge(answer: httpcore2.Response) -> int:
    status = int(answer.status)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return status
    if status < HTTPStatus.BAD_REQUEST:
        raise CallError(_("It answers from another address (%(status)d), which is not followed.") % {"status": status})
    words = _("It answered %(status)d (%(phrase)s).") % {"status": status, "phrase": _phrase(status)}
    raise CallError(words, is_final=status == HTTPStatus.GONE, retry_after=_retry_after(answer))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "?"


def _retry_after(answer: httpcore2.Response) -> timedelta | None:
    value = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
    return min(timedelta(seconds=int(value[:6])), LONGEST_WAIT) if value.isdigit() else None


def _wire(url: str) -> str:
    """The address without what is not ASCII."""
    return str(httpx2.URL(url))


def _host(url: str, headers: dict[str, str]) -> list[tuple[str, str]]:
    return [("Host", httpx2.URL(url).netloc.decode("ascii")), *headers.items()]


def _internal_words(host: str) -> str:
    return _("%(host)s is an address inside a network, which is not called from here.") % {"host": host}
