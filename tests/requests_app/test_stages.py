"""Several stages, quorums, and alternates who are asked where nobody decided in time."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.choices import ApproverKind, ApproverUse
from directory.models import Group, Membership, User
from requests_app import actions, events
from requests_app.actions.deciding import AlreadyDecided
from requests_app.lifecycle import ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, Approval
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    return cast.policy(package, approver=None)


@pytest.fixture
def ask(cast, package):
    return lambda: actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)


def person(name):
    return User.objects.create(username=name.lower(), email=f"{name.lower()}@example.com", display_name=name)


def stage_of(policy, *people, **fields):
    stage = policy.stages.create(position=policy.stages.count() + 1, **fields)
    for one in people:
        stage.approvers.create(kind=ApproverKind.PERSON, person=one)
    return stage


def group_of(name, *people):
    group = Group.objects.create(name=name)
    for one in people:
        Membership.objects.create(group=group, person=one, added_at=NOW)
    return group


def asked(approval):
    return {one.person.display_name for one in approval.assignees.select_related("person")}


def current(access_request):
    return access_request.approvals.get(status=ApprovalStatus.IN_PROGRESS)


def approve(approval, actor, *, now=NOW):
    return actions.approve(approval=approval, actor=actor, now=now)


# --- Stages and quorums ---------------------------------------------------------------------------------------------


def test_five_stages_are_decided_one_after_the_other_and_only_the_last_delivers(cast, policy, ask):
    deciders = [person(f"Decider {number}") for number in range(5)]
    for decider in deciders:
        stage_of(policy, decider)
    access_request = ask()
    for position, decider in enumerate(deciders, start=1):
        access_request.refresh_from_db()
        assert access_request.status == RequestStatus.PENDING_APPROVAL
        approval = current(access_request)
        assert (approval.position, asked(approval)) == (position, {decider.display_name})
        assert not any(Approval.objects.waiting_for(other).exists() for other in deciders if other != decider)
        access_request = approve(approval, decider, now=NOW + position * DAY)
    assert access_request.status == RequestStatus.DELIVERING
    assert access_request.approvals.filter(status=ApprovalStatus.APPROVED).count() == 5


def test_a_later_stage_has_all_of_its_time_from_when_it_begins(cast, policy, ask):
    stage_of(policy, cast.marco, time_limit=3 * DAY)
    stage_of(policy, cast.ada, time_limit=2 * DAY)
    access_request = ask()
    approve(current(access_request), cast.marco, now=NOW + 2 * DAY)
    assert current(access_request).due_at == NOW + 4 * DAY


def test_a_denial_in_the_second_stage_ends_the_request_and_the_third_is_never_asked(cast, policy, ask):
    for decider in (cast.marco, cast.ada, cast.charlie):
        stage_of(policy, decider)
    access_request = ask()
    approve(current(access_request), cast.marco)
    actions.deny(approval=current(access_request), actor=cast.ada, now=NOW)
    states = list(access_request.approvals.values_list("status", flat=True))
    assert states == [ApprovalStatus.APPROVED, ApprovalStatus.DENIED, ApprovalStatus.CANCELED]
    assert not Approval.objects.asking(cast.charlie).exists()


def test_two_of_three_are_enough_and_the_third_comes_too_late(cast, policy, ask):
    stage_of(policy, cast.marco, cast.ada, cast.charlie, approvals_required=2)
    approval = current(ask())
    assert approve(approval, cast.marco).status == RequestStatus.PENDING_APPROVAL
    with pytest.raises(AlreadyDecided):
        approve(approval, cast.marco)
    assert approve(approval, cast.charlie).status == RequestStatus.DELIVERING
    with pytest.raises(AlreadyDecided, match="approved this already"):
        approve(approval, cast.ada)


def test_all_of_a_group_approve_where_the_stage_asks_for_everybody(cast, policy, ask):
    group = group_of("Security", cast.marco, cast.ada, cast.charlie)
    stage = policy.stages.create(position=1, approvals_required=None)
    stage.approvers.create(kind=ApproverKind.GROUP, group=group)
    approval = current(ask())
    for decider in (cast.marco, cast.ada):
        assert approve(approval, decider).status == RequestStatus.PENDING_APPROVAL
    assert approve(approval, cast.charlie).status == RequestStatus.DELIVERING


def test_everybody_means_everybody_but_the_parties(cast, policy, ask):
    group = group_of("Security", cast.marco, cast.rita)
    policy.stages.create(position=1, approvals_required=None).approvers.create(kind=ApproverKind.GROUP, group=group)
    approval = current(ask())
    assert asked(approval) == {"Marco"}
    assert approve(approval, cast.marco).status == RequestStatus.DELIVERING


# --- Alternates -----------------------------------------------------------------------------------------------------


@pytest.fixture
def late(cast, policy, ask):
    """Marco is asked, Charlie is the alternate after three days."""
    stage = stage_of(policy, cast.marco, alternates_after=3 * DAY)
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.charlie)
    return current(ask())


def sweep(now):
    due = Approval.objects.wanting_alternates(now)
    return [actions.ask_alternates(approval=one, now=now) for one in due]


def test_alternates_are_asked_when_they_are_due_and_once(cast, late):
    assert asked(late) == {"Marco"}
    assert sweep(NOW + 3 * DAY - timedelta(seconds=1)) == []
    assert sweep(NOW + 3 * DAY) == [True]
    assert sweep(NOW + 4 * DAY) == []
    alternate = late.assignees.get(is_alternate=True)
    assert (alternate.person, alternate.asked_at) == (cast.charlie, NOW + 3 * DAY)
    said = Event.objects.get(verb=events.ALTERNATES_ASKED)
    assert said.details["approvers"] == "Charlie"
    assert said.correlation_id == late.access_request_id


@pytest.mark.parametrize("decider", ["marco", "charlie"])
def test_both_the_alternate_and_whoever_was_asked_first_may_decide(cast, late, decider):
    sweep(NOW + 3 * DAY)
    assert approve(late, getattr(cast, decider), now=NOW + 4 * DAY).status == RequestStatus.DELIVERING


def test_nobody_is_asked_as_alternate_once_it_is_decided(cast, late):
    approve(late, cast.marco, now=NOW + DAY)
    assert sweep(NOW + 3 * DAY) == []
    assert not actions.ask_alternates(approval=late, now=NOW + 3 * DAY)


def test_alternates_do_not_raise_the_number_of_approvals(cast, policy, ask):
    stage = stage_of(policy, cast.marco, cast.ada, approvals_required=None, alternates_after=1 * DAY)
    for one in (cast.charlie, person("Cora")):
        stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=one)
    approval = current(ask())
    approve(approval, cast.marco)
    sweep(NOW + DAY)
    assert asked(approval) == {"Marco", "Ada", "Charlie", "Cora"}
    assert approve(approval, cast.charlie, now=NOW + DAY).status == RequestStatus.DELIVERING


def test_an_alternate_who_asks_is_left_out_and_the_next_in_line_is_asked(cast, policy, ask):
    stage = stage_of(policy, cast.marco, alternates_after=3 * DAY)
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.rita)
    approval = current(ask())
    sweep(NOW + 3 * DAY)
    assert asked(approval) == {"Marco", "Olga"}
    assert Event.objects.get(verb=events.APPROVAL_REROUTED).details["via"] == "the package's owner"
    with pytest.raises(PermissionDenied):
        approve(approval, cast.rita, now=NOW + 3 * DAY)


def test_alternates_are_counted_from_when_their_stage_begins(cast, policy, ask):
    stage_of(policy, cast.marco)
    stage = stage_of(policy, cast.ada, alternates_after=2 * DAY)
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.charlie)
    access_request = ask()
    assert sweep(NOW + 5 * DAY) == []
    approve(current(access_request), cast.marco, now=NOW + 5 * DAY)
    assert sweep(NOW + 7 * DAY - timedelta(seconds=1)) == []
    assert sweep(NOW + 7 * DAY) == [True]


def test_a_request_keeps_the_alternates_of_the_policy_that_judged_it(cast, policy, late):
    policy.stages.all().delete()
    sweep(NOW + 3 * DAY)
    assert asked(late) == {"Marco", "Charlie"}


def test_a_stage_that_alternates_let_pass_too_expires(cast, late):
    sweep(NOW + 3 * DAY)
    assert actions.expire_overdue(approval=late, now=late.due_at)
    assert AccessRequest.objects.get().status == RequestStatus.EXPIRED


def test_asking_alternates_costs_the_same_for_one_and_for_many(cast, policy, ask):
    def cost(number):
        stage = policy.stages.get_or_create(position=1, alternates_after=3 * DAY)[0]
        stage.approvers.all().delete()
        stage.approvers.create(kind=ApproverKind.PERSON, person=cast.marco)
        group = group_of(f"Alternates {number}", *(person(f"A{number}-{each}") for each in range(number)))
        stage.approvers.create(kind=ApproverKind.GROUP, use=ApproverUse.ALTERNATE, group=group)
        approval = current(ask())
        with CaptureQueriesContext(connection) as captured:
            assert actions.ask_alternates(approval=approval, now=NOW + 3 * DAY)
        actions.cancel(access_request=approval.access_request, actor=cast.rita, now=NOW)
        return len([one for one in captured if "SAVEPOINT" not in one["sql"]])

    assert cost(1) == cost(40) <= 12
