"""What a letter is made of: the facts that a writer finds, and how they read; `writing` makes the words of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from ..models import Message
    from .roles import System

Row = TypeVar("Row", bound=Model)
Fact = tuple[str, str]
"""What something is called, and what it is."""


class NoLongerNeeded(Exception):
    """The reason for a message is gone; the message says how."""


@dataclass(frozen=True)
class Draft:
    """What there is to say on an occasion: `values` by the names of the letter's placeholders, and what is more.

    `summary` is the line that mail programs and digests show; `act_by` is when it is too late to act.
    """

    values: dict[str, str]
    summary: str
    button: str
    url: str
    because: str
    facts: list[Fact] = field(default_factory=list)
    systems: "list[System]" = field(default_factory=list)
    act_by: datetime | None = None
    parts: "tuple[Part, ...]" = ()


@dataclass(frozen=True)
class Letter:
    """The finished words, plain and as HTML, and what a digest tells of them."""

    subject: str
    text: str
    html: str
    topic: str
    sender: str
    summary: str
    button: str
    url: str
    act_by: datetime | None = None
    parts: "tuple[Part, ...]" = ()


@dataclass(frozen=True)
class Part:
    """A message that waited for a digest: its letter, or why it need not be told any more."""

    message: "Message"
    letter: Letter | None = None
    withheld_because: str = ""


def find(rows: "QuerySet[Row]", pk: UUID) -> Row:
    """What a message is about. Raises NoLongerNeeded where it is gone."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NoLongerNeeded(_("What it is about no longer exists."))
    return row


def link(name: str, *args: object) -> str:
    """The address of a page, as it is reached from outside."""
    return settings.BASE_URL + reverse(name, args=args)


def facts(*pairs: tuple[str, str | None]) -> list[Fact]:
    """Those of the pairs that have something to say."""
    return [(label, said) for label, said in pairs if said]


def day(at: datetime) -> str:
    """A day, as in “5 Dec 2026”."""
    return date_format(timezone.localtime(at), "j M Y")


def moment(at: datetime) -> str:
    """A moment to the minute, with its time zone."""
    return date_format(timezone.localtime(at), "j M Y, H:i T")


def until(ends_at: datetime | None) -> str:
    """When access ends, also where it does not."""
    return moment(ends_at) if ends_at else _("it has no end")


def period(duration: timedelta | None, *, fixed_end: datetime | None) -> str:
    """How long access is to last that has not begun."""
    if duration is None:
        return _("until %(moment)s") % {"moment": moment(fixed_end)} if fixed_end else _("without an end")
    hours = round(duration.total_seconds() / 3600)
    if hours % 24:
        lasting = ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    else:
        lasting = ngettext("%(count)d day", "%(count)d days", hours // 24) % {"count": hours // 24}
    if fixed_end is None:
        return lasting
    return _("%(lasting)s, but not past %(moment)s") % {"lasting": lasting, "moment": moment(fixed_end)}


def time_left(left: timedelta) -> str:
    """How much time is left, in days."""
    days = ceil(left / timedelta(days=1))
    return ngettext("within a day", "in %(count)d days", days) % {"count": days}


def listed(people: Iterable[object]) -> str:
    """Names in a row."""
    return ", ".join(str(person) for person in people)
