"""How entries of a directory are looked for and recognised: filters, unchanging ids, DNs."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from ldap3.core.exceptions import LDAPException
from ldap3.utils.dn import parse_dn

from .ldap_options import IdAttribute
from .ldap_wire import Entry


def equals(attribute: str, value: str | bytes) -> str:
    """A filter for this very value: each byte is escaped, so nothing in it can mean anything (RFC 4515, section 3)."""
    raw = value.encode() if isinstance(value, str) else value
    return f"({attribute}={''.join(f'{chr(92)}{byte:02x}' for byte in raw)})"


def any_of(filters: Iterable[str]) -> str:
    """One of them at least."""
    return f"(|{''.join(filters)})"


def all_of(*filters: str) -> str:
    """All of them."""
    return f"(&{''.join(filters)})"


def same(one: str, other: str) -> bool:
    """Whether two names are the same, whatever their case and however accents are coded.

    Nothing looser: to some servers é is e, ﬁ is fi, and a soft hyphen nothing at all, which would be somebody else.
    """
    return folded(one) == folded(other)


def folded(name: str) -> str:
    """The name as it is compared."""
    return unicodedata.normalize("NFC", name).strip().lower()


def id_of(entry: Entry, attribute: str) -> str:
    """The unchanging id, as it is kept and shown; empty where the entry has none or does not show it."""
    if attribute != IdAttribute.OBJECT_GUID:
        return entry.text(attribute)
    raw = next(iter(entry.values.get(attribute.lower(), ())), b"")
    return str(UUID(bytes_le=bytes(raw))) if len(raw) == 16 else ""


def has_id(attribute: str, kept: str) -> str | None:
    """The filter for an entry by its id; None where that is no id."""
    if attribute != IdAttribute.OBJECT_GUID:
        return equals(attribute, kept) if kept else None
    try:
        return equals(attribute, UUID(kept).bytes_le)
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def normal(dn: str) -> tuple[tuple[str, str], ...]:
    """The DN in a form that can be compared, whatever its spaces, case and escapes; empty where it is none."""
    try:
        return tuple((name.strip().lower(), folded(unescaped(value.strip()))) for name, value, _end in parse_dn(dn))
    except LDAPException:
        return ()


def is_below(dn: str, base: str) -> bool:
    """Whether the entry is at or below the base."""
    suffix = normal(base)
    return not suffix or normal(dn)[-len(suffix) :] == suffix


def first_of(dn: str) -> tuple[str, str] | None:
    """The attribute and value by which the entry is named among its neighbours; None where that is no DN."""
    try:
        name, value, _end = parse_dn(dn)[0]
    except (LDAPException, IndexError):
        return None
    return name.strip(), unescaped(value.strip())


def unescaped(value: str) -> str:
    """A value as it stood before it was escaped for a DN (RFC 4514, section 2.4)."""
    raw, rest = bytearray(), value
    while rest:
        if rest[0] != "\\" or len(rest) == 1:
            raw += rest[0].encode()
            rest = rest[1:]
        elif all(char in "0123456789abcdefABCDEF" for char in rest[1:3]) and len(rest) > 2:
            raw.append(int(rest[1:3], 16))
            rest = rest[3:]
        else:
            raw += rest[1].encode()
            rest = rest[2:]
    return raw.decode("utf-8", "replace")
