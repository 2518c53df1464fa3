"""Those who were asked learn what became of it, where others had the last word: by a sweep, once, and briefly."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.choices import ApproverKind, ApproverUse
from directory.models import User
from notifications.actions import queue_outcomes
from notifications.models import Message, Occasion
from requests_app import actions
from requests_app.models import Approval, ApprovalAssignee
from tests.cast import NOW

from .conftest import carry_out, post, told

ASKED, BY_OTHERS, STAGE, EXPIRED = (
    Occasion.APPROVER_ASKED,
    Occasion.APPROVED_BY_OTHERS,
    Occasion.STAGE_APPROVED,
    Occasion.STAGE_EXPIRED,
)
HOUR = timedelta(hours=1)


@pytest.fixture
def stage(package):
    return package.policies.get().stages.get()


@pytest.fixture
def second_stage(cast, package):
    """Ada decides after Marco."""
    stage = package.policies.get().stages.create(position=2)
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    return stage


def occasions(person):
    return [occasion for occasion, _status in told(person)]


def test_who_decides_alone_is_told_nothing_more(cast, ask):
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    assert queue_outcomes(now=NOW) == 0


def test_the_others_who_were_asked_learn_that_it_is_approved_and_by_whom(cast, stage, ask):
    for person, use in ((cast.olga, ApproverUse.PRIMARY), (cast.charlie, ApproverUse.ALTERNATE)):
        stage.approvers.create(kind=ApproverKind.PERSON, person=person, use=use)
    stage.alternates_after = timedelta(days=2)
    stage.save()
    access_request = ask()
    approval = access_request.approvals.get()
    actions.ask_alternates(approval=approval, now=NOW + timedelta(days=2))
    post(NOW + timedelta(days=2))
    actions.approve(approval=approval, actor=cast.marco, justification="Of course", now=NOW + timedelta(days=3))
    for _sweep in (1, 2):
        queue_outcomes(now=NOW + timedelta(days=3))
    letters = {letter.to[0]: letter for letter in post(NOW + timedelta(days=3))}
    assert set(letters) == {"rita@example.com", "olga@example.com", "charlie@example.com"}
    assert letters["olga@example.com"].subject == "Approved: Sales Analytics for Rita"
    assert "Sales Analytics for Rita, about which you were asked, is approved. You need not" in (
        letters["olga@example.com"].body
    )
    assert "Approved by: Marco: “Of course”" in letters["charlie@example.com"].body
    assert f"/requests/{access_request.pk}/" in letters["charlie@example.com"].body
    assert occasions(cast.marco) == [ASKED]


def test_a_stage_that_others_approved_is_told_while_the_next_one_decides(cast, stage, second_stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    access_request = ask()
    actions.approve(approval=access_request.approvals.get(position=1), actor=cast.marco, now=NOW)
    queue_outcomes(now=NOW)
    assert occasions(cast.olga) == [ASKED, STAGE]
    assert occasions(cast.marco) == [ASKED]
    letter = next(letter for letter in post() if letter.to == ["olga@example.com"])
    assert letter.subject == "Approved in your stage: Sales Analytics for Rita"
    assert "now others decide" in letter.body


def test_on_completion_everybody_of_every_stage_is_told_once_but_the_last_approver(cast, stage, second_stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    access_request = ask()
    actions.approve(approval=access_request.approvals.get(position=1), actor=cast.marco, now=NOW)
    actions.approve(approval=access_request.approvals.get(position=2), actor=cast.ada, now=NOW + HOUR)
    for _sweep in (1, 2):
        queue_outcomes(now=NOW + HOUR)
    assert occasions(cast.olga) == occasions(cast.marco) == [ASKED, BY_OTHERS]
    assert occasions(cast.ada) == [ASKED]


def test_whoever_was_asked_in_vain_learns_that_the_request_has_expired(cast, stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    approval = ask().approvals.get()
    post()
    later = NOW + timedelta(days=14)
    actions.expire_overdue(approval=approval, now=later)
    for _sweep in (1, 2):
        queue_outcomes(now=later)
    letters = {letter.to[0]: letter for letter in post(later)}
    assert letters["marco@example.com"].subject == "Expired: Sales Analytics for Rita"
    assert "Was asked: Marco, Olga" in letters["olga@example.com"].body
    assert "Nobody denied it." in letters["rita@example.com"].body
    assert occasions(cast.marco) == [ASKED, EXPIRED]


def test_a_denial_is_told_to_whoever_asked_only(cast, stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    actions.deny(approval=ask().approvals.get(), actor=cast.marco, justification="No", now=NOW)
    assert queue_outcomes(now=NOW) == 0


def test_what_was_decided_days_ago_is_no_news(cast, stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    assert queue_outcomes(now=NOW + timedelta(days=3)) == 0


def test_an_approval_that_came_to_nothing_before_the_mail_went_is_not_told(cast, stage, ask):
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    access_request = ask()
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=NOW)
    queue_outcomes(now=NOW)
    access_request.refresh_from_db()
    actions.give_back(assignment=access_request.assignment, actor=cast.rita, now=NOW)
    carry_out()
    post()
    row = Message.objects.get(recipient=cast.olga, occasion=BY_OTHERS)
    assert row.withheld_because == "The request is canceled meanwhile."


def test_a_sweep_costs_the_same_for_one_and_for_many(cast, stage, ask):
    approval = ask().approvals.get()
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    approval = Approval.objects.get(pk=approval.pk)

    def sweep(count, prefix):
        people = User.objects.bulk_create(User(username=f"{prefix}{n}", email=f"{n}@x.example") for n in range(count))
        ApprovalAssignee.objects.bulk_create(
            ApprovalAssignee(approval=approval, person=person, asked_at=NOW) for person in people
        )
        with CaptureQueriesContext(connection) as captured:
            found = queue_outcomes(now=NOW)
        selects = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
        return found, len(selects)

    assert sweep(1, "a") == (1, 4)
    assert sweep(300, "b") == (300, 4)
