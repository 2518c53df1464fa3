"""From approval to access: the assignment, and what becomes of it as its grants are delivered or removed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.models import Event
from catalog.models import AccessPackage, ResourceRole
from directory.actions import lock_people
from provisioning.actions import Reason, provide
from provisioning.lifecycle import PRESENT, GrantStatus
from provisioning.models import Grant, GrantReason

from .. import conflicts, events
from ..lifecycle import LIVE, UNDELIVERED, AssignmentStatus, RequestStatus
from ..models import AccessRequest, Assignment, end_of
from .attributes import write_attributes

TOLD = {
    AssignmentStatus.DELIVERED: events.ASSIGNMENT_DELIVERED,
    AssignmentStatus.PARTIALLY_DELIVERED: events.ASSIGNMENT_FAILED,
    AssignmentStatus.DELIVERY_FAILED: events.ASSIGNMENT_FAILED,
    AssignmentStatus.ENDED: events.ASSIGNMENT_CLEARED,
}
"""What is journalled when an assignment comes to a status; the others are told by what led to them."""
WAS_DELIVERED = (*PRESENT, GrantStatus.DRIFTED)
"""What somebody took away in the target was delivered: the role is marked, and an owner says what becomes of it."""


def begin(access_request: AccessRequest, *, now: datetime) -> Assignment | None:
    """Create the assignment of an approved request and have its roles provided. The person is locked already.

    Until everything is delivered the end counts from now, so that what is delivered in part has an end as well. None
    where the person has come to hold something incompatible since it was approved, or its time is over before it
    began: then the request ends, ungranted.
    """
    if why := _why_too_late(access_request, now=now):
        end_ungranted(access_request, verb=events.REQUEST_LAPSED, why=why, now=now)
        return None
    hold_roles_still(access_request.package)
    roles, is_in_conflict = _roles_for(access_request)
    if is_in_conflict and not access_request.is_emergency:
        end_in_conflict(access_request, now=now)
        return None
    assignment = Assignment(
        person=access_request.person,
        package=access_request.package,
        policy_id=access_request.policy_id,
        duration=access_request.duration,
        fixed_end=access_request.fixed_end,
        callout_plan=access_request.callout_plan,
        is_emergency=access_request.is_emergency,
        starts_at=now,
    )
    assignment.ends_at = end_of(starts_at=now, duration=assignment.duration, fixed_end=assignment.fixed_end)
    assignment.save()
    access_request.assignment = assignment
    access_request.move_to(RequestStatus.DELIVERING, at=now)
    journal.record_many([_tell(events.ASSIGNMENT_STARTED, assignment, story=access_request.pk, now=now)])
    grants = provide(
        [
            Reason(person=access_request.person, role=role, reference=assignment.pk, correlation_id=access_request.pk)
            for role in roles
        ],
        now=now,
    )
    status = _sum_up([grant.status for grant in grants])
    if status != assignment.status:
        move([assignment], status=status, open_requests={assignment.pk: access_request}, now=now)
    return assignment


def _roles_for(access_request: AccessRequest) -> tuple[list[ResourceRole], bool]:
    """What the package gives now, and whether the person holds something incompatible: by one statement."""
    conflict = conflicts.exist(access_request.person_id, access_request.package_id)
    links = access_request.package.package_roles.select_related("resource_role").annotate(is_in_conflict=conflict)
    if found := list(links):
        return [link.resource_role for link in found], found[0].is_in_conflict
    return [], bool(conflicts.between(access_request.person, access_request.package_id))


def _why_too_late(access_request: AccessRequest, *, now: datetime) -> str:
    """What has come between the approval and the beginning; empty where nothing has."""
    if not access_request.person.is_active:
        return _("the person was disabled")
    if access_request.fixed_end and access_request.fixed_end <= now:
        return _("its end had come before it began")
    return ""


def is_to_begin(access_request: AccessRequest, *, now: datetime) -> bool:
    """Whether `begin` would give it now: nothing has come between the approval and the beginning."""
    return not _why_too_late(access_request, now=now) and not _roles_for(access_request)[1]


def end_in_conflict(access_request: AccessRequest, *, now: datetime, lasting: bool = False) -> None:
    """End what was approved, for what the person holds; `lasting` where it is to last longer (`conflicts.of`)."""
    person, package = access_request.person, access_request.package_id
    found = conflicts.of(person, packages=[package], with_requests=False, lasting=lasting)[package]
    why = conflicts.in_words(found, person=person)
    end_ungranted(access_request, verb=events.REQUEST_IN_CONFLICT, why=why, now=now)


def end_ungranted(access_request: AccessRequest, *, verb: str, why: str, now: datetime) -> None:
    """Nobody decides any more on what was approved, so it ends here; the journal says what stood against it."""
    access_request.move_to(RequestStatus.CANCELED, at=now)
    journal.record(
        verb,
        actor=None,
        target=access_request,
        person=access_request.person,
        package=access_request.package,
        at=now,
        details={"why": why},
        correlation_id=access_request.pk,
    )


def hold_roles_still(package: AccessPackage) -> None:
    """Wait for a change of the package's roles that is under way, and make the next one wait.

    Otherwise a role that is added at this moment would be missed here, and this assignment there: PostgreSQL checks
    foreign keys only at the commit, too late to meet `repackaging`. On SQLite the one writer does the same.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM catalog_accesspackage WHERE id = %s FOR KEY SHARE", [package.pk])


