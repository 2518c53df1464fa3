"""Ending access: given back, revoked, run out, or everything of somebody who leaves. Always set-based."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import journal
from directory.actions import lock_people
from directory.models import User
from provisioning.actions import withdraw
from provisioning.lifecycle import GrantStatus
from provisioning.models import GrantReason

from .. import events
from ..lifecycle import (
    ADDING,
    DECIDABLE,
    FAILED_DELIVERY,
    LIVE,
    UNBEGUN,
    UNDELIVERED,
    AssignmentStatus,
    IllegalMove,
    RequestStatus,
    RequestType,
)
from ..models import AccessRequest, Assignment
from ..permissions import can_give_back, can_revoke, can_take_from_report
from .attributes import take_attributes
from .deciding import cancel, cancel_undecided
from .delivering import move

BATCH = 500
"""Assignments that one transaction ends: short enough not to hold up the others."""


@transaction.atomic
def give_back(*, assignment: Assignment, actor: User, now: datetime) -> None:
    """End one's own access. Raises PermissionDenied, and IllegalMove where it has ended already."""
    if not can_give_back(actor, assignment):
        raise PermissionDenied(_("Only the person who has it gives it back."))
    end_one(assignment, kind=RequestType.USER_REMOVE, actor=actor, why=_("given back"), now=now)


@transaction.atomic
def revoke(*, assignment: Assignment, actor: User, why: str, now: datetime) -> None:
    """Take somebody's access away; where their manager may ask for them, the manager does it in their name.

    Raises PermissionDenied, and IllegalMove where it has ended already.
    """
    if not can_revoke(actor, assignment):
        raise PermissionDenied(_("Only those who look after the package take it away."))
    is_their_managers = can_take_from_report(actor, assignment)
    kind = RequestType.USER_REMOVE if is_their_managers else RequestType.ADMIN_REMOVE
    end_one(assignment, kind=kind, actor=actor, why=why or _("revoked"), now=now)


@transaction.atomic
def cancel_request(*, access_request: AccessRequest, actor: User, now: datetime) -> None:
    """Cancel a request that has not begun yet; or, by whoever looks after the package, one whose delivery failed.

    What is there of a failed delivery is taken away. Raises PermissionDenied, and IllegalMove where it is too late.
    """
    failed = AccessRequest.objects.adding().filter(pk=access_request.pk, status__in=FAILED_DELIVERY)
    row = failed.select_related("assignment__package__catalog").first()
    if row is None or row.assignment is None:
        cancel(access_request=access_request, actor=actor, now=now)
    elif can_revoke(actor, row.assignment):
        why = _("its delivery failed and was canceled")
        end_one(row.assignment, kind=RequestType.ADMIN_REMOVE, actor=actor, why=why, now=now)
    else:
        raise PermissionDenied(_("Only those who look after the package cancel what is being delivered."))


def expire_due(*, now: datetime) -> int:
    """End everything whose end has come, in committed batches; returns how many."""
    total = 0
    while batch := list(Assignment.objects.due_to_end(now)[:BATCH]):
        with transaction.atomic():
            ended = _end(
                batch,
                kind=RequestType.SYSTEM_REMOVE,
                actor=None,
                why=_("its time was over"),
                now=now,
                still=Q(ends_at__lte=now),
            )
            total += len(ended)
    return total


@transaction.atomic
def end_everything_of(people: Sequence[User], *, now: datetime) -> None:
    """Cancel the open requests and end the access of people who were disabled (behaviour 17)."""
    pending = AccessRequest.objects.filter(person__in=people, status__in=UNBEGUN).select_related("person", "package")
    for access_request in pending:
        cancel(access_request=access_request, actor=None, now=now)
    held = list(Assignment.objects.live().filter(person__in=people))
    _end(held, kind=RequestType.SYSTEM_REMOVE, actor=None, why=_("the person was disabled"), now=now)


@transaction.atomic
def end_what_gives(grants: Iterable[UUID], *, why: str, now: datetime) -> None:
    """End the access that gives these grants: an owner said that what is missing in its system is to stay so."""
    references = GrantReason.objects.living().filter(grant__in=list(grants)).values("reference")
    held = list(Assignment.objects.live().filter(pk__in=references))
    _end(held, kind=RequestType.SYSTEM_REMOVE, actor=None, why=why, now=now)


