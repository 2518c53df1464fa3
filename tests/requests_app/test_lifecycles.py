"""Every move of every lifecycle: what the tables allow is written, everything else is refused and nothing changes."""

from datetime import timedelta
from itertools import product

import pytest

from provisioning.lifecycle import MOVES as GRANT_MOVES
from provisioning.lifecycle import GrantStatus
from provisioning.lifecycle import IllegalMove as IllegalMoveOfGrant
from provisioning.models import Grant
from requests_app.lifecycle import (
    APPROVAL_MOVES,
    ASSIGNMENT_MOVES,
    LIVE,
    OPEN,
    REQUEST_MOVES,
    ApprovalStatus,
    AssignmentStatus,
    IllegalMove,
    RequestStatus,
    RequestType,
)
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW


def pairs(states, moves):
    return [pytest.param(old, new, new in moves[old], id=f"{old}-{new}") for old, new in product(states, repeat=2)]


def move(row, new, *, is_legal):
    old = row.status
    if is_legal:
        row.move_to(new, at=NOW)
    else:
        with pytest.raises((IllegalMove, IllegalMoveOfGrant)):
            row.move_to(new, at=NOW)
    row.refresh_from_db()
    assert row.status == (new if is_legal else old)


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


@pytest.fixture
def request_in(cast, policy):
    def make(status=RequestStatus.PENDING_APPROVAL):
        return AccessRequest.objects.create(
            kind=RequestType.USER_ADD,
            status=status,
            package=policy.package,
            policy=policy,
            policy_version=1,
            person=cast.rita,
            submitted_at=NOW,
            completed_at=None if status in OPEN else NOW,
        )

    return make


@pytest.mark.parametrize(("old", "new", "is_legal"), pairs(RequestStatus, REQUEST_MOVES))
def test_requests(request_in, old, new, is_legal):
    access_request = request_in(old)
    move(access_request, new, is_legal=is_legal)
    assert (access_request.completed_at is None) == (access_request.status in OPEN)


@pytest.mark.parametrize(("old", "new", "is_legal"), pairs(ApprovalStatus, APPROVAL_MOVES))
def test_approvals(request_in, old, new, is_legal):
    started = None if old in (ApprovalStatus.WAITING, ApprovalStatus.SKIPPED) else NOW
    approval = Approval.objects.create(
        access_request=request_in(),
        position=1,
        status=old,
        approvals_required=1,
        requires_justification=False,
        time_limit=timedelta(days=14),
        approver_rules=[],
        not_needed_because="it is only for guests" if old == ApprovalStatus.SKIPPED else "",
        started_at=started,
        due_at=started,
    )
    move(approval, new, is_legal=is_legal)
    if is_legal and new == ApprovalStatus.IN_PROGRESS:
        assert approval.due_at == NOW + timedelta(days=14)


@pytest.mark.parametrize(("old", "new", "is_legal"), pairs(AssignmentStatus, ASSIGNMENT_MOVES))
def test_assignments(cast, policy, old, new, is_legal):
    assignment = Assignment.objects.create(
        person=cast.rita,
        package=policy.package,
        policy=policy,
        status=old,
        duration=timedelta(days=30),
        starts_at=NOW - timedelta(days=1),
        ended_at=None if old in LIVE else NOW,
    )
    move(assignment, new, is_legal=is_legal)
    assert (assignment.ended_at is None) == (assignment.status in LIVE)
    if is_legal and new == AssignmentStatus.DELIVERED:
        assert assignment.ends_at == NOW + timedelta(days=30), "a duration counts from the delivery"


@pytest.mark.parametrize(("old", "new", "is_legal"), pairs(GrantStatus, GRANT_MOVES))
def test_grants(cast, policy, old, new, is_legal):
    role = policy.package.roles.get()
    grant = Grant.objects.create(person=cast.rita, resource_role=role, status=old, changed_at=NOW)
    if is_legal:
        Grant.move_all([grant], status=new, at=NOW)
    else:
        with pytest.raises(IllegalMoveOfGrant):
            Grant.move_all([grant], status=new, at=NOW)
    grant.refresh_from_db()
    assert grant.status == (new if is_legal else old)
