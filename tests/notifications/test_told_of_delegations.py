"""Delegations and withdrawn approvals: who stands in, who is away and who owns the package are told, each once."""

from datetime import timedelta

import pytest

from directory.models import User
from notifications.actions import queue_decision_reminders
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment
from tests.cast import NOW

from .conftest import post, told

DAY = timedelta(days=1)


@pytest.fixture
def bea(cast):
    return User.objects.create(username="bea", display_name="Bea", email="bea@example.com")


@pytest.fixture
def delegation(cast, bea):
    """Bea decides in Marco's place for ten days; she has been told so."""
    return actions.set_delegation(delegator=cast.marco, delegate=bea, actor=cast.marco, ends_at=NOW + 10 * DAY, now=NOW)


def to(letters):
    return sorted(address for letter in letters for address in letter.to)


def test_whoever_stands_in_is_told_from_when_until_when(cast, delegation):
    [letter] = post()
    assert letter.to == ["bea@example.com"]
    assert letter.subject == "Bea decides in the place of Marco"
    assert "12 Mar 2026, 09:00 UTC" in letter.body
    assert "all catalogs" in letter.body
    assert "/approvals/delegations/" in letter.body


def test_whoever_is_away_is_told_where_an_administrator_set_it_or_ended_it(cast, bea):
    made = actions.set_delegation(delegator=cast.marco, delegate=bea, actor=cast.ada, now=NOW)
    letters = post()
    assert to(letters) == ["bea@example.com", "marco@example.com"]
    assert all("Set by: Ada" in letter.body for letter in letters)
    actions.end_delegation(delegation=made, actor=cast.ada, now=NOW)
    letters = post()
    assert to(letters) == ["bea@example.com", "marco@example.com"]
    assert {letter.subject for letter in letters} == {"Bea no longer decides in the place of Marco"}


def test_both_are_asked_and_both_are_reminded(cast, bea, delegation, ask, clock):
    post()
    approval = ask().approvals.get()
    actions.follow_delegations(now=NOW)
    letters = {letter.to[0]: letter for letter in post()}
    assert set(letters) == {"marco@example.com", "bea@example.com"}
    assert "in the place of Marco" in letters["bea@example.com"].body
    assert "in the place of" not in letters["marco@example.com"].body
    clock.move_to(NOW + 8 * DAY)
    assert queue_decision_reminders(now=NOW + 8 * DAY) == 2
    assert to(post(NOW + 8 * DAY)) == ["bea@example.com", "marco@example.com"]
    assert queue_decision_reminders(now=NOW + 8 * DAY) == 0
    assert approval.assignees.count() == 1


def test_whoever_asked_and_whoever_is_away_learn_who_decided(cast, bea, delegation, ask):
    approval = ask().approvals.get()
    actions.follow_delegations(now=NOW)
    Message.objects.all().delete()
    actions.deny(approval=approval, actor=bea, justification="Not yet", now=NOW)
    letters = {letter.to[0]: letter for letter in post()}
    assert set(letters) == {"rita@example.com", "marco@example.com"}
    assert "Bea for Marco: “Not yet”" in letters["rita@example.com"].body
    assert letters["marco@example.com"].subject == "Bea decided in your place on Sales Analytics for Rita"
    assert "Not yet" in letters["marco@example.com"].body


def test_an_approval_in_somebodys_place_is_told_too(cast, bea, delegation, ask):
    approval = ask().approvals.get()
    actions.follow_delegations(now=NOW)
    Message.objects.all().delete()
    actions.approve(approval=approval, actor=bea, now=NOW)
    assert Occasion.DECIDED_FOR_YOU in [occasion for occasion, _status in told(cast.marco)]
    assert [occasion for occasion, _status in told(bea)] == []


def test_nobody_is_asked_any_more_when_the_delegation_is_over(cast, bea, delegation, ask):
    post()
    ask()
    actions.follow_delegations(now=NOW)
    actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW)
    assert to(post()) == ["bea@example.com", "marco@example.com"]
    assert Message.objects.get(recipient=bea, occasion=Occasion.APPROVER_ASKED).withheld_because == (
        "Bea is no longer asked."
    )


def test_what_was_waiting_is_told_in_one_mail(cast, bea, ask):
    ask()
    post()
    actions.set_delegation(delegator=cast.marco, delegate=bea, actor=cast.marco, takes_waiting=True, now=NOW + DAY)
    [letter] = post(NOW + DAY)
    assert "Waiting already: 1" in letter.body


def test_a_withdrawn_approval_is_told_to_the_owner_and_to_whoever_had_it(cast, granted):
    seat = ApprovalAssignee.objects.get()
    actions.withdraw_approval(seat=seat, actor=cast.marco, why="She moved on", now=NOW)
    letters = {letter.to[0]: letter for letter in post()}
    assert set(letters) == {"rita@example.com", "olga@example.com"}
    assert letters["olga@example.com"].subject == "Marco withdrew the approval of Sales Analytics for Rita"
    for letter in letters.values():
        assert "She moved on" in letter.body


def test_the_owner_learns_what_else_a_withdrawn_approval_takes_back_and_whom_it_is_about_too(cast, granted):
    access, late = Assignment.objects.select_related("person", "package").get(), NOW + 20 * DAY
    asked = actions.extend(assignment=access, actor=cast.rita, justification="More", now=late)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=late)
    post(late)
    seat = ApprovalAssignee.objects.get(approval__access_request=asked)
    actions.withdraw_approval(seat=seat, actor=cast.marco, why="She moved on", now=late + DAY)
    letters = {letter.to[0]: letter for letter in post(late + DAY)}
    assert "ends again when it was to end before" in letters["olga@example.com"].body
    assert letters["rita@example.com"].subject.startswith("The end of your Sales Analytics was moved")


def test_whom_it_was_approved_for_learns_that_it_does_not_begin_and_why(cast, ask):
    approval = ask().approvals.get()
    AccessRequest.objects.update(wanted_start=NOW + 5 * DAY)
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    post()
    actions.withdraw_approval(seat=ApprovalAssignee.objects.get(), actor=cast.marco, why="She moved on", now=NOW)
    letters = {letter.to[0]: letter for letter in post()}
    assert "was still to begin" in letters["olga@example.com"].body
    assert "canceled before it began" in letters["rita@example.com"].body
    assert "She moved on" in letters["rita@example.com"].body
