"""From the request to access that is really there, and really ends: the main job, in the built-in directory."""

from datetime import timedelta

from django.utils import timezone

from audit.models import Event
from directory import actions as directory_actions
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus, RequestStatus, RequestType
from requests_app.models import AccessRequest, Assignment


def carry_out():
    return perform_all_due(now=timezone.now() + timedelta(seconds=1))


def get_access(cast, package):
    now = timezone.now()
    access_request = actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=now)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=now)
    carry_out()
    return Assignment.objects.get(person=cast.rita, package=package)


def test_what_is_approved_is_there_and_ends_by_itself(cast):
    group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)

    assignment = get_access(cast, package)

    assert assignment.status == AssignmentStatus.DELIVERED
    assert group.memberships.filter(person=cast.rita).exists()
    assert Grant.objects.get(person=cast.rita).status == GrantStatus.VERIFIED
    assert assignment.ends_at == assignment.delivered_at + timedelta(days=30)
    assert AccessRequest.objects.get(assignment=assignment).status == RequestStatus.DELIVERED

    assert actions.expire_due(now=assignment.ends_at - timedelta(seconds=1)) == 0
    assert actions.expire_due(now=assignment.ends_at) == 1
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.REMOVAL_PENDING
    perform_all_due(now=assignment.ends_at + timedelta(minutes=1))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert not group.memberships.filter(person=cast.rita).exists()
    removal = AccessRequest.objects.get(kind=RequestType.SYSTEM_REMOVE)
    assert removal.status == RequestStatus.DELIVERED

    told = [event.verb for event in Event.objects.filter(person_id=cast.rita.pk).order_by("id")]
    assert told == [
        "request.submitted", "approval.started", "approval.approved", "request.approved", "assignment.started",
        "grant.queued", "group.member_added", "grant.delivered", "assignment.delivered", "assignment.ended",
        "grant.removal_queued", "group.member_removed", "grant.removed", "assignment.cleared",
    ]  # fmt: skip


def test_a_role_that_two_assignments_give_goes_with_the_last(cast):
    group, role = cast.role("Sales EMEA")
    first, second = cast.package("Sales: Standard Access", role), cast.package("Sales: Campaign Access", role)
    cast.policy(first)
    cast.policy(second)
    one, other = get_access(cast, first), get_access(cast, second)

    actions.give_back(assignment=one, actor=cast.rita, now=timezone.now())
    carry_out()
    one.refresh_from_db()
    assert one.status == AssignmentStatus.ENDED
    assert group.memberships.filter(person=cast.rita).exists()

    actions.give_back(assignment=other, actor=cast.rita, now=timezone.now())
    carry_out()
    assert not group.memberships.filter(person=cast.rita).exists()


def test_access_that_was_there_before_is_adopted_and_stays(cast):
    group, role = cast.role("Sales EMEA")
    directory_actions.add_member(group=group, person=cast.rita, actor=None, now=timezone.now())
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)

    assignment = get_access(cast, package)
    assert Grant.objects.get(person=cast.rita).is_adopted
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    carry_out()
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert group.memberships.filter(person=cast.rita).exists()


def test_a_leaver_loses_everything_at_once(cast):
    group, role = cast.role("Sales EMEA")
    package, other = cast.package("Sales: Standard Access", role), cast.package("Sales: Campaign Access", role)
    cast.policy(package)
    cast.policy(other)
    assignment = get_access(cast, package)
    waiting = actions.submit(package=other, actor=cast.rita, justification="Also", now=timezone.now())

    directory_actions.disable_person(person=cast.rita, actor=cast.ada, now=timezone.now())
    carry_out()

    assignment.refresh_from_db()
    waiting.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert waiting.status == RequestStatus.CANCELED
    assert not group.memberships.filter(person=cast.rita).exists()


def test_a_target_that_fails_is_retried_and_never_shown_as_delivered(cast):
    group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package)
    origin, role.resource.origin_id = role.resource.origin_id, "00000000-0000-0000-0000-000000000000"
    role.resource.save()

    assignment = get_access(cast, package)
    assert assignment.status == AssignmentStatus.DELIVERY_FAILED
    assert "not in the directory" in Grant.objects.get(person=cast.rita).last_error

    role.resource.origin_id = origin
    role.resource.save()
    perform_all_due(now=timezone.now() + timedelta(hours=2))
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERED
    assert group.memberships.filter(person=cast.rita).exists()


def test_access_that_was_given_back_before_it_was_delivered_never_appears(cast):
    group, role = cast.role("Sales EMEA")
    package = cast.package("Sales: Standard Access", role)
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New", now=timezone.now())

    assignment = Assignment.objects.get(person=cast.rita)
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    carry_out()

    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.ENDED
    assert not Event.objects.filter(verb="group.member_added").exists()
    assert not group.memberships.exists()
