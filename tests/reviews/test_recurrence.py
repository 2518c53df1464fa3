"""When campaigns start: by the calendar, whatever the calendar and the clocks do."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from reviews.choices import Frequency
from reviews.models import Review
from reviews.recurrence import occurrence, shortest_gap

pytestmark = pytest.mark.one_database("about dates alone")


def starts(review: Review, count: int) -> list[str]:
    found = (occurrence(review, number) for number in range(count))
    return [f"{moment:%Y-%m-%d}" if moment else "never" for moment in found]


@pytest.mark.parametrize(
    ("frequency", "interval", "expected"),
    [
        (Frequency.ONCE, 1, ["2027-01-31", "never", "never"]),
        (Frequency.WEEKLY, 2, ["2027-01-31", "2027-02-14", "2027-02-28"]),
        (Frequency.MONTHLY, 1, ["2027-01-31", "2027-02-28", "2027-03-31"]),
        (Frequency.QUARTERLY, 1, ["2027-01-31", "2027-04-30", "2027-07-31"]),
        (Frequency.SEMI_ANNUALLY, 1, ["2027-01-31", "2027-07-31", "2028-01-31"]),
        (Frequency.ANNUALLY, 1, ["2027-01-31", "2028-01-31", "2029-01-31"]),
    ],
)
def test_t2_a_day_that_a_month_lacks_is_its_last(frequency, interval, expected):
    assert starts(Review(frequency=frequency, interval=interval, starts_on=date(2027, 1, 31)), 3) == expected


def test_t2_29_february_comes_back_in_leap_years():
    review = Review(frequency=Frequency.ANNUALLY, starts_on=date(2028, 2, 29))
    assert starts(review, 5) == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # 02:30 is skipped: half past three
        (date(2027, 10, 31), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # 02:30 comes twice: the first one
    ],
)
def test_t2_a_time_that_the_clocks_skip_or_repeat_comes_once(settings, day, expected):
    settings.TIME_ZONE = "Europe/Berlin"
    review = Review(frequency=Frequency.ONCE, starts_on=day, start_time=time(2, 30))
    assert occurrence(review, 0) == expected


def test_it_ends_after_so_many_or_on_a_date():
    begun = {"frequency": Frequency.MONTHLY, "starts_on": date(2027, 1, 1)}
    assert starts(Review(occurrences=2, **begun), 3) == ["2027-01-01", "2027-02-01", "never"]
    assert starts(Review(ends_on=date(2027, 2, 1), **begun), 3) == ["2027-01-01", "2027-02-01", "never"]


def test_the_shortest_gap_is_february_or_none():
    assert shortest_gap(Review(frequency=Frequency.MONTHLY, starts_on=date(2027, 1, 31))) == timedelta(days=28)
    assert shortest_gap(Review(frequency=Frequency.ONCE, starts_on=date(2027, 1, 31))) is None
