"""Two weeks and one day before access ends: once each, by sets, and never for access that was given for less."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import DurationKind
from directory.models import User
from notifications.actions import queue_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import Assignment
from tests.cast import NOW

from .conftest import carry_out, post, told

TWO_WEEKS, TOMORROW = Occasion.ENDS_IN_TWO_WEEKS, Occasion.ENDS_TOMORROW
SECOND = timedelta(seconds=1)


@pytest.fixture
def give(cast):
    """Rita gets a package of her own for this long, from NOW on."""

    def give(amount, kind=DurationKind.DAYS):
        package = cast.package(f"Sales for {amount} {kind}", cast.role(f"Sales {amount} {kind}")[1])
        cast.policy(package, approver=None, duration_kind=kind, duration_amount=amount)
        actions.submit(package=package, actor=cast.rita, justification="March", now=NOW)
        carry_out()
        Message.objects.all().delete()
        return Assignment.objects.get(package=package)

    return give


def reminded(person):
    return [occasion for occasion, _status in told(person)]


def test_the_two_reminders_come_when_they_are_due_and_once_each(cast, granted, clock):
    Message.objects.all().delete()
    for before, expected in (
        (timedelta(days=14) + SECOND, []),
        (timedelta(days=14), [TWO_WEEKS]),
        (timedelta(days=1) + SECOND, [TWO_WEEKS]),
        (timedelta(days=1), [TWO_WEEKS, TOMORROW]),
        (SECOND, [TWO_WEEKS, TOMORROW]),
        (timedelta(0), [TWO_WEEKS, TOMORROW]),
    ):
        for _sweep in (1, 2):
            queue_reminders(now=granted.ends_at - before)
        assert reminded(cast.rita) == expected


def test_the_reminder_says_what_ends_when_and_whom_to_talk_to(cast, granted, clock):
    clock.move_to(granted.ends_at - timedelta(days=14))
    assert queue_reminders(now=granted.ends_at - timedelta(days=14)) == 1
    (letter,) = post(granted.ends_at - timedelta(days=14))
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Sales Analytics ends in 14 days, on 1 Apr 2026"
    for words in (
        "ends by itself on 1 Apr 2026, 09:00 UTC. If you need it for longer, extend it before then",
        "Looked after by: Olga",
        "Member of Sales Dashboards",
        f"/access/{granted.pk}/",
    ):
        assert words in letter.body


@pytest.mark.parametrize(
    ("amount", "kind", "expected"),
    [
        (7, DurationKind.DAYS, [TOMORROW]),
        (14, DurationKind.DAYS, [TOMORROW]),
        (15, DurationKind.DAYS, [TWO_WEEKS, TOMORROW]),
        (8, DurationKind.HOURS, []),
        (24, DurationKind.HOURS, []),
        (25, DurationKind.HOURS, [TOMORROW]),
    ],
)
def test_access_is_not_announced_to_end_when_it_has_just_begun(cast, give, amount, kind, expected):
    assignment = give(amount, kind)
    assert queue_reminders(now=NOW) == 0
    for hundredth in range(100):
        queue_reminders(now=NOW + (assignment.ends_at - NOW) * hundredth / 100)
    assert reminded(cast.rita) == expected


def test_access_without_an_end_is_never_announced(cast, give):
    give(None, DurationKind.PERMANENT)
    assert queue_reminders(now=NOW + timedelta(days=5000)) == 0


def test_after_a_downtime_the_shorter_notice_is_enough(cast, granted):
    Message.objects.all().delete()
    queue_reminders(now=granted.ends_at - timedelta(hours=3))
    assert reminded(cast.rita) == [TOMORROW]


def test_access_that_ended_before_the_mail_went_is_not_announced(cast, granted, clock):
    clock.move_to(granted.ends_at - timedelta(hours=3))
    queue_reminders(now=granted.ends_at - timedelta(hours=3))
    actions.give_back(assignment=granted, actor=cast.rita, now=granted.ends_at - timedelta(hours=2))
    post(granted.ends_at)
    row = Message.objects.get(occasion=TOMORROW)
    assert (row.status, row.withheld_because) == ("superseded", "The access has ended already.")


def test_a_moved_end_withholds_the_old_reminder_and_is_announced_anew(cast, granted, clock):
    first = granted.ends_at - timedelta(days=14)
    clock.move_to(first)
    queue_reminders(now=first)
    Assignment.objects.filter(pk=granted.pk).update(ends_at=granted.ends_at + timedelta(days=30))
    assert post(first) == []
    assert Message.objects.get(occasion=TWO_WEEKS).withheld_because == "Its end was moved."
    clock.move_to(first + timedelta(days=30))
    assert queue_reminders(now=first + timedelta(days=30)) == 1
    assert len(post(first + timedelta(days=30))) == 1


def test_an_end_that_moved_closer_within_the_notice_is_not_announced_twice(cast, granted):
    first = granted.ends_at - timedelta(days=14)
    queue_reminders(now=first)
    Assignment.objects.filter(pk=granted.pk).update(ends_at=granted.ends_at - timedelta(days=5))
    assert queue_reminders(now=first) == 0


def test_a_sweep_costs_the_same_for_one_and_for_many(cast, granted, clock):
    def sweep(now):
        with CaptureQueriesContext(connection) as captured:
            found = queue_reminders(now=now)
        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        inserts = sum(statement.startswith("INSERT") for statement in statements)
        return found, len(statements) - inserts, inserts

    due = granted.ends_at - timedelta(days=14)
    clock.move_to(due)
    one = sweep(due)
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.com") for n in range(300))
    Assignment.objects.bulk_create(
        Assignment(
            person=person,
            package=granted.package,
            policy=granted.policy,
            status=AssignmentStatus.DELIVERED,
            starts_at=NOW,
            delivered_at=NOW,
            ends_at=granted.ends_at,
        )
        for person in people
    )
    many = sweep(due)
    assert (one[0], many[0]) == (1, 300)
    assert one[1] == many[1] <= 3
    assert many[2] <= 300 / 40, "SQLite takes a thousand values at once"
    assert sweep(due)[0] == 0


def test_a_sweep_goes_on_until_nobody_is_left(cast, granted, clock, monkeypatch):
    from audit import journal

    monkeypatch.setattr(journal, "BATCH", 2)
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.com") for n in range(5))
    Assignment.objects.bulk_create(
        Assignment(
            person=person, package=granted.package, policy=granted.policy, starts_at=NOW, ends_at=granted.ends_at
        )
        for person in people
    )
    assert queue_reminders(now=granted.ends_at - timedelta(days=14)) == 6


def test_a_policy_that_sends_no_mails_about_assignments_sends_none(cast, package, ask, clock):
    """Not that the access is there, nor that it ends soon, nor that it has ended; the decision is told all the same."""
    package.policies.update(is_silent=True)
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    (approved,) = [letter for letter in post() if letter.to == ["rita@example.com"]]
    assert approved.body.count("another mail follows") == 0
    carry_out()
    assert post() == []
    ends_at = Assignment.objects.get().ends_at
    assert ends_at is not None
    assert queue_reminders(now=ends_at - timedelta(days=14)) == 0
    assert queue_reminders(now=ends_at - timedelta(days=1)) == 0
    clock.move_to(ends_at)
    actions.expire_due(now=ends_at)
    assert post(ends_at) == []
    silenced = Message.objects.filter(withheld_because="The policy “Everybody” sends no mails about assignments.")
    assert {message.occasion for message in silenced} == {Occasion.GRANTED, Occasion.ENDED}