@transaction.atomic
def end_by_review(assignments: Iterable[UUID], *, why: str, now: datetime) -> set[UUID]:
    """End the access that a review decided is to go, and return the ids of what this ended.

    What had ended before is left out. A fixed number of statements, however many there are; at most `BATCH` at once.
    """
    held = list(Assignment.objects.live().filter(pk__in=list(assignments)))
    ended = _end(held, kind=RequestType.SYSTEM_REMOVE, actor=None, why=why, now=now)
    return {assignment.pk for assignment in ended}


def end_one(assignment: Assignment, *, kind: RequestType, actor: User | None, why: str, now: datetime) -> None:
    """End one access by a request of this kind. Raises IllegalMove where it has ended already."""
    if not _end([assignment], kind=kind, actor=actor, why=why, now=now):
        raise IllegalMove(_("This access has ended already."))


def _end(
    candidates: Sequence[Assignment],
    *,
    kind: RequestType,
    actor: User | None,
    why: str,
    now: datetime,
    still: Q | None = None,
) -> list[Assignment]:
    """End those of the candidates that are still live, each with a request of its own; returns which these were.

    `still` is what must hold of them once they are locked: an extension may have been approved a moment before.
    """
    lock_people(assignment.person_id for assignment in candidates)
    rows = Assignment.objects.filter(pk__in=[candidate.pk for candidate in candidates], status__in=LIVE)
    wanted = rows.filter(still or Q()).select_related("person", "package", "policy")
    assignments = list(wanted.select_for_update(of=("self",)).order_by("pk"))
    if not assignments:
        return []
    _cancel_unfinished(assignments, now=now)
    requests = AccessRequest.objects.bulk_create(
        AccessRequest(
            kind=kind,
            status=RequestStatus.DELIVERING,
            package=assignment.package,
            policy=assignment.policy,
            policy_version=assignment.policy.version,
            person=assignment.person,
            requested_by=actor,
            assignment=assignment,
            submitted_at=now,
        )
        for assignment in assignments
    )
    Assignment.move_all(assignments, status=AssignmentStatus.REMOVAL_PENDING, at=now)
    journal.record_many(
        journal.entry(
            events.ASSIGNMENT_ENDED,
            actor=actor,
            target=assignment,
            person=assignment.person,
            package=assignment.package,
            at=now,
            details={"why": why},
            correlation_id=access_request.pk,
        )
        for assignment, access_request in zip(assignments, requests, strict=True)
    )
    stories = {assignment.pk: request.pk for assignment, request in zip(assignments, requests, strict=True)}
    take_attributes(stories, now=now)
    withdraw(stories, now=now)
    _finish_those_without_removals(assignments, requests, now=now)
    return assignments


def _cancel_unfinished(assignments: Sequence[Assignment], *, now: datetime) -> None:
    """What is being delivered no longer is, and nobody need decide any more on what would have made it last longer."""
    undecided = AccessRequest.objects.updating().filter(assignment__in=assignments, status__in=DECIDABLE)
    rows = undecided.select_related("person", "package").select_for_update(of=("self",))
    cancel_undecided(list(rows.order_by("pk")), now=now)
    undelivered = AccessRequest.objects.filter(assignment__in=assignments, kind__in=ADDING, status__in=UNDELIVERED)
    AccessRequest.move_all(list(undelivered), status=RequestStatus.CANCELED, at=now)


def _finish_those_without_removals(
    assignments: Sequence[Assignment], requests: Sequence[AccessRequest], *, now: datetime
) -> None:
    """What other assignments give as well, or what was there before, leaves nothing to remove."""
    ids = [assignment.pk for assignment in assignments]
    reasons = GrantReason.objects.filter(reference__in=ids, grant__status=GrantStatus.REMOVAL_PENDING)
    waiting = set(reasons.values_list("reference", flat=True))
    finished = [assignment for assignment in assignments if assignment.pk not in waiting]
    if finished:
        open_requests = {request.assignment_id: request for request in requests}
        move(finished, status=AssignmentStatus.ENDED, open_requests=open_requests, now=now)
