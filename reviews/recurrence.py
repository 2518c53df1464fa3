"""When a review's campaigns start: the nth occurrence by the calendar, in the organisation's time zone.

A day that a month does not have becomes its last day (the 31st, 29 February). A time that the clocks skip moves on by
the hour that they skip; a time that comes twice counts the first time. Sources of the frequencies: the recurrence
patterns of access reviews (Microsoft Graph, `accessReviewScheduleSettings`).
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings

from .choices import Frequency

if TYPE_CHECKING:
    from .models import Review

LOOKED_AHEAD = 50
"""Starts that are compared: enough for every month of four years, a leap year among them."""
MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.SEMI_ANNUALLY: 6, Frequency.ANNUALLY: 12}


def occurrence(review: "Review", number: int) -> datetime | None:
    """When the campaign of this number (from 0) starts; None where there is none."""
    if review.starts_on is None or (review.occurrences is not None and number >= review.occurrences):
        return None
    if review.frequency == Frequency.ONCE and number > 0:
        return None
    day = _day(review.starts_on, frequency=review.frequency, steps=number * review.interval)
    if review.ends_on is not None and day > review.ends_on:
        return None
    return at(day, review.start_time)


def shortest_gap(review: "Review") -> timedelta | None:
    """The least time between two of its next starts; None where it starts only once."""
    starts = [moment for number in range(LOOKED_AHEAD) if (moment := occurrence(review, number))]
    return min((later - earlier for earlier, later in pairwise(starts)), default=None)


def at(day: date, moment: time) -> datetime:
    """That day's wall-clock time in the organisation's zone, in UTC."""
    local = datetime.combine(day, moment, tzinfo=ZoneInfo(settings.TIME_ZONE))
    return local.astimezone(UTC)


def _day(first: date, *, frequency: str, steps: int) -> date:
    """The day so many steps of the frequency after the first."""
    if frequency == Frequency.WEEKLY:
        return first + timedelta(weeks=steps)
    months = first.month - 1 + MONTHS.get(Frequency(frequency), 0) * steps
    year, month = first.year + months // 12, months % 12 + 1
    return first.replace(year=year, month=month, day=min(first.day, calendar.monthrange(year, month)[1]))
