"""Information: the requester is told what is asked, the approver what was answered, and nobody is urged meanwhile."""

from datetime import timedelta

import pytest

from notifications.actions import queue_decision_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.actions import Shorter
from tests.cast import NOW

from .conftest import post, told

DAY = timedelta(days=1)


@pytest.fixture
def approval(ask, clock):
    """Marco is asked, with 14 days to decide."""
    return ask().approvals.get()


@pytest.fixture
def inquiry(cast, approval):
    return actions.ask_for_information(
        approval=approval, actor=cast.marco, question="For which customers?", now=NOW + DAY
    )


def occasions(person):
    return [occasion for occasion, _status in told(person)]


def answer(cast, inquiry, *, now):
    actions.answer_inquiry(inquiry=inquiry, actor=cast.rita, answer="For the north", now=now)


def test_the_requester_is_told_the_question_and_the_approver_the_answer(cast, inquiry):
    post(NOW + DAY)
    asked = Message.objects.get(occasion=Occasion.INFORMATION_ASKED)
    assert asked.recipient == cast.rita
    assert asked.subject == "Marco asks you about Sales Analytics: please answer by 17 Mar 2026"
    assert "For which customers?" in asked.text
    assert f"/inquiries/{inquiry.pk}/" in asked.text
    answer(cast, inquiry, now=NOW + 3 * DAY)
    post(NOW + 3 * DAY)
    given = Message.objects.get(occasion=Occasion.INFORMATION_GIVEN)
    assert given.recipient == cast.marco
    assert given.subject == "Rita answered about Sales Analytics: please decide by 18 Mar 2026"
    assert "For the north" in given.text


@pytest.mark.parametrize("is_decided", [False, True])
def test_the_approver_is_told_that_nobody_answered_while_there_is_something_to_decide(
    cast, approval, inquiry, is_decided
):
    actions.go_on_unanswered(inquiry=inquiry, now=inquiry.answer_by)
    if is_decided:
        actions.approve(approval=approval, actor=cast.marco, now=inquiry.answer_by)
    post(inquiry.answer_by)
    missing = Message.objects.get(occasion=Occasion.INFORMATION_MISSING)
    assert missing.recipient == cast.marco
    if is_decided:
        assert (missing.status, missing.subject) == ("superseded", "")
    else:
        assert missing.subject.startswith("Nobody answered about Sales Analytics: please decide by ")
        assert "For which customers?" in missing.text


def test_what_was_answered_or_decided_by_then_is_not_sent(cast, approval, inquiry):
    actions.approve(approval=approval, actor=cast.marco, now=NOW + DAY)
    post(NOW + DAY)
    assert (Occasion.INFORMATION_ASKED, "superseded") in told(cast.rita)


def test_nobody_is_reminded_while_the_clock_stands_still_and_later_by_the_wait_afterwards(cast, inquiry):
    assert queue_decision_reminders(now=NOW + 7 * DAY) == 0
    answer(cast, inquiry, now=NOW + 8 * DAY)
    assert queue_decision_reminders(now=NOW + 13 * DAY) == 0
    assert queue_decision_reminders(now=NOW + 14 * DAY) == 1
    assert Occasion.DECIDE_HALFTIME in occasions(cast.marco)


def test_an_approval_for_a_shorter_time_says_so_and_by_whom(cast, approval):
    actions.approve(approval=approval, actor=cast.marco, now=NOW, shorter=Shorter(days=7))
    post(NOW)
    approved = Message.objects.get(occasion=Occasion.APPROVED)
    assert "7 days" in approved.text
    assert "Shortened by" in approved.text
