"""Withdrawing an approval later: by whom, when, and what becomes of the access."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from catalog.choices import ApproverKind
from directory.models import User
from requests_app import actions, events
from requests_app.lifecycle import IllegalMove, RequestStatus, RequestType
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def seat(cast, package):
    """Marco approved, and Rita has it."""
    approval = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    return ApprovalAssignee.objects.select_related("approval__access_request").get()


def withdraw(seat, actor, *, why="She moved on", now=NOW + DAY):
    return actions.withdraw_approval(seat=seat, actor=actor, why=why, now=now)


def test_the_access_ends_by_a_request_of_its_own_and_the_journal_says_why(cast, seat):
    access = withdraw(seat, cast.marco)
    access.refresh_from_db()
    assert access.ended_at == NOW + DAY
    removal = AccessRequest.objects.get(kind=RequestType.ADMIN_REMOVE)
    assert (removal.assignment, removal.requested_by) == (access, cast.marco)
    told = Event.objects.get(verb=events.APPROVAL_WITHDRAWN)
    assert told.sentence == "Marco withdrew their approval of Sales: Standard Access for Rita: She moved on"
    assert told.correlation_id == seat.approval.access_request_id
    ended = Event.objects.get(verb=events.ASSIGNMENT_ENDED)
    assert ended.details["why"] == "Marco withdrew their approval: She moved on"
    seat.refresh_from_db()
    assert seat.is_approved, "what was decided stays decided"


@pytest.mark.parametrize("outsider", ["rita", "olga", "ada", "charlie"])
def test_only_whoever_approved_it(cast, seat, outsider):
    with pytest.raises(PermissionDenied):
        withdraw(seat, getattr(cast, outsider))
    assert Assignment.objects.live().exists()


def test_whoever_approved_in_somebodys_place_withdraws_it_and_nobody_for_them(cast, package):
    bea = User.objects.create(username="bea", display_name="Bea")
    actions.set_delegation(delegator=cast.marco, delegate=bea, actor=cast.marco, now=NOW)
    approval = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()
    actions.follow_delegations(now=NOW)
    actions.approve(approval=approval, actor=bea, now=NOW)
    seat = approval.assignees.get()
    with pytest.raises(PermissionDenied):
        withdraw(seat, cast.marco)
    withdraw(seat, bea)
    assert not Assignment.objects.live().exists()


def test_a_reason_is_needed(cast, seat):
    with pytest.raises(ValidationError, match="why you withdraw"):
        withdraw(seat, cast.marco, why="  ")


def test_what_has_ended_or_never_began_is_not_withdrawn(cast, package, seat):
    withdraw(seat, cast.marco)
    with pytest.raises(IllegalMove, match="ended already"):
        withdraw(seat, cast.marco)
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    again = actions.submit(package=package, actor=cast.rita, justification="Again", now=NOW + 2 * DAY)
    approval = again.approvals.get()
    actions.approve(approval=approval, actor=cast.marco, now=NOW + 2 * DAY)
    with pytest.raises(IllegalMove, match="No access came of this approval"):
        withdraw(approval.assignees.get(person=cast.marco), cast.marco)
    actions.deny(approval=approval, actor=cast.olga, now=NOW + 2 * DAY)
    with pytest.raises(IllegalMove):
        withdraw(approval.assignees.get(person=cast.olga), cast.olga)


def test_of_two_approvers_either_withdraws(cast, package):
    stage = package.policies.get().stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    approval = actions.submit(package=package, actor=cast.rita, justification="New", now=NOW).approvals.get()
    for person in (cast.marco, cast.olga):
        actions.approve(approval=approval, actor=person, now=NOW)
    withdraw(approval.assignees.get(person=cast.marco), cast.marco)
    assert not Assignment.objects.live().exists()


# --- Page and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def marco(cast, client):
    client.force_login(cast.marco)
    return client


def page_of(seat):
    return reverse("requests:withdraw_approval", args=[seat.approval_id])


def test_the_history_offers_it_while_the_access_lives(cast, seat, marco):
    history = reverse("requests:approvals") + "?tab=decided"
    assert page_of(seat) in marco.get(history).content.decode()
    assert "Withdraw your approval of" in marco.get(page_of(seat)).content.decode()
    answer = marco.post(page_of(seat), {"why": ""})
    assert answer.status_code == 422
    answer = marco.post(page_of(seat), {"why": "She moved on"}, follow=True)
    assert "Sales: Standard Access is being taken away from Rita." in answer.content.decode()
    assert page_of(seat) not in marco.get(history).content.decode()
    assert marco.get(page_of(seat)).status_code == 302
    assert marco.post(page_of(seat), {"why": "Again"}).status_code == 409


def test_for_others_there_is_no_such_page(cast, seat, marco):
    for person in (cast.rita, cast.olga, cast.ada):
        marco.force_login(person)
        assert marco.get(page_of(seat)).status_code == 404
        assert marco.post(page_of(seat), {"why": "x"}).status_code == 404


def test_the_request_tells_it(cast, seat, marco):
    withdraw(seat, cast.marco, now=timezone.now())
    told = marco.get(reverse("requests:request", args=[seat.approval.access_request_id])).content.decode()
    assert "Approval withdrawn" in told
    assert "She moved on" in told


def test_a_program_withdraws_too(cast, seat, marco):
    def send(given):
        return marco.post(f"/api/v1/approvals/{seat.approval_id}/withdraw/", given, content_type="application/json")

    assert send({}).status_code == 422
    assert send({"why": "She moved on"}).status_code == 200
    assert send({"why": "She moved on"}).status_code == 409
    marco.force_login(cast.ada)
    assert send({"why": "x"}).status_code == 403
    assert AccessRequest.objects.get(kind=RequestType.USER_ADD).status != RequestStatus.DENIED
