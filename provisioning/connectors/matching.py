"""By what a target knows people, where it keeps no account ids that we could keep: an attribute of theirs."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from directory.models import User

from .aliases import Names
from .base import Holder

BATCH = 1000
"""Holders whose names are looked up by one statement."""


class KnownBy(models.TextChoices):
    USERNAME = "username", _("user name")
    EMAIL = "email", _("mail address")
    EMPLOYEE_NUMBER = "employee_number", _("employee number")


def known_as(person: User | Names, attribute: str) -> str:
    """What the target calls the person; empty where nobody told us."""
    return str(getattr(person, attribute) or "").strip()


def is_same(one: str, other: str) -> bool:
    """Whether two names mean one person, whatever their case; nothing is the same as no name."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()


def holders(found: Iterable[tuple[str, str]], *, attribute: str) -> Iterator[Holder]:
    """Holders by pairs of account id and name, their names put into user names; one batch at a time in memory."""
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        names = _usernames([name for _account, name in batch], attribute=attribute)
        for account_id, name in batch:
            username = name if attribute == KnownBy.USERNAME else names.get(name.strip().lower())
            yield Holder(account_id, name=username or name, is_username=username is not None)


def each_once(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs of account id and name without those that a target names twice; each is remembered by sixteen bytes."""
    seen = set[bytes]()
    for account_id, name in pairs:
        mark = hashlib.blake2b(account_id.encode(), digest_size=16).digest()
        if mark not in seen:
            seen.add(mark)
            yield account_id, name


def _usernames(names: Sequence[str], *, attribute: str) -> dict[str, str]:
    """The user name behind each name, in small letters; what two people share says nothing about either."""
    if attribute == KnownBy.USERNAME:
        return {}
    wanted = {name.strip().lower() for name in names if name.strip()}
    rows = User.objects.annotate(known=Lower(attribute)).filter(known__in=wanted).order_by("pk")
    found: dict[str, set[str]] = {}
    for known, username in rows.values_list("known", "username"):
        found.setdefault(known, set()).add(username)
    return {known: usernames.pop() for known, usernames in found.items() if len(usernames) == 1}
