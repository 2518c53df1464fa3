"""How long people took to decide, said to whoever asks before they ask."""

from datetime import timedelta

import pytest

from catalog.choices import ApproverKind, ApproverUse
from catalog.models import Policy
from directory.models import User
from requests_app import actions
from requests_app.models import ApprovalAssignee
from requests_app.pace import medians, rounded
from requests_app.prospects import look_ahead
from tests.cast import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def decide(cast, package):
    """Marco decides on somebody's request after so long."""

    def decide(after, *, at=NOW - 30 * DAY):
        number = User.objects.count()
        actor = User.objects.create(username=f"p{number}", display_name=f"P{number}", manager=cast.marco)
        asked = actions.submit(package=package, actor=actor, justification="New", now=at)
        actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=at + after)

    return decide


def test_it_is_the_median_of_what_was_decided(cast, decide):
    for hours in (1, 3, 200):
        decide(hours * HOUR)
    assert medians([[cast.marco], [cast.ada], [cast.ada, cast.marco]], now=NOW) == [3 * HOUR, None, 3 * HOUR]


def test_two_decisions_are_no_habit(cast, decide):
    decide(HOUR)
    decide(HOUR)
    assert medians([[cast.marco]], now=NOW) == [None]


def test_what_is_older_than_ninety_days_does_not_count(cast, decide):
    for _each in range(3):
        decide(HOUR, at=NOW - 91 * DAY)
    assert medians([[cast.marco]], now=NOW) == [None]
    for _each in range(3):
        decide(2 * HOUR, at=NOW - 89 * DAY)
    assert medians([[cast.marco]], now=NOW) == [2 * HOUR]


def test_it_counts_from_when_each_of_them_was_asked(cast, decide):
    for _each in range(3):
        decide(10 * HOUR)
    for row in ApprovalAssignee.objects.all():
        row.asked_at += 8 * HOUR
        row.save()
    assert medians([[cast.marco]], now=NOW) == [2 * HOUR]


def test_it_is_one_statement_however_many_stages_and_people(cast, decide, django_assert_num_queries):
    for _each in range(3):
        decide(HOUR)
    people = list(User.objects.all())
    with django_assert_num_queries(1):
        medians([people, [cast.marco], people], now=NOW)
    with django_assert_num_queries(0):
        assert medians([[], []], now=NOW) == [None, None]


def test_it_reads_no_more_than_the_latest_decisions(cast, decide, monkeypatch):
    from requests_app import pace

    for _each in range(3):
        decide(50 * HOUR, at=NOW - 60 * DAY)
    for _each in range(3):
        decide(HOUR, at=NOW - 10 * DAY)
    monkeypatch.setattr(pace, "MOST", 3)
    assert medians([[cast.marco]], now=NOW) == [HOUR]


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(seconds=4), timedelta(minutes=1)),
        (timedelta(minutes=61, seconds=20), timedelta(minutes=61)),
        (timedelta(hours=3, minutes=40), 4 * HOUR),
        (timedelta(hours=47), 47 * HOUR),
        (timedelta(days=6, hours=14), 7 * DAY),
    ],
)
def test_times_are_said_roughly(time, said):
    assert rounded(time) == said


def test_what_lies_ahead_names_who_decides_who_comes_after_and_how_long_it_takes(cast, package, decide):
    for _each in range(3):
        decide(5 * HOUR)
    policy = package.policies.get()
    second = policy.stages.create(position=2, approvals_required=None, alternates_after=timedelta(days=2))
    for person, use in ((cast.olga, "primary"), (cast.ada, "primary"), (cast.charlie, ApproverUse.ALTERNATE)):
        second.approvers.create(kind=ApproverKind.PERSON, person=person, use=use)
    complete = Policy.objects.complete().get()
    first, last = look_ahead([complete], person=cast.rita, now=NOW)[policy.pk]
    assert (first.found.people, first.required, first.usual, first.alternates) == ([cast.marco], 1, 5 * HOUR, None)
    assert ({*last.found.people}, last.required, last.usual) == ({cast.olga, cast.ada}, 2, None)
    assert last.alternates is not None
    assert last.alternates.people == [cast.charlie]
