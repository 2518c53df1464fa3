"""What is said to an LDAP server and heard from it: one connection, searched page by page, that keeps to the time."""

import math
import ssl
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import ldap3
from django.utils import timezone
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from . import base
from .base import ConnectorError
from .ldap_errors import (
    Code,
    base_is_wrong,
    goes_in_circles,
    insecure,
    no_start_tls,
    not_let_in,
    reason,
    refusal,
    unreachable,
)

NOTHING = ("1.1",)
"""The attribute that asks for none (RFC 4511, section 4.5.1.8)."""
PAGED = "1.2.840.113556.1.4.319"
LARGEST_READ = 1 << 18
TROUBLE = (LDAPException, OSError, PyAsn1Error, LookupError, TypeError, ValueError)
"""What the library raises where the connection breaks, or where what comes is not LDAP."""
PLAIN_PORT, TLS_PORT = 389, 636


@dataclass(frozen=True)
class Entry:
    """One entry of the directory, with the attributes that were asked for, by their names in small letters."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def texts(self, attribute: str) -> list[str]:
        """All its values as text."""
        return [value.decode("utf-8", "replace") for value in self.values.get(attribute.lower(), ())]

    def text(self, attribute: str) -> str:
        """Its first value as text; empty where there is none."""
        return next(iter(self.texts(attribute)), "")


@dataclass(frozen=True)
class Access:
    """Where the servers are and how they let us in."""

    system: str
    servers: Sequence[str]
    bind_dn: str
    password: str
    ca_certificate: str = ""
    allows_plain: bool = False
    page_size: int = 500


class Session:
    """A connection to the first server that answers, from the first call until `close`."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.address = ""
        self._connection: ldap3.Connection | None = None

    # --- What is asked ------------------------------------------------------------------------------------------------

    def search(
        self,
        base_dn: str,
        wanted: str,
        attributes: Collection[str] = NOTHING,
        *,
        only_base: bool = False,
        page_size: int | None = None,
    ) -> Iterator[Entry]:
        """What is found below `base_dn`, page by page; what other servers hold is left out.

        A `page_size` of 0 asks for all at once: servers go through the pages of one search at a time, and a look-up
        must not end a list that somebody is still reading.
        """
        scope = ldap3.BASE if only_base else ldap3.SUBTREE
        size = None if only_base or page_size == 0 else page_size or self.access.page_size
        cookie = b""
        firsts: set[str] = set()
        while True:
            result, found = self._call(
                "search",
                base_dn,
                wanted,
                scope,
                ldap3.DEREF_NEVER,
                list(attributes),
                paged_size=size,
                paged_cookie=cookie,
            )
            entries = [_entry(each) for each in found if each["type"] == "searchResEntry"]
            if entries and entries[0].dn in firsts:
                raise goes_in_circles(base_dn, system=self.access.system)
            firsts.update(entry.dn for entry in entries[:1])
            yield from entries
            if result["result"] in (Code.NO_SUCH_OBJECT, Code.INVALID_DN) and not only_base:
                raise base_is_wrong(base_dn, system=self.access.system)
            self._require_success(result, dn=base_dn)
            cookie = result.get("controls", {}).get(PAGED, {}).get("value", {}).get("cookie", b"")
            if not cookie:
                return

    def has_value(self, dn: str, attribute: str, value: str) -> bool:
        """Whether the entry has the value, as the server compares such values."""
        result, _found = self._call("compare", dn, attribute, value.encode())
        if result["result"] not in (Code.COMPARE_TRUE, Code.COMPARE_FALSE, Code.NO_SUCH_ATTRIBUTE):
            self._require_success(result, dn=dn)
        return result["result"] == Code.COMPARE_TRUE

    def modify(self, dn: str, changes: Mapping[str, Sequence[tuple[str, Sequence[str]]]]) -> None:
        """Change the entry, all or nothing. Raises LdapRefusal."""
        encoded = {
            attribute: [(kind, [value.encode() for value in values]) for kind, values in steps]
            for attribute, steps in changes.items()
        }
        result, _found = self._call("modify", dn, encoded)
        self._require_success(result, dn=dn)

    def add(self, dn: str, attributes: Mapping[str, Sequence[str]]) -> None:
        """Create the entry. Raises LdapRefusal."""
        encoded = {name: [value.encode() for value in values] for name, values in attributes.items()}
        result, _found = self._call("add", dn, None, encoded)
        self._require_success(result, dn=dn)

    def product(self) -> str:
        """What the server says that it is (RFC 4512, section 5.1)."""
        asked = ("vendorName", "vendorVersion", "objectClass", "rootDomainNamingContext")
        root = next(self.search("", "(objectClass=*)", asked, only_base=True), Entry("", {}))
        if "OpenLDAProotDSE" in root.texts("objectClass"):
            return "OpenLDAP"
        said = f"{root.text('vendorName')} {root.text('vendorVersion')}".strip()
        return said or ("Active Directory" if root.text("rootDomainNamingContext") else "LDAP")

    def _call(self, method: str, *arguments: Any, **named: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """One request; its result and what came with it."""
        connection = self._connection = self._connection or self._connect()
        connection.socket.begin()
        try:
            getattr(connection, method)(*arguments, **named)
        except TROUBLE as error:
            self.close()
            raise unreachable(error, address=self.address, system=self.access.system) from error
        return connection.result, connection.response or []

    def _require_success(self, result: Mapping[str, Any], *, dn: str) -> None:
        if result["result"] != Code.SUCCESS:
            told = ", ".join(result["referrals"] or []) or result["message"]
            raise refusal(result["result"], told, dn=dn, system=self.access.system)

    # --- Coming and going ---------------------------------------------------------------------------------------------

    def _connect(self) -> ldap3.Connection:
        """To the first server that can be reached; an account that one of them refuses is not tried at the next."""
        faults: list[ConnectorError] = []
        for address in self.access.servers:
            try:
                connection = self._open(address)
            except ConnectorError as error:
                faults.append(error)
                continue
            self.address = address
            self._bind(connection)
            return connection
        raise faults[0]

    def _open(self, address: str) -> ldap3.Connection:
        parts = urlsplit(address)
        is_tls = parts.scheme == "ldaps"
        host = parts.hostname or ""
        tls = _Tls(self.access.ca_certificate)
        patience = base.TIMEOUT / len(self.access.servers)
        port = parts.port or (TLS_PORT if is_tls else PLAIN_PORT)
        server = ldap3.Server(host, port, is_tls, get_info=ldap3.NONE, tls=tls, connect_timeout=patience)
        connection = ldap3.Connection(
            server,
            self.access.bind_dn,
            self.access.password.encode(),
            authentication=ldap3.SIMPLE,
            auto_referrals=False,
            check_names=False,
            auto_encode=False,
            auto_escape=False,
            auto_range=False,
            return_empty_attributes=False,
            receive_timeout=math.ceil(patience),
        )
        try:
            connection.open(read_server_info=False)
            if not is_tls and not self.access.allows_plain:
                connection.start_tls(read_server_info=False)
        except TROUBLE as error:
            connection.strategy.close()
            raise self._explained(error, tls=tls, result=connection.result, address=address, host=host) from error
        connection.socket = _PunctualSocket(connection.socket)
        return connection

    def _explained(
        self, error: Exception, *, tls: "_Tls", result: Mapping[str, Any] | None, address: str, host: str
    ) -> ConnectorError:
        system = self.access.system
        if tls.fault is not None:
            return insecure(tls.fault, address=address, host=host, system=system)
        if result and result["result"] != Code.SUCCESS:
            return no_start_tls(reason(result["result"], result["message"]), address=address, system=system)
        return unreachable(error, address=address, system=system)

    def _bind(self, connection: ldap3.Connection) -> None:
        connection.socket.begin()
        try:
            connection.bind(read_server_info=False)
        except TROUBLE as error:
            connection.strategy.close()
            raise unreachable(error, address=self.address, system=self.access.system) from error
        result = connection.result
        if result["result"] != Code.SUCCESS:
            connection.strategy.close()
            raise not_let_in(
                result["result"], result["message"], bind_dn=self.access.bind_dn, system=self.access.system
            )

    def close(self) -> None:
        """Hang up; the next call would connect anew."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            with suppress(*TROUBLE):
                connection.unbind()

    def encryption(self) -> tuple[str, datetime | None]:
        """How the connection is encrypted, and until when the server's certificate is valid; empty where it is not."""
        socket = self._connection.socket.plain if self._connection else None
        if not isinstance(socket, ssl.SSLSocket):
            return "", None
        ends_at = ssl.cert_time_to_seconds(str((socket.getpeercert() or {})["notAfter"]))
        return socket.version() or "TLS", datetime.fromtimestamp(ends_at, tz=timezone.get_default_timezone())


class _Tls(ldap3.Tls):
    """TLS with the checks of the standard library, which tell what is wrong with a certificate."""

    def __init__(self, ca_certificate: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.ca_certificate = ca_certificate
        self.fault: Exception | None = None

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        """Encrypt; the server must prove who it is."""
        context = ssl.create_default_context(cadata=self.ca_certificate or None)
        try:
            connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        except OSError as error:
            self.fault = error
            raise


class _PunctualSocket:
    """A socket that waits for a whole answer no longer than one request may take, however it trickles in."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.deadline = 0.0

    def begin(self) -> None:
        """A request begins."""
        self.deadline = time.monotonic() + base.TIMEOUT
        self.plain.settimeout(base.TIMEOUT)

    def recv(self, size: int) -> bytes:
        """What has come in; in large bites, since the library asks for small ones."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.plain.settimeout(left)
        return self.plain.recv(max(size, LARGEST_READ))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


def _entry(found: Mapping[str, Any]) -> Entry:
    return Entry(found["dn"], {name.lower(): values for name, values in found["raw_attributes"].items()})
