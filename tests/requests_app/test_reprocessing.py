"""Delivering once more, by whoever looks after the package; and canceling a delivery that failed."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from accessgov.outbox import WorkStatus
from audit.models import Event
from directory.models import Group, Membership
from notifications.models import Message, Occasion
from provisioning.delivery import perform_all_due
from provisioning.models import Grant, Operation
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus, IllegalMove, RequestStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW, break_directory, mend_directory

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def asked(cast, package):
    cast.policy(package, approver=None)
    return actions.submit(package=package, actor=cast.rita, justification="New", now=NOW)


@pytest.fixture
def failed(cast, asked):
    """The directory takes nothing, so that the delivery has failed for now."""
    break_directory()
    perform_all_due(now=NOW)
    asked.refresh_from_db()
    assert asked.status == RequestStatus.DELIVERY_FAILED
    return asked


@pytest.fixture
def delivered(asked):
    perform_all_due(now=NOW)
    return Assignment.objects.get(status=AssignmentStatus.DELIVERED)


def reprocess(assignment, actor, *, now=NOW + MINUTE):
    return actions.reprocess(assignment=assignment, actor=actor, now=now)


@pytest.mark.parametrize("is_stuck", [False, True], ids=["waiting for its next try", "given up"])
def test_corner_27_a_failed_delivery_is_tried_again_at_once(cast, failed, is_stuck):
    Operation.objects.update(due_at=NOW + DAY, attempts=7)
    if is_stuck:
        Operation.objects.update(status=WorkStatus.STUCK)
    mend_directory()
    assert not perform_all_due(now=NOW + MINUTE), "by itself, only tomorrow"
    reprocess(failed.assignment, cast.olga)
    assert perform_all_due(now=NOW + MINUTE) == 1
    failed.refresh_from_db()
    assert failed.status == RequestStatus.DELIVERED
    told = Event.objects.get(verb="request.reprocessed")
    assert told.sentence == "Olga had the delivery of Sales: Standard Access to Rita tried again at once"
    assert told.correlation_id == failed.pk


def test_corner_29_what_was_taken_away_by_hand_comes_back_and_the_end_stays(cast, delivered):
    ends_at = delivered.ends_at
    group = Group.objects.get()
    Membership.objects.filter(group=group, person=cast.rita).delete()
    assert Assignment.objects.get().status == AssignmentStatus.DELIVERED, "nobody has noticed"
    assert reprocess(delivered, cast.olga).status == AssignmentStatus.DELIVERING
    perform_all_due(now=NOW + MINUTE)
    delivered.refresh_from_db()
    assert Membership.objects.filter(group=group, person=cast.rita).exists()
    assert (delivered.status, delivered.ends_at) == (AssignmentStatus.DELIVERED, ends_at)
    assert Message.objects.filter(occasion=Occasion.GRANTED).count() == 1, "it is no news to Rita"


def test_what_was_there_before_stays_what_was_there_before(cast, package, asked):
    Membership.objects.create(group=Group.objects.get(), person=cast.rita, added_at=NOW)
    perform_all_due(now=NOW)
    reprocess(Assignment.objects.get(), cast.olga)
    perform_all_due(now=NOW + MINUTE)
    assert Grant.objects.get().is_adopted
    actions.give_back(assignment=Assignment.objects.get(), actor=cast.rita, now=NOW + DAY)
    perform_all_due(now=NOW + DAY)
    assert Membership.objects.filter(person=cast.rita).exists()


def test_it_is_done_twice_without_harm_and_taken_away_while_it_is_done(cast, delivered):
    reprocess(delivered, cast.olga)
    with pytest.raises(IllegalMove, match="being delivered already"):
        reprocess(delivered, cast.olga)
    actions.revoke(assignment=delivered, actor=cast.olga, why="Enough", now=NOW + MINUTE)
    perform_all_due(now=NOW + MINUTE)
    delivered.refresh_from_db()
    assert delivered.status == AssignmentStatus.ENDED
    assert not Membership.objects.filter(person=cast.rita).exists()


def test_only_whoever_looks_after_the_package_reprocesses_and_only_what_is_there(cast, delivered):
    for other in (cast.rita, cast.marco, cast.charlie):
        with pytest.raises(PermissionDenied):
            reprocess(delivered, other)
    actions.give_back(assignment=delivered, actor=cast.rita, now=NOW)
    with pytest.raises(IllegalMove, match="ended already"):
        reprocess(delivered, cast.ada)


def test_a_failed_delivery_is_canceled_and_what_is_there_of_it_is_taken_away(cast, package, failed):
    with pytest.raises(PermissionDenied):
        actions.cancel_request(access_request=failed, actor=cast.rita, now=NOW)
    actions.cancel_request(access_request=failed, actor=cast.olga, now=NOW)
    failed.refresh_from_db()
    assert failed.status == RequestStatus.CANCELED
    ending = AccessRequest.objects.get(kind=RequestType.ADMIN_REMOVE)
    assert (ending.requested_by, ending.assignment) == (cast.olga, failed.assignment)
    mend_directory()
    perform_all_due(now=NOW + DAY)
    assert not Membership.objects.filter(person=cast.rita).exists()
    assert Assignment.objects.get().status == AssignmentStatus.ENDED


def test_what_is_delivered_is_not_canceled(cast, asked, delivered):
    with pytest.raises(IllegalMove):
        actions.cancel_request(access_request=asked, actor=cast.olga, now=NOW)


def test_corner_28_a_request_that_is_gone_takes_no_access_with_it(cast, asked, delivered):
    asked.delete()
    delivered.refresh_from_db()
    assert delivered.status == AssignmentStatus.DELIVERED
    assert Membership.objects.filter(person=cast.rita).exists()
