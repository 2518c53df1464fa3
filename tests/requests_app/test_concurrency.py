"""What happens when two do the same thing at the same instant: real threads, real commits, on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from audit.models import Event
from catalog.choices import ApproverKind
from catalog.models import Incompatibility
from provisioning.claiming import claim
from provisioning.delivery import perform
from provisioning.models import Grant, Operation
from requests_app import actions, events
from requests_app.actions.deciding import AlreadyDecided
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Approval, Assignment, Delegation
from tests.cast import NOW, make_cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return make_cast()


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


def together(*calls):
    """Make the calls in threads that all start at once; returns, for each, its result or what it raised."""
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(timeout=10)
            return call()
        except Exception as error:  # noqa: BLE001 - what was raised is the answer
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def kinds(results):
    return Counter(type(result) for result in results)


def test_a_double_click_makes_one_request(cast, package):
    def ask():
        return actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)

    assert kinds(together(ask, ask, ask)) == {AccessRequest: 1, ValidationError: 2}
    assert AccessRequest.objects.count() == 1


def test_of_two_approvers_one_wins_and_the_other_is_told_who(cast, package):
    policy = package.policies.get()
    policy.stages.get().approvers.create(kind=ApproverKind.PERSON, person=cast.olga)
    made = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)

    def decide(decision, person):
        approval = Approval.objects.select_related("access_request").get(access_request=made)
        return lambda: decision(approval=approval, actor=person, justification="Known", now=NOW)

    results = together(decide(actions.approve, cast.marco), decide(actions.deny, cast.olga))
    assert kinds(results) == {AccessRequest: 1, AlreadyDecided: 1}
    (told,) = [str(result) for result in results if isinstance(result, AlreadyDecided)]
    made.refresh_from_db()
    expected: dict[str, str] = {RequestStatus.DELIVERING: "Marco approved", RequestStatus.DENIED: "Olga denied"}
    assert expected[made.status] in told
    assert Assignment.objects.count() == (made.status == RequestStatus.DELIVERING)


def test_of_an_approver_and_whoever_stands_in_one_wins_and_the_other_is_told_who(cast, package):
    actions.set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=NOW)
    made = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    actions.follow_delegations(now=NOW)

    def decide(decision, person):
        approval = Approval.objects.select_related("access_request").get(access_request=made)
        return lambda: decision(approval=approval, actor=person, justification="Known", now=NOW)

    results = together(decide(actions.approve, cast.marco), decide(actions.deny, cast.olga))
    assert kinds(results) == {AccessRequest: 1, AlreadyDecided: 1}
    (told,) = [str(result) for result in results if isinstance(result, AlreadyDecided)]
    made.refresh_from_db()
    expected: dict[str, str] = {
        RequestStatus.DELIVERING: "Marco approved",
        RequestStatus.DENIED: "Olga for Marco denied",
    }
    assert expected[made.status] in told
    assert Assignment.objects.count() == (made.status == RequestStatus.DELIVERING)


def test_ending_a_delegation_and_deciding_by_it_at_once_leaves_one_outcome(cast, package):
    delegation = actions.set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=NOW)
    made = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    actions.follow_delegations(now=NOW)
    approval = Approval.objects.select_related("access_request").get(access_request=made)
    results = together(
        lambda: actions.approve(approval=approval, actor=cast.olga, justification="Known", now=NOW),
        lambda: actions.end_delegation(delegation=delegation, actor=cast.marco, now=NOW),
        lambda: actions.follow_delegations(now=NOW),
    )
    seat = approval.assignees.get()
    is_approved = isinstance(results[0], AccessRequest)
    assert (seat.decided_by == cast.olga) == is_approved == Assignment.objects.exists()
    assert is_approved or isinstance(results[0], PermissionDenied)
    assert not Delegation.objects.not_over().exists()


def test_two_sweeps_ask_whoever_stands_in_once(cast, package):
    actions.set_delegation(delegator=cast.marco, delegate=cast.olga, actor=cast.marco, now=NOW)
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    sweep = partial(actions.follow_delegations, now=NOW)
    assert sorted(together(sweep, sweep, sweep)) == [0, 0, 1]
    assert Event.objects.filter(verb=events.APPROVAL_DELEGATED).count() == 1


def test_two_delegations_of_one_catalog_set_at_once_leave_one(cast):
    def set_for(person):
        return lambda: actions.set_delegation(delegator=cast.marco, delegate=person, actor=cast.marco, now=NOW)

    assert kinds(together(set_for(cast.olga), set_for(cast.charlie))) == {Delegation: 1, ValidationError: 1}


def test_cancelling_and_approving_at_once_leaves_one_outcome(cast, package):
    made = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    approval = Approval.objects.select_related("access_request").get(access_request=made)
    together(
        lambda: actions.approve(approval=approval, actor=cast.marco, now=NOW),
        lambda: actions.cancel(access_request=made, actor=cast.rita, now=NOW),
    )
    made.refresh_from_db()
    assert Assignment.objects.exists() == (made.status == RequestStatus.DELIVERING)
    assert made.status in (RequestStatus.DELIVERING, RequestStatus.CANCELED)


def test_two_packages_with_a_shared_role_make_one_grant_and_one_operation(cast):
    _group, role = cast.role("Sales EMEA")
    packages = [cast.package(f"Sales: Region {name}", role) for name in ("North", "South")]
    for package in packages:
        cast.policy(package, approver=None)

    def ask(package):
        return lambda: actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)

    assert kinds(together(*map(ask, packages))) == {AccessRequest: 2}
    assert Grant.objects.get().reasons.living().count() == 2
    assert Operation.objects.count() == 1


def test_an_operation_is_claimed_by_one_worker_only(cast, package):
    made = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    approval = Approval.objects.select_related("access_request").get(access_request=made)
    actions.approve(approval=approval, actor=cast.marco, now=NOW)

    def work():
        rows = claim(Operation.objects.values_list("system", flat=True)[0], now=NOW)
        if rows:
            perform(rows)
        return len(rows)

    assert sorted(together(work, work, work)) == [0, 0, 1]
    assert Operation.objects.get().attempts == 1


def test_the_clock_and_the_person_end_the_same_access_once(cast, package):
    policy = package.policies.get()
    policy.stages.all().delete()
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)
    assignment = Assignment.objects.select_related("person", "package").get()
    after_the_end = assignment.ends_at
    assert after_the_end is not None
    together(
        lambda: actions.expire_due(now=after_the_end),
        lambda: actions.expire_due(now=after_the_end),
        lambda: actions.give_back(assignment=assignment, actor=cast.rita, now=after_the_end),
    )
    assert AccessRequest.objects.exclude(kind="userAdd").count() == 1


def incompatible(cast, *, approver):
    """Two packages that nobody holds together, each decided by the manager or by nobody."""
    packages = [cast.package(f"Finance: {what} Invoices", cast.role(what)[1]) for what in ("Paying", "Entering")]
    for package in packages:
        cast.policy(package, approver=approver)
    Incompatibility.objects.create(package=packages[0], other_package=packages[1], is_mutual=True)
    return packages


def test_of_two_requests_for_incompatible_packages_one_is_taken(cast):
    packages = incompatible(cast, approver=None)

    def ask(package):
        return lambda: actions.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)

    assert kinds(together(*map(ask, packages))) == {AccessRequest: 1, ValidationError: 1}
    assert Assignment.objects.count() == 1


def test_of_two_approvals_of_incompatible_packages_one_is_taken(cast):
    packages = incompatible(cast, approver=ApproverKind.MANAGER)
    rule = Incompatibility.objects.get()
    Incompatibility.objects.all().delete()
    for package in packages:
        actions.submit(package=package, actor=cast.rita, justification="Needed", now=NOW)
    Incompatibility.objects.create(package=rule.package, other_package=rule.other_package, is_mutual=True)

    def approve(approval):
        return lambda: actions.approve(approval=approval, actor=cast.marco, now=NOW)

    results = together(*map(approve, Approval.objects.select_related("access_request")))
    assert kinds(results) == {AccessRequest: 1, ValidationError: 1}
    assert [result.code for result in results if isinstance(result, ValidationError)] == ["incompatible"]
    assert Assignment.objects.count() == 1
