"""Where connectors may be led: anywhere, our own network included, but to what tells a machine its own secrets.

The systems that people run are inside their networks, and administrators alone say where they are, so that inner
addresses are permitted here, other than for the calls of `accessgov.outward`. No secret goes out unencrypted.
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accessgov import outward

from ..models import Connector as ConnectorRow
from .base import ConnectorError


def check_address(url: str, *, has_secret: bool) -> None:
    """Raises ValidationError where a system may not be called at this address."""
    parts = _parts(url)
    if parts.username or parts.password:
        raise ValidationError(
            _("Leave user name and password out of the address, which is shown to many: enter them as secrets.")
        )
    host = _host(parts)
    if parts.scheme == "http" and has_secret and not is_loopback(host):
        raise ValidationError(_("The address must begin with https://: the secret would be sent unencrypted."))
    check_host(host)


def check_host(host: str) -> None:
    """Raises ValidationError where this is the address of a service that tells a machine its own secrets."""
    if outward.is_machines_own(host):
        raise ValidationError(_not_called(host))


def is_loopback(host: str) -> bool:
    """Whether this host is this very machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_permitted(row: ConnectorRow) -> None:
    """Where the name leads is looked up anew for each connection. Raises ConnectorError."""
    host = _host(_parts(row.base_url))
    if host and outward.is_machines_own(host, looks_up=True):
        raise ConnectorError(_not_called(host), is_outage=True)


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # which others say better
        return SplitResult("", "", "", "", "")


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


def _not_called(host: str) -> str:
    return _("%(host)s is a link-local address, where clouds tell machines their secrets: it is not called.") % {
        "host": host
    }
