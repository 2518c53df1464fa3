"""How moments and periods are said."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils import timezone

from portal.templatetags import dates

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def write(expression: str, value: object) -> str:
    return Template(f"{{% load dates %}}{{{{ value|{expression} }}}}").render(Context({"value": value}))


@pytest.mark.parametrize(
    ("apart", "ahead", "ago"),
    [
        (timedelta(seconds=59), "in a moment", "just now"),
        (timedelta(minutes=1), "in 1 minute", "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "in 59 minutes", "59 minutes ago"),
        (timedelta(hours=1), "in 1 hour", "1 hour ago"),
        (timedelta(hours=23, minutes=59), "in 23 hours", "23 hours ago"),
        (timedelta(days=1), "tomorrow", "yesterday"),
        (timedelta(days=2), "in 2 days", "2 days ago"),
        (timedelta(days=59), "in 59 days", "59 days ago"),
        (timedelta(days=60), "in 2 months", "2 months ago"),
        (timedelta(days=364), "in 12 months", "12 months ago"),
        (timedelta(days=730), "in 2 years", "2 years ago"),
    ],
)
def test_a_distance_is_said_in_the_unit_that_people_use(apart: timedelta, ahead: str, ago: str) -> None:
    assert dates.distance(NOON + apart, now=NOON) == ahead
    assert dates.distance(NOON - apart, now=NOON) == ago


def test_beyond_a_day_the_calendar_counts_and_not_the_clock() -> None:
    assert dates.distance(datetime(2026, 11, 24, 23, 59, tzinfo=UTC), now=NOON) == "tomorrow"
    assert dates.distance(datetime(2026, 11, 25, 12, 1, tzinfo=UTC), now=NOON) == "in 2 days"
    assert dates.distance(datetime(2026, 11, 26, 0, 1, tzinfo=UTC), now=NOON) == "in 3 days"


def test_a_moment_is_a_time_with_its_exact_value_on_hover() -> None:
    assert write("when", NOON - timedelta(days=12)) == (
        '<time datetime="2026-11-11T12:00:00+00:00" title="11 Nov 2026, 12:00:00 UTC">12 days ago</time>'
    )


@override_settings(TIME_ZONE="Europe/Vienna")
def test_days_and_times_are_those_of_the_zone_that_is_shown() -> None:
    late = datetime(2026, 12, 4, 23, 30, tzinfo=UTC)
    assert write("day", late) == (
        '<time datetime="2026-12-05T00:30:00+01:00" title="5 Dec 2026, 00:30:00 CET">5 Dec 2026</time>'
    )
    assert ">ends in 12 days, 5 Dec 2026<" in write("ends", late)


def test_a_day_without_a_time_is_a_day() -> None:
    assert write("day", date(2026, 12, 5)) == '<time datetime="2026-12-05" title="5 Dec 2026">5 Dec 2026</time>'


def test_an_end_is_ahead_or_past_or_missing() -> None:
    assert ">ends in 12 days, 5 Dec 2026<" in write("ends", NOON + timedelta(days=12))
    assert ">ends in 1 minute, 23 Nov 2026<" in write("ends", NOON + timedelta(minutes=1))
    assert ">ended 3 days ago, 20 Nov 2026<" in write("ends", NOON - timedelta(days=3))
    assert write("ends", None) == "without an end"


def test_what_is_missing_is_not_written() -> None:
    assert write("when", None) == write("day", None) == ""


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=180), "180 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "2 minutes"),
        (None, "without an end"),
    ],
)
def test_a_period_is_said_in_the_largest_unit_without_a_rest(period: timedelta | None, words: str) -> None:
    assert write("lasts", period) == words
