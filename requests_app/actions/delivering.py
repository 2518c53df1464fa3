"""From approval to access: the assignment, and what becomes of it as its grants are delivered or removed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import journal
from directory.actions import lock_people
from provisioning.actions import Reason, provide
from provisioning.lifecycle import PRESENT, GrantStatus
from provisioning.models import Grant, GrantReason

from .. import events
from ..lifecycle import LIVE, UNDELIVERED, AssignmentStatus, RequestStatus
from ..models import AccessRequest, Assignment, end_of


def begin(access_request: AccessRequest, *, now: datetime) -> Assignment:
    """Create the assignment of an approved request and have its roles provided. The person is locked already.

    Until everything is delivered the end counts from now, so that what is delivered in part has an end as well.
    """
    assignment = Assignment(
        person=access_request.person,
        package=access_request.package,
        policy_id=access_request.policy_id,
        duration=access_request.duration,
        fixed_end=access_request.fixed_end,
        starts_at=now,
    )
    assignment.ends_at = end_of(starts_at=now, assignment=assignment)
    assignment.save()
    access_request.assignment = assignment
    access_request.move_to(RequestStatus.DELIVERING, at=now)
    _record(events.ASSIGNMENT_STARTED, assignment, story=access_request.pk, now=now)
    roles = [link.resource_role for link in access_request.package.package_roles.select_related("resource_role")]
    grants = provide(
        [
            Reason(person=access_request.person, role=role, reference=assignment.pk, correlation_id=access_request.pk)
            for role in roles
        ],
        now=now,
    )
    _follow(assignment, [grant.status for grant in grants], access_request=access_request, now=now)
    return assignment


@transaction.atomic
def refresh(grants: Iterable[Grant], *, now: datetime) -> None:
    """Bring the assignments that rest on these grants up to what the grants show."""
    changed = list(grants)
    lock_people(grant.person_id for grant in changed)
    references = set(GrantReason.objects.filter(grant__in=changed).values_list("reference", flat=True))
    rows = Assignment.objects.filter(pk__in=references).exclude(status=AssignmentStatus.ENDED)
    assignments = list(rows.select_related("person", "package").select_for_update(of=("self",)).order_by("pk"))
    statuses = _statuses_of(assignments)
    requests = AccessRequest.objects.filter(assignment__in=assignments, status__in=UNDELIVERED)
    open_requests = {row.assignment_id: row for row in requests.select_for_update()}
    for assignment in assignments:
        _follow(assignment, statuses[assignment.pk], access_request=open_requests.get(assignment.pk), now=now)


def _statuses_of(assignments: list[Assignment]) -> defaultdict[UUID, list[str]]:
    """What the grants of each assignment show; of a live one, those that it still asks for."""
    live = {assignment.pk for assignment in assignments if assignment.status in LIVE}
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    reasons = GrantReason.objects.filter(reference__in=[assignment.pk for assignment in assignments])
    for reference, ended_at, status in reasons.values_list("reference", "ended_at", "grant__status"):
        if (reference in live) == (ended_at is None):
            found[reference].append(status)
    return found


def _follow(
    assignment: Assignment, statuses: list[str], *, access_request: AccessRequest | None, now: datetime
) -> None:
    story = access_request.pk if access_request else assignment.pk
    if assignment.status == AssignmentStatus.REMOVAL_PENDING:
        if GrantStatus.REMOVAL_PENDING not in statuses:
            assignment.move_to(AssignmentStatus.ENDED, at=now)
            _record(events.ASSIGNMENT_CLEARED, assignment, story=story, now=now)
            _move_request(access_request, status=RequestStatus.DELIVERED, now=now)
        return
    status = _sum_up(statuses)
    if status == assignment.status:
        return
    assignment.move_to(status, at=now)
    _move_request(access_request, status=RequestStatus(status), now=now)
    if status == AssignmentStatus.DELIVERED:
        _record(events.ASSIGNMENT_DELIVERED, assignment, story=story, now=now)
    elif status != AssignmentStatus.DELIVERING:
        _record(events.ASSIGNMENT_FAILED, assignment, story=story, now=now)


def _sum_up(statuses: list[str]) -> AssignmentStatus:
    """Delivered only where every role is; failed or partial as soon as one failed and none is still on its way."""
    if all(status in PRESENT for status in statuses):
        return AssignmentStatus.DELIVERED
    if GrantStatus.FAILED not in statuses:
        return AssignmentStatus.DELIVERING
    if any(status in PRESENT for status in statuses):
        return AssignmentStatus.PARTIALLY_DELIVERED
    return AssignmentStatus.DELIVERY_FAILED


def _move_request(access_request: AccessRequest | None, *, status: RequestStatus, now: datetime) -> None:
    if access_request is not None and access_request.status != status:
        access_request.move_to(status, at=now)


def _record(verb: str, assignment: Assignment, *, story: UUID, now: datetime) -> None:
    journal.record(
        verb,
        actor=None,
        target=assignment,
        person=assignment.person,
        package=assignment.package,
        at=now,
        correlation_id=story,
    )
