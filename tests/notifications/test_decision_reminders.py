"""Reminders to decide: at half of the stage's time and a day before it ends, once each, to those who still have to."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import ApproverKind, ApproverUse
from directory.actions import disable_person
from directory.models import User
from notifications.actions import queue_decision_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.models import Approval, ApprovalAssignee
from tests.cast import NOW

from .conftest import post, told

ASKED, HALF, TOMORROW = Occasion.APPROVER_ASKED, Occasion.DECIDE_HALFTIME, Occasion.DECIDE_TOMORROW
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def stage(package):
    return package.policies.get().stages.get()


@pytest.fixture
def approval(ask):
    """Marco is asked, with 14 days to decide."""
    return ask().approvals.get()


def occasions(person):
    return [occasion for occasion, _status in told(person)]


def test_both_reminders_come_when_they_are_due_and_once_each(cast, approval):
    for after, expected in (
        (7 * DAY - SECOND, [ASKED]),
        (7 * DAY, [ASKED, HALF]),
        (13 * DAY - SECOND, [ASKED, HALF]),
        (13 * DAY, [ASKED, HALF, TOMORROW]),
        (14 * DAY - SECOND, [ASKED, HALF, TOMORROW]),
        (14 * DAY, [ASKED, HALF, TOMORROW]),
    ):
        for _sweep in (1, 2):
            queue_decision_reminders(now=NOW + after)
        assert occasions(cast.marco) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(1, [HALF]), (2, [TOMORROW]), (3, [HALF, TOMORROW]), (30, [HALF, TOMORROW])]
)
def test_short_stages_get_one_reminder_and_longer_ones_two(cast, stage, ask, days, expected):
    stage.time_limit = timedelta(days=days)
    stage.save()
    ask()
    for hour in range(0, days * 24 + 2, max(1, days // 5)):
        queue_decision_reminders(now=NOW + timedelta(hours=hour))
    assert occasions(cast.marco) == [ASKED, *expected]


def test_only_those_who_still_have_to_decide_are_reminded(cast, stage, ask):
    stage.approvals_required = 2
    stage.save()
    for person in (cast.olga, cast.charlie):
        stage.approvers.create(kind=ApproverKind.PERSON, person=person)
    approval = ask().approvals.get()
    actions.approve(approval=approval, actor=cast.olga, now=NOW)
    disable_person(person=cast.charlie, actor=None, now=NOW)
    assert queue_decision_reminders(now=NOW + 7 * DAY) == 1
    assert occasions(cast.marco) == [ASKED, HALF]
    assert occasions(cast.olga) == occasions(cast.charlie) == [ASKED]


def test_nobody_is_reminded_of_a_stage_that_is_over_or_not_begun(cast, package, approval):
    actions.deny(approval=approval, actor=cast.marco, now=NOW)
    assert queue_decision_reminders(now=NOW + 13 * DAY) == 0


def test_a_reminder_that_is_overtaken_by_the_decision_is_not_sent(cast, approval, clock):
    post()
    clock.move_to(NOW + 7 * DAY)
    queue_decision_reminders(now=NOW + 7 * DAY)
    actions.deny(approval=approval, actor=cast.marco, now=NOW + 7 * DAY)
    assert [letter.to for letter in post(NOW + 7 * DAY)] == [["rita@example.com"]]
    assert Message.objects.get(occasion=HALF).withheld_because == "This approval is denied."


def test_after_a_downtime_the_later_reminder_is_enough(cast, approval):
    queue_decision_reminders(now=NOW + 13 * DAY + timedelta(hours=5))
    assert occasions(cast.marco) == [ASKED, TOMORROW]


def test_the_reminder_says_what_waits_how_long_and_where(cast, approval, clock):
    post()
    clock.move_to(NOW + 13 * DAY)
    queue_decision_reminders(now=NOW + 13 * DAY)
    (letter,) = post(NOW + 13 * DAY)
    assert letter.to == ["marco@example.com"]
    assert letter.subject == "Reminder: Rita waits for Sales Analytics, please decide by 16 Mar 2026"
    assert "You have not decided yet; without a decision the request expires within a day." in letter.body
    assert f"/approvals/{approval.pk}/" in letter.body


def test_alternates_are_told_why_they_are_asked_and_reminded_of_what_is_still_ahead_only(cast, stage, ask, clock):
    stage.alternates_after = timedelta(days=8)
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.charlie)
    approval = ask().approvals.get()
    post()
    clock.move_to(NOW + 8 * DAY)
    assert actions.ask_alternates(approval=approval, now=NOW + 8 * DAY)
    (letter,) = post(NOW + 8 * DAY)
    assert letter.to == ["charlie@example.com"]
    assert "You are asked as an alternate: it was not decided in time by those who were asked first" in letter.body
    assert "Asked as well: Marco" in letter.body
    queue_decision_reminders(now=NOW + 8 * DAY)
    assert occasions(cast.charlie) == [Occasion.ALTERNATE_ASKED]
    assert letter.subject == "Forwarded to you: Rita asks for Sales Analytics, please decide by 16 Mar 2026"
    queue_decision_reminders(now=NOW + 13 * DAY)
    assert occasions(cast.charlie) == [Occasion.ALTERNATE_ASKED, TOMORROW]
    assert occasions(cast.marco) == [ASKED, HALF, TOMORROW]


def test_a_letter_of_one_stage_among_several_says_which(cast, package, ask):
    package.policies.get().stages.create(position=2).approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    ask()
    (letter,) = post()
    assert "Stage: 1 of 2" in letter.body


def test_a_sweep_costs_the_same_for_one_and_for_many(cast, approval):
    def sweep():
        with CaptureQueriesContext(connection) as captured:
            found = queue_decision_reminders(now=NOW + 7 * DAY)
        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        return found, sum(not statement.startswith("INSERT") for statement in statements)

    one = sweep()
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.com") for n in range(300))
    ApprovalAssignee.objects.bulk_create(
        ApprovalAssignee(approval=approval, person=person, asked_at=NOW) for person in people
    )
    many = sweep()
    assert (one[0], many[0]) == (1, 300)
    assert one[1] == many[1] <= 5
    assert sweep()[0] == 0
    assert Approval.objects.get() == approval
