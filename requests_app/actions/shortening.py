"""Approving for a shorter time than was asked for; never for a longer one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalog.wording import time_in_words
from directory.models import User

from ..lifecycle import UPDATING
from ..models import AccessRequest, end_of
from .moving import in_journal


@dataclass(frozen=True)
class Shorter:
    """A shorter time: so many days (of an extension: beyond the present end), or until a moment; one of the two."""

    days: int | None = None
    ends_at: datetime | None = None


def shorten(access_request: AccessRequest, shorter: Shorter, *, actor: User, now: datetime) -> dict[str, str]:
    """Cut the locked request down; returns what it was and what it is now, in words.

    Raises ValidationError, at `days` or `ends_at`, where that is not shorter than what the request asks for by now,
    be it that somebody who decided before has shortened it already, or leaves nothing.
    """
    field = "days" if shorter.days is not None else "ends_at"
    if (shorter.days is None) == (shorter.ends_at is None):
        raise ValidationError({field: _("Say for how many days, or until when: one of the two.")})
    old = _in_words(access_request)
    begins, ends = _period(access_request, now=now)
    new_end = shorter.ends_at or begins + timedelta(days=shorter.days or 0)
    if new_end <= max(begins, now):
        raise ValidationError({field: _("Nothing would be left of it: deny it instead.")})
    if ends is not None and new_end >= ends:
        raise ValidationError({field: _("That is no shorter than what it is by now: %(old)s.") % {"old": old}})
    _write(access_request, shorter, new_end=new_end, actor=actor)
    return {"old": old, "new": _in_words(access_request)}


def _in_words(access_request: AccessRequest) -> str:
    """For how long it is asked for by now, as the journal tells it."""
    if access_request.kind in UPDATING:
        return _until(access_request.wanted_end)
    duration, fixed_end = access_request.duration, access_request.fixed_end
    if duration is None:
        return _until(fixed_end)
    time = time_in_words(duration)
    facts = {"time": time, "end": in_journal(fixed_end)}
    return _("%(time)s, until %(end)s at the latest") % facts if fixed_end else time


def _period(access_request: AccessRequest, *, now: datetime) -> tuple[datetime, datetime | None]:
    """When what is asked for would begin were it approved now, and when it would end; None: never."""
    if access_request.kind in UPDATING and access_request.assignment:
        return access_request.assignment.ends_at or now, access_request.wanted_end
    begins = max(now, access_request.wanted_start or now)
    return begins, end_of(starts_at=begins, duration=access_request.duration, fixed_end=access_request.fixed_end)


def _write(access_request: AccessRequest, shorter: Shorter, *, new_end: datetime, actor: User) -> None:
    if access_request.kind in UPDATING:
        access_request.wanted_end = new_end
    elif shorter.days is not None:
        access_request.duration = timedelta(days=shorter.days)
    else:
        access_request.fixed_end = new_end
    access_request.shortened_by = actor
    access_request.save(update_fields=["wanted_end", "duration", "fixed_end", "shortened_by"])


def _until(end: datetime | None) -> str:
    return _("until %(end)s") % {"end": in_journal(end)} if end else _("without an end")
