"""Mail about extensions: the button before the end, the question to the approver, and what became of it."""

from datetime import timedelta

import pytest

from notifications.actions import queue_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from tests.cast import NOW

from .conftest import post, told

BASE = "http://127.0.0.1:8000"
LATE = NOW + timedelta(days=16)
"""Two weeks before the end of what Rita has."""


@pytest.fixture
def late(granted, clock):
    clock.move_to(LATE)
    Message.objects.all().delete()


@pytest.fixture
def extension(cast, granted, late):
    return actions.extend(assignment=granted, actor=cast.rita, justification="The quarter is not over", now=LATE)


def test_before_the_end_the_button_leads_to_the_extension(cast, granted, late):
    queue_reminders(now=LATE)
    (letter,) = post(LATE)
    assert f"{BASE}/access/{granted.pk}/extend/" in letter.body
    assert "extend it before then" in letter.body


def test_where_it_cannot_be_extended_the_button_leads_to_the_access(cast, granted, late):
    type(granted.policy).objects.update(is_extension_allowed=False)
    queue_reminders(now=LATE)
    (letter,) = post(LATE)
    assert f"{BASE}/access/{granted.pk}/extend/" not in letter.body
    assert f"{BASE}/access/{granted.pk}/" in letter.body
    assert "talk to Olga" in letter.body


def test_the_approver_reads_from_when_until_when(cast, extension):
    (letter,) = post(LATE)
    assert letter.to == ["marco@example.com"]
    assert letter.subject == "Rita asks for Sales Analytics for longer: please decide by 1 Apr 2026"
    assert "keeps it for longer" in letter.body
    assert "Ends now: 1 Apr 2026, 09:00 UTC" in letter.body
    assert "Extended until: 1 May 2026, 09:00 UTC" in letter.body


def test_an_approved_extension_is_told_once(cast, granted, extension):
    post(LATE)
    actions.approve(approval=extension.approvals.get(), actor=cast.marco, now=LATE)
    (letter,) = post(LATE)
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "Extended: you have Sales Analytics until 1 May 2026"
    assert "Approved by: Marco" in letter.body
    assert told(cast.rita) == [(Occasion.EXTENDED, "done")]


def test_a_denied_extension_says_that_the_end_stays(cast, extension):
    post(LATE)
    actions.deny(approval=extension.approvals.get(), actor=cast.marco, justification="No", now=LATE)
    (letter,) = post(LATE)
    assert "Denied: Sales Analytics for longer" in letter.subject
    assert "The access is there until its end, which stays as it was." in letter.body
    assert "Nothing was changed" not in letter.body


def test_an_expired_extension_says_so_too(cast, extension):
    post(LATE)
    approval = extension.approvals.get()
    type(approval).objects.update(due_at=LATE)
    assert actions.expire_overdue(approval=approval, now=LATE)
    (letter,) = post(LATE)
    assert "it may be asked again to extend it" in letter.body


def test_the_new_end_has_reminders_of_its_own(cast, granted, extension):
    queue_reminders(now=LATE)
    actions.approve(approval=extension.approvals.get(), actor=cast.marco, now=LATE)
    post(LATE)
    assert [row for row in told(cast.rita) if row[0] == Occasion.ENDS_IN_TWO_WEEKS] == [
        (Occasion.ENDS_IN_TWO_WEEKS, "superseded")
    ], "what was queued for the old end is not sent any more"
    new_end = granted.ends_at + timedelta(days=30)
    for before, occasion in ((14, Occasion.ENDS_IN_TWO_WEEKS), (1, Occasion.ENDS_TOMORROW)):
        assert queue_reminders(now=new_end - timedelta(days=before)) == 1
        (letter,) = post(new_end - timedelta(days=before))
        assert told(cast.rita)[-1] == (occasion, "done")
        assert "1 May 2026" in letter.subject


def test_an_end_that_was_moved_is_told_with_who_and_why(cast, granted):
    later = granted.ends_at + timedelta(days=30)
    actions.change_end(assignment=granted, actor=cast.olga, ends_at=later, why="The project goes on", now=NOW)
    (letter,) = post()
    assert letter.to == ["rita@example.com"]
    assert letter.subject == "The end of your Sales Analytics was moved: you have it until 1 May 2026"
    assert "Moved by: Olga" in letter.body
    assert "Why: The project goes on" in letter.body
