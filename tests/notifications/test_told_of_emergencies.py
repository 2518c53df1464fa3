"""Emergency access: owners are alarmed at once, and reminded until it is reviewed."""

from datetime import timedelta

import pytest

from catalog.choices import DurationKind, RequestorScope
from catalog.models import Incompatibility
from notifications.actions import queue_review_reminders
from notifications.models import Occasion
from requests_app import actions
from requests_app.models import EmergencyReview
from tests.cast import NOW

from .conftest import post, told

DAY = timedelta(days=1)


@pytest.fixture
def review(cast, package):
    """Rita takes the package in an emergency, beside something that it is incompatible with."""
    entering = cast.package("Sales Corrections", cast.role("Corrections")[1])
    cast.policy(entering, approver=None)
    actions.submit(package=entering, actor=cast.rita, justification="Needed", now=NOW)
    Incompatibility.objects.create(package=package, other_package=entering)
    hours = {"duration_kind": DurationKind.HOURS, "duration_amount": 8}
    policy = cast.policy(package, approver=None, name="Night", scope=RequestorScope.EMERGENCY, **hours)
    policy.people.add(cast.rita)
    actions.take_in_emergency(package=package, actor=cast.rita, justification="The bank closes", now=NOW)
    return EmergencyReview.objects.get()


def occasions(person):
    return [occasion for occasion, _status in told(person)]


def test_the_owner_is_alarmed_at_once_with_the_reason_the_conflict_and_how_often(cast, review):
    [letter] = [letter for letter in post() if letter.to == ["olga@example.com"]]
    assert letter.subject == "Emergency: Rita took Sales Analytics"
    for words in ("The bank closes", "1 time in 90 days", "Rita has Sales Corrections", f"/emergencies/{review.pk}/"):
        assert words in letter.body


def test_the_review_is_called_for_two_days_before_it_is_due_and_when_it_is_overdue(cast, review):
    due = NOW + 7 * DAY
    assert queue_review_reminders(now=due - 3 * DAY) == 0
    assert queue_review_reminders(now=due - 2 * DAY) == 1
    assert queue_review_reminders(now=due - DAY) == 0
    assert queue_review_reminders(now=due) == 2
    assert queue_review_reminders(now=due + DAY) == 0
    assert occasions(cast.olga) == [Occasion.EMERGENCY_TAKEN, Occasion.EMERGENCY_DUE, Occasion.EMERGENCY_OVERDUE]
    assert occasions(cast.ada) == [Occasion.EMERGENCY_OVERDUE]
    letters = {letter.to[0]: letter.subject for letter in post(due + DAY)}
    assert letters["ada@example.com"] == "Overdue: the review of Rita’s emergency access to Sales Analytics"


def test_nobody_is_reminded_of_what_is_reviewed(cast, review):
    actions.judge_emergency(review=review, actor=cast.olga, is_justified=True, findings="Right", now=NOW)
    assert queue_review_reminders(now=NOW + 8 * DAY) == 0


@pytest.mark.parametrize(("is_justified", "words"), [(True, "you were right"), (False, "you should not have")])
def test_whoever_took_it_learns_what_was_found(cast, review, is_justified, words):
    post()
    actions.judge_emergency(review=review, actor=cast.olga, is_justified=is_justified, findings="As it was", now=NOW)
    letter = next(letter for letter in post() if letter.subject.startswith("Reviewed"))
    assert (letter.to, letter.subject) == (["rita@example.com"], "Reviewed: you took Sales Analytics in an emergency")
    assert words in letter.body
    assert "What was found: As it was" in letter.body
    assert "Reviewed by: Olga" in letter.body
