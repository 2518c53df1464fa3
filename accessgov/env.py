"""Typed readers of environment variables: a missing or malformed value stops the start and says which one."""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str:
    """The value as it stands. Raises ImproperlyConfigured where it is missing and has no default."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set, and has no default.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """A yes or no, written as 1/0, true/false, yes/no or on/off."""
    value = text(name, "yes" if default else "no").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")
    return value in TRUE


def integer(name: str, *, default: int, minimum: int = 0) -> int:
    """A whole number of at least `minimum`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
    return number


def words(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """A list written with commas between its words."""
    return [word.strip() for word in text(name, ",".join(default)).split(",") if word.strip()]


def choice(name: str, *, choices: Sequence[str], default: str) -> str:
    """One of `choices`."""
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def networks(name: str, *, default: Sequence[str] = ()) -> list[Network]:
    """A list of networks, as 10.20.0.0/16."""
    try:
        return [ipaddress.ip_network(word) for word in words(name, default=default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks with commas between, as 10.20.0.0/16: {error}.") from None


def folder(name: str) -> Path | None:
    """A folder by its whole path; None where none is named. Whether it is there is seen when it is used."""
    path = Path(text(name, "") or ".")
    if path == Path():
        return None
    if not path.is_absolute() or ".." in path.parts:
        raise ImproperlyConfigured(f"{name} must be the whole path of a folder, as /srv/accessgov, not {str(path)!r}.")
    return path
