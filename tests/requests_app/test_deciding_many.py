"""Deciding on several requests at once: each by itself, and what came of each is said."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import Event
from catalog.choices import ApproverKind
from catalog.models import Incompatibility
from requests_app import actions, events
from requests_app.actions.deciding_many import MOST, Result
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW


@pytest.fixture
def ask(cast):
    """Somebody asks for a package of their own, which Marco decides on."""

    def ask(name, *, person=None, is_privileged=False, requires_justification=False):
        role = cast.role(name)[1]
        role.resource.is_privileged = is_privileged
        role.resource.save()
        package = cast.package(name, role)
        stage = cast.policy(package, approver=None).stages.create(
            position=1, requires_justification=requires_justification
        )
        stage.approvers.create(kind=ApproverKind.PERSON, person=cast.marco)
        made = actions.submit(package=package, actor=person or cast.rita, justification="Needed", now=NOW)
        return Approval.objects.select_related("access_request__person", "access_request__package").get(
            access_request=made
        )

    return ask


def decide(cast, approvals, *, actor=None, is_approved=True, justification="", now=NOW):
    return actions.decide_many(
        approvals=approvals,
        actor=actor or cast.marco,
        is_approved=is_approved,
        justification=justification,
        now=now,
    )


def results(outcomes):
    return [outcome.result for outcome in outcomes]


def test_all_are_approved_each_in_the_journal_with_the_same_reason(cast, ask):
    approvals = [ask("Sales"), ask("Finance"), ask("Service")]
    assert results(decide(cast, approvals, justification="Known")) == [Result.APPROVED] * 3
    told = Event.objects.filter(verb=events.APPROVAL_DECIDED)
    assert [event.details["justification"] for event in told] == ["Known"] * 3
    assert Assignment.objects.count() == 3


def test_all_are_denied(cast, ask):
    approvals = [ask("Sales"), ask("Finance")]
    assert results(decide(cast, approvals, is_approved=False)) == [Result.DENIED] * 2
    assert set(AccessRequest.objects.values_list("status", flat=True)) == {RequestStatus.DENIED}


def test_what_is_refused_says_why_and_holds_up_nothing_else(cast, ask):
    decided, missing, privileged, mine, other, fine = (
        ask("Decided"),
        ask("Missing", requires_justification=True),
        ask("Privileged", is_privileged=True),
        ask("Mine"),
        ask("Conflict"),
        ask("Fine"),
    )
    actions.deny(approval=decided, actor=cast.marco, now=NOW)
    actions.hand_over(approval=mine, actor=cast.marco, person=cast.charlie, why="x", now=NOW)
    Incompatibility.objects.create(
        package=other.access_request.package, other_package=fine.access_request.package, is_mutual=True
    )
    outcomes = decide(cast, [decided, missing, privileged, mine, other, fine])
    assert results(outcomes) == [
        Result.ALREADY_DECIDED,
        Result.INCOMPLETE,
        Result.PRIVILEGED,
        Result.REFUSED,
        Result.APPROVED,
        Result.CONFLICT,
    ]
    assert [outcome.detail for outcome in outcomes] == [
        "Marco denied this already.",
        "Say why you decide so.",
        "It gives a privileged resource: open it and decide on it by itself.",
        "You are not asked to decide on this request.",
        "",
        "Rita has Conflict, which is incompatible with Fine.",
    ]
    assert Assignment.objects.get().package == other.access_request.package


def test_where_others_decide_too_that_is_said(cast, ask):
    approval = ask("Sales")
    approval.assignees.create(person=cast.olga, asked_at=NOW)
    Approval.objects.update(approvals_required=2)
    [outcome] = decide(cast, [approval])
    assert (outcome.result, outcome.detail) == (Result.APPROVED, "Others decide on it as well.")


def test_nobody_decides_on_their_own_in_bulk_either(cast, ask):
    approval = ask("Sales")
    approval.assignees.update(person=cast.rita)
    assert results(decide(cast, [approval], actor=cast.rita)) == [Result.REFUSED]


def test_there_is_a_most(cast, ask):
    with pytest.raises(ValidationError, match=f"at most {MOST}|{MOST} at most"):
        decide(cast, [ask("Sales")] * (MOST + 1))
    assert not Assignment.objects.exists()


# --- Pages ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def marco(cast, client):
    client.force_login(cast.marco)
    return client


PAGE = "/approvals/decide/"


def test_the_list_offers_boxes_but_not_for_what_is_privileged(ask, marco):
    sales, finance, privileged = ask("Sales"), ask("Finance"), ask("Privileged", is_privileged=True)
    page = marco.get(reverse("requests:approvals")).content.decode()
    for approval, is_offered in ((sales, True), (finance, True), (privileged, False)):
        assert (f'value="{approval.pk}"' in page) == is_offered
    assert "gives a privileged resource" in page
    assert f"approval={sales.pk}&amp;approval={finance.pk}" in page or f"approval={finance.pk}&amp;" in page
    assert "Decide on all 2 on this page" in page


def test_what_was_chosen_is_shown_decided_and_told(ask, marco):
    chosen = [ask("Sales"), ask("Finance", requires_justification=True)]
    data = {"approval": [str(one.pk) for one in chosen]}
    page = marco.get(PAGE, data).content.decode()
    assert "Decide on 2 requests" in page
    assert page.count('type="hidden" name="approval"') == 2
    assert "asks for a reason" in page
    answer = marco.post(PAGE, {**data, "decision": "approve", "justification": ""})
    page = answer.content.decode()
    assert "1 of 2 decided." in page
    assert "Say why you decide so." in page
    assert answer.context["left"] == [chosen[1].pk]
    answer = marco.post(PAGE, {**data, "decision": "approve", "justification": "Known"})
    assert "Marco approved this already." in answer.content.decode()
    assert Assignment.objects.count() == 2


def test_without_a_decision_what_was_typed_is_kept(ask, marco):
    data = {"approval": [str(ask("Sales").pk)], "justification": "Because of the fair"}
    answer = marco.post(PAGE, data)
    assert answer.status_code == 422
    assert "Because of the fair" in answer.content.decode()
    assert marco.post(PAGE, {**data, "decision": "perhaps"}).status_code == 422


def test_nothing_chosen_or_nothing_of_mine_leads_back(cast, ask, marco):
    approval = ask("Sales")
    for chosen in ({}, {"approval": ["nonsense", "0"]}):
        assert marco.get(PAGE, chosen).status_code == 302
    marco.force_login(cast.charlie)
    assert marco.get(PAGE, {"approval": str(approval.pk)}).status_code == 302
    assert marco.post(PAGE, {"approval": str(approval.pk), "decision": "approve"}).status_code == 302
    assert not Assignment.objects.exists()


# --- API ------------------------------------------------------------------------------------------------------------


def send(client, given):
    return client.post("/api/v1/approvals/decide/", json.dumps(given), content_type="application/json")


def test_a_program_decides_on_several(ask, marco):
    sales, privileged = ask("Sales"), ask("Privileged", is_privileged=True)
    answer = send(marco, {"approvals": [str(sales.pk), str(privileged.pk)], "decision": "approve"})
    assert answer.status_code == 200, answer.content
    assert {one["approval"]: one["result"] for one in answer.json()} == {
        str(sales.pk): "approved",
        str(privileged.pk): "privileged",
    }
    assert answer.json()[0].keys() == {"approval", "request", "result", "detail"}


def test_what_a_program_sends_wrong_is_said_and_nothing_is_decided(cast, ask, marco):
    approval = ask("Sales")
    mine = str(approval.pk)
    for wrong in (
        {"approvals": [], "decision": "approve"},
        {"approvals": [mine], "decision": "perhaps"},
        {"approvals": [mine, str(cast.rita.pk)], "decision": "approve"},
        {"approvals": ["x"], "decision": "approve"},
        {"approvals": [mine] * (MOST + 1), "decision": "approve"},
    ):
        assert send(marco, wrong).status_code == 422, wrong
    marco.force_login(cast.charlie)
    assert send(marco, {"approvals": [mine], "decision": "approve"}).status_code == 422
    assert not Assignment.objects.exists()