@transaction.atomic
def refresh(grants: Iterable[Grant], *, now: datetime) -> None:
    """Bring the assignments that rest on these grants up to what the grants show."""
    changed = list(grants)
    lock_people(grant.person_id for grant in changed)
    follow(set(GrantReason.objects.filter(grant__in=changed).values_list("reference", flat=True)), now=now)


def follow(references: Iterable[UUID], *, now: datetime) -> None:
    """Bring these assignments up to what their grants show; the people are locked already.

    A fixed number of statements for each status that is reached, however many assignments there are.
    """
    rows = Assignment.objects.filter(pk__in=list(references)).exclude(status=AssignmentStatus.ENDED)
    assignments = list(rows.select_related("person", "package").select_for_update(of=("self",)).order_by("pk"))
    statuses = _statuses_of(assignments)
    moved: defaultdict[AssignmentStatus, list[Assignment]] = defaultdict(list)
    for assignment in assignments:
        if (status := _next_status(assignment, statuses[assignment.pk])) != assignment.status:
            moved[status].append(assignment)
    requests = AccessRequest.objects.filter(assignment__in=assignments, status__in=UNDELIVERED) if moved else []
    open_requests = {row.assignment_id: row for row in requests}
    for status, those in moved.items():
        move(those, status=status, open_requests=open_requests, now=now)


def _statuses_of(assignments: list[Assignment]) -> defaultdict[UUID, list[str]]:
    """What the grants of each assignment show; of a live one, those that it still asks for."""
    live = {assignment.pk for assignment in assignments if assignment.status in LIVE}
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    reasons = GrantReason.objects.filter(reference__in=[assignment.pk for assignment in assignments])
    for reference, ended_at, status in reasons.values_list("reference", "ended_at", "grant__status"):
        if (reference in live) == (ended_at is None):
            found[reference].append(status)
    return found


def _next_status(assignment: Assignment, statuses: list[str]) -> AssignmentStatus:
    if assignment.status != AssignmentStatus.REMOVAL_PENDING:
        return _sum_up(statuses)
    is_gone = GrantStatus.REMOVAL_PENDING not in statuses
    return AssignmentStatus.ENDED if is_gone else AssignmentStatus.REMOVAL_PENDING


def move(
    assignments: Sequence[Assignment],
    *,
    status: AssignmentStatus,
    open_requests: Mapping[UUID | None, AccessRequest],
    now: datetime,
) -> None:
    """Move assignments, and the requests that wait for them, to the same status, and journal it."""
    Assignment.move_all(assignments, status=status, at=now)
    reached = RequestStatus.DELIVERED if status == AssignmentStatus.ENDED else RequestStatus(status)
    requests = [open_requests[one.pk] for one in assignments if one.pk in open_requests]
    AccessRequest.move_all([request for request in requests if request.status != reached], status=reached, at=now)
    stories = {request.assignment_id: request.pk for request in requests}
    if status == AssignmentStatus.DELIVERED:
        write_attributes(requests, now=now)
    if verb := TOLD.get(status):
        journal.record_many(
            _tell(verb, assignment, story=stories.get(assignment.pk, assignment.pk), now=now)
            for assignment in assignments
        )


def _sum_up(statuses: list[str]) -> AssignmentStatus:
    """Delivered only where every role is; failed or partial as soon as one failed and none is still on its way."""
    if all(status in WAS_DELIVERED for status in statuses):
        return AssignmentStatus.DELIVERED
    if GrantStatus.FAILED not in statuses:
        return AssignmentStatus.DELIVERING
    if any(status in WAS_DELIVERED for status in statuses):
        return AssignmentStatus.PARTIALLY_DELIVERED
    return AssignmentStatus.DELIVERY_FAILED


def _tell(verb: str, assignment: Assignment, *, story: UUID, now: datetime) -> Event:
    return journal.entry(
        verb,
        actor=None,
        target=assignment,
        person=assignment.person,
        package=assignment.package,
        at=now,
        correlation_id=story,
    )
