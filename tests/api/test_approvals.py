"""Approvals: what waits for whom, deciding, and who may not."""

import pytest
from django.utils import timezone

from catalog.choices import ApproverKind
from requests_app import actions
from requests_app.lifecycle import RequestStatus
from requests_app.models import Approval

from .conftest import V1, problem


@pytest.fixture
def approval(access_request):
    return access_request.approvals.get()


def decide(client, approval, how, **fields):
    return client.post(f"{V1}/approvals/{approval.pk}/{how}/", fields)


def test_what_waits_is_listed_for_those_who_are_asked_alone(cast, api, approval):
    [row] = api(cast.marco).get(f"{V1}/approvals/").json()["results"]
    assert row["id"] == str(approval.pk)
    assert row["request"]["person"]["username"] == "rita"
    assert row["request"]["justification"] == "New in Sales"
    for person in (cast.rita, cast.olga, cast.ada, cast.charlie):
        assert api(person).get(f"{V1}/approvals/").json()["results"] == []


def test_the_answers_come_with_it(cast, api, policy):
    question = policy.questions.create(text="Which region?")
    given = {str(question.pk): "EMEA"}
    actions.submit(package=policy.package, actor=cast.rita, justification="x", answers=given, now=timezone.now())
    [row] = api(cast.marco).get(f"{V1}/approvals/").json()["results"]
    [told] = row["request"]["answers"]
    assert (told["question"], told["shown"]) == ("Which region?", "EMEA")


@pytest.mark.parametrize(("how", "status"), [("approve", "delivering"), ("deny", "denied")])
def test_whoever_is_asked_decides(cast, api, approval, how, status):
    answer = decide(api(cast.marco), approval, how, justification="Because")
    assert answer.status_code == 200
    assert answer.json()["status"] == status
    [stage] = answer.json()["approvals"]
    [asked] = stage["approvers"]
    assert (asked["is_approved"], asked["justification"]) == (how == "approve", "Because")
    assert api(cast.marco).get(f"{V1}/approvals/").json()["results"] == []


@pytest.mark.parametrize("how", ["approve", "deny"])
def test_nobody_decides_on_their_own_or_unasked(cast, api, approval, how):
    for person in (cast.rita, cast.olga, cast.ada):
        document = problem(decide(api(person), approval, how), 403, "not-permitted")
        assert document["detail"] == "You are not asked to decide on this request."
        assert api(person).get(f"{V1}/approvals/{approval.pk}/").status_code == 200
    assert problem(decide(api(cast.charlie), approval, how), 404, "not-found")
    assert problem(api(cast.charlie).get(f"{V1}/approvals/{approval.pk}/"), 404, "not-found")
    approval.access_request.refresh_from_db()
    assert approval.access_request.status == RequestStatus.PENDING_APPROVAL


def test_the_second_decision_is_told_who_was_first(cast, api, policy):
    policy.stages.get().approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    made = actions.submit(package=policy.package, actor=cast.rita, justification="x", now=timezone.now())
    approval = made.approvals.get()
    assert decide(api(cast.olga), approval, "approve").status_code == 200
    document = problem(decide(api(cast.marco), approval, "deny"), 409, "already-decided")
    assert document["detail"] == "Olga approved this already."
    document = problem(decide(api(cast.olga), approval, "approve"), 409, "already-decided")
    assert document["detail"] == "Olga approved this already."


def test_what_was_cancelled_is_decided_by_nobody(cast, api, approval):
    actions.cancel(access_request=approval.access_request, actor=cast.rita, now=timezone.now())
    document = problem(decide(api(cast.marco), approval, "approve"), 409, "already-decided")
    assert "no longer needed" in document["detail"]


def test_a_reason_that_the_stage_asks_for_is_pointed_to(cast, api, policy):
    stage = policy.stages.get()
    stage.requires_justification = True
    stage.save()
    made = actions.submit(package=policy.package, actor=cast.rita, justification="x", now=timezone.now())
    document = problem(decide(api(cast.marco), made.approvals.get(), "deny"), 422, "invalid-input")
    assert document["errors"] == [{"pointer": "#/justification", "detail": "Say why you decide so.", "code": "invalid"}]
    assert Approval.objects.waiting_for(cast.marco).exists()
