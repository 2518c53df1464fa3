"""How long people took to decide: what whoever asks may expect."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from django.db.models import DurationField, ExpressionWrapper, F

from directory.models import User

from .models import ApprovalAssignee

PERIOD = timedelta(days=90)
FEWEST = 3
"""Of fewer decisions than these nothing is said: one slow week would pass for a habit."""
MOST = 1000
"""Of more decisions than these, only the latest count."""


def medians(groups: Sequence[Iterable[User]], *, now: datetime) -> list[timedelta | None]:
    """For each group of people the median time that they took in the past 90 days, from being asked to deciding.

    None where they decided too seldom. One statement for all groups together, which reads no more than MOST rows.
    """
    people = [[person.pk for person in group] for group in groups]
    wanted = {pk for group in people for pk in group}
    if not wanted:
        return [None for _group in groups]
    rows = ApprovalAssignee.objects.filter(person__in=wanted, decided_at__gt=now - PERIOD, decided_at__lte=now)
    took = ExpressionWrapper(F("decided_at") - F("asked_at"), output_field=DurationField())
    latest = rows.annotate(took=took).order_by("-decided_at", "-pk").values_list("person_id", "took")[:MOST]
    times: defaultdict[UUID, list[float]] = defaultdict(list)
    for person_id, time in latest:
        times[person_id].append(time.total_seconds())
    return [_median([time for pk in group for time in times[pk]]) for group in people]


def rounded(time: timedelta) -> timedelta:
    """As people say it: to the minute, from an hour and a half to the hour, from two days to the day; never nothing."""
    for unit, fewest in ((timedelta(days=1), 2), (timedelta(hours=1), 1.5)):
        if time >= fewest * unit:
            return round(time / unit) * unit
    return max(round(time / timedelta(minutes=1)), 1) * timedelta(minutes=1)


def _median(seconds: list[float]) -> timedelta | None:
    return rounded(timedelta(seconds=median(seconds))) if len(seconds) >= FEWEST else None
