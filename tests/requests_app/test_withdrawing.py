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
from requests_app.periods import Period
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
    withdraw(seat, cast.marco)
    access = Assignment.objects.get()
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


# --- What is scheduled ----------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(cast, package):
    """Marco approved it for Rita, from in five days on."""
    package.policies.update(is_period_chosen=True)
    period = Period(starts_at=timezone.now() + 5 * DAY)
    asked = actions.submit(package=package, actor=cast.rita, justification="New", period=period, now=timezone.now())
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=timezone.now())
    return ApprovalAssignee.objects.select_related("approval__access_request").get()


def test_what_is_scheduled_does_not_begin_once_its_approval_is_withdrawn(cast, scheduled):
    now = timezone.now()
    withdraw(scheduled, cast.marco, now=now)
    asked = AccessRequest.objects.get()
    assert (asked.status, asked.completed_at) == (RequestStatus.CANCELED, now)
    assert not AccessRequest.objects.due_to_begin(now + 9 * DAY).exists()
    told = [event.sentence for event in Event.objects.story(asked.pk)]
    assert told[-2:] == [
        "Marco withdrew their approval of Sales: Standard Access for Rita: She moved on",
        "Marco canceled Rita's request for Sales: Standard Access",
    ]
    with pytest.raises(IllegalMove, match="No access came of this approval"):
        withdraw(scheduled, cast.marco)


@pytest.mark.parametrize("outsider", ["rita", "olga", "ada", "charlie"])
def test_of_what_is_scheduled_too_only_whoever_approved_it(cast, scheduled, outsider):
    with pytest.raises(PermissionDenied):
        withdraw(scheduled, getattr(cast, outsider))
    assert AccessRequest.objects.get().status == RequestStatus.SCHEDULED


# --- Extensions -----------------------------------------------------------------------------------------------------

MONTH = 30 * DAY


def extend(cast, *, now):
    """Rita asks for another month; Marco approves."""
    access = Assignment.objects.select_related("person", "package").get()
    asked = actions.extend(assignment=access, actor=cast.rita, justification="More", now=now)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=now)
    return ApprovalAssignee.objects.select_related("approval__access_request").get(approval__access_request=asked)


def end_of_hers():
    return Assignment.objects.live().get().ends_at


def test_where_an_extension_is_withdrawn_the_end_is_again_what_it_was(cast, seat):
    extension = extend(cast, now=NOW + 20 * DAY)
    assert end_of_hers() == NOW + 2 * MONTH
    withdraw(extension, cast.marco, now=NOW + 25 * DAY)
    assert end_of_hers() == NOW + MONTH
    moved = AccessRequest.objects.get(kind=RequestType.ADMIN_UPDATE)
    assert (moved.requested_by, moved.wanted_end, moved.status) == (cast.marco, NOW + MONTH, RequestStatus.DELIVERED)
    told = Event.objects.get(verb=events.ASSIGNMENT_END_MOVED)
    assert told.details["why"] == "Marco withdrew their approval: She moved on"
    with pytest.raises(IllegalMove, match="moved since"):
        withdraw(extension, cast.marco, now=NOW + 26 * DAY)


def test_where_the_end_before_it_has_come_the_access_ends_at_once(cast, seat):
    extension = extend(cast, now=NOW + 20 * DAY)
    withdraw(extension, cast.marco, now=NOW + 40 * DAY)
    assert not Assignment.objects.live().exists()
    assert AccessRequest.objects.filter(kind=RequestType.ADMIN_REMOVE, requested_by=cast.marco).exists()


def test_only_whoever_approved_the_extension_withdraws_it(cast, seat):
    extension = extend(cast, now=NOW + 20 * DAY)
    for outsider in (cast.rita, cast.olga, cast.ada, cast.charlie):
        with pytest.raises(PermissionDenied):
            withdraw(extension, outsider, now=NOW + 21 * DAY)
    assert end_of_hers() == NOW + 2 * MONTH


def test_an_extension_upon_which_another_stands_is_not_withdrawn_before_that(cast, seat):
    first = extend(cast, now=NOW + 20 * DAY)
    second = extend(cast, now=NOW + 50 * DAY)
    with pytest.raises(IllegalMove, match="moved since"):
        withdraw(first, cast.marco, now=NOW + 51 * DAY)
    withdraw(second, cast.marco, now=NOW + 51 * DAY)
    assert end_of_hers() == NOW + 2 * MONTH
    withdraw(first, cast.marco, now=NOW + 52 * DAY)
    assert not Assignment.objects.live().exists()


def test_an_extension_that_is_asked_for_by_then_is_canceled(cast, seat):
    extension = extend(cast, now=NOW + 20 * DAY)
    access = Assignment.objects.select_related("person", "package").get()
    further = actions.extend(assignment=access, actor=cast.rita, justification="Still", now=NOW + 50 * DAY)
    withdraw(extension, cast.marco, now=NOW + 51 * DAY)
    further.refresh_from_db()
    assert further.status == RequestStatus.CANCELED


def test_what_has_ended_since_is_not_withdrawn(cast, seat):
    extension = extend(cast, now=NOW + 20 * DAY)
    actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=NOW + 21 * DAY)
    with pytest.raises(IllegalMove, match="ended already"):
        withdraw(extension, cast.marco, now=NOW + 22 * DAY)


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


def test_the_page_says_what_becomes_of_what_is_scheduled(cast, scheduled, marco):
    history = reverse("requests:approvals") + "?tab=decided"
    assert page_of(scheduled) in marco.get(history).content.decode()
    assert "It does not begin then" in marco.get(page_of(scheduled)).content.decode()
    answer = marco.post(page_of(scheduled), {"why": "She moved on"}, follow=True)
    assert "Sales: Standard Access does not begin for Rita." in answer.content.decode()
    assert page_of(scheduled) not in marco.get(history).content.decode()
    assert marco.get(page_of(scheduled)).status_code == 302


def test_the_page_says_what_becomes_of_what_was_extended(cast, package, marco):
    now = timezone.now()
    asked = actions.submit(package=package, actor=cast.rita, justification="New", now=now - 20 * DAY)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=now - 20 * DAY)
    extension = extend(cast, now=now - DAY)
    history = reverse("requests:approvals") + "?tab=decided"
    assert page_of(extension) in marco.get(history).content.decode()
    assert "again what it was" in marco.get(page_of(extension)).content.decode()
    answer = marco.post(page_of(extension), {"why": "She moved on"}, follow=True)
    assert "The extension of Sales: Standard Access for Rita is taken back." in answer.content.decode()
    assert end_of_hers() == now + 10 * DAY
    assert page_of(extension) not in marco.get(history).content.decode()


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
