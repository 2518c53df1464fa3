"""Signing of webhooks and of the answers to them, as Standard Webhooks 1.0 has it (https://www.standardwebhooks.com).

The signature is an HMAC-SHA256 of id, time and body. A receiver may check it with any library of that name.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes that the standard asks a key to have."""
TOLERANCE = timedelta(minutes=5)
"""How far the clock of whoever signed may be from ours; what is older may be a repetition by somebody else."""
VERSION = "v1"


class ForgeryError(Exception):
    """The signature is missing, wrong or of another time; the text says which, and may be told to the sender."""


def new_secret() -> str:
    """A secret that nobody can guess, as the standard writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that a written secret stands for. Raises ValueError where it is none, or too short."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("A secret is written in base64.") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"A secret has {SHORTEST_KEY} to {LONGEST_KEY} bytes.")
    return key


def signed(*secrets: str, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that go with the body; a signature for each secret, of which the receiver has to know one."""
    timestamp = str(int(at.timestamp()))
    signatures = [f"{VERSION},{_signature(secret, message_id, timestamp, body)}" for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verify(*secrets: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises ForgeryError unless whoever holds one of the secrets signed this body, a moment ago."""
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split()
    except KeyError as missing:
        raise ForgeryError(_("The header %(name)s is missing.") % {"name": missing.args[0]}) from None
    if abs(now - _moment(timestamp)) > TOLERANCE:
        raise ForgeryError(_("It was not signed within the last five minutes, or your clock is wrong."))
    expected = [f"{VERSION},{_signature(secret, message_id, timestamp, body)}".encode() for secret in secrets]
    if not any(hmac.compare_digest(right, one.encode()) for right in expected for one in given):
        raise ForgeryError(_("The signature does not fit the body and the secret."))


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key_of(secret), content, "sha256")).decode()


def _moment(timestamp: str) -> datetime:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 10):
        raise ForgeryError(_("webhook-timestamp is not a number of seconds since 1970."))
    return datetime.fromtimestamp(int(timestamp), tz=UTC)
