"""Moving the end of somebody's access, by whoever looks after the package."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from catalog.models import PackageRole
from directory.actions import lock_people
from directory.models import User

from .. import conflicts, events
from ..lifecycle import DECIDABLE, LIVE, IllegalMove, RequestStatus, RequestType
from ..models import AccessRequest, Assignment
from ..permissions import can_change_end
from .deciding import cancel
from .moving import in_journal


@transaction.atomic
def change_end(*, assignment: Assignment, actor: User, ends_at: datetime | None, why: str, now: datetime) -> Assignment:
    """Have somebody's access end at another moment, or not at all (None); it is a request of its own (`adminUpdate`).

    An open request to extend it is canceled: the end is decided. Raises PermissionDenied, IllegalMove where the access
    has ended, and ValidationError where the reason is missing or the end cannot be that one.
    """
    lock_people([assignment.person_id])
    rows = Assignment.objects.select_related("person", "package__catalog", "policy")
    locked = rows.select_for_update(of=("self",)).get(pk=assignment.pk)
    if not can_change_end(actor, locked):
        raise PermissionDenied(_("Only those who look after the package move its end, and nobody for themselves."))
    old = locked.ends_at
    if locked.status not in LIVE or (old is not None and old <= now):
        raise IllegalMove(_("This access has ended already."))
    if not why.strip():
        raise ValidationError({"justification": _("Say why its end is moved.")})
    if obstacle := _obstacle(locked, ends_at=ends_at, now=now):
        raise ValidationError({"ends_at": obstacle})
    put_end(locked, actor=actor, ends_at=ends_at, why=why.strip(), now=now)
    return locked


def put_end(assignment: Assignment, *, actor: User, ends_at: datetime | None, why: str, now: datetime) -> None:
    """Move the end of locked, live access by a request of its own, whoever may; open extensions are canceled."""
    for access_request in _open_extensions(assignment):
        cancel(access_request=access_request, actor=None, now=now)
    access_request = _request(assignment, actor=actor, ends_at=ends_at, why=why, now=now)
    old = assignment.ends_at
    assignment.move_end(ends_at)
    journal.record(
        events.ASSIGNMENT_END_MOVED,
        actor=actor,
        target=assignment,
        person=assignment.person,
        package=assignment.package,
        at=now,
        details={"old_end": in_journal(old), "new_end": in_journal(ends_at), "why": why},
        correlation_id=access_request.pk,
    )


def _obstacle(assignment: Assignment, *, ends_at: datetime | None, now: datetime) -> str:
    """Why this cannot be its end; empty where it can."""
    old, policy_end = assignment.ends_at, assignment.policy.fixed_end
    if ends_at == old:
        return _("That is its end already.")
    if ends_at is not None and ends_at <= now:
        return _("That is over already. To end it now, take it away.")
    if policy_end and (ends_at is None or ends_at > policy_end):
        return _("Its policy ends all access before that.")
    is_later = old is not None and (ends_at is None or ends_at > old)
    if is_later and assignment.is_emergency:
        return _("It was taken in an emergency, and never lasts longer.")
    if is_later and _is_privileged(assignment):
        return _("It gives a privileged resource, which is never extended without approval.")
    if is_later and (found := conflicts.against_lasting(assignment.person, assignment.package_id)):
        return conflicts.in_words(found, person=assignment.person)
    return ""


def _is_privileged(assignment: Assignment) -> bool:
    roles = PackageRole.objects.filter(package=assignment.package_id)
    return roles.filter(resource_role__resource__is_privileged=True).exists()


def _open_extensions(assignment: Assignment) -> list[AccessRequest]:
    found = AccessRequest.objects.updating().filter(assignment=assignment, status__in=DECIDABLE)
    return list(found.select_related("person", "package"))


def _request(
    assignment: Assignment, *, actor: User, ends_at: datetime | None, why: str, now: datetime
) -> AccessRequest:
    access_request = AccessRequest.objects.create(
        kind=RequestType.ADMIN_UPDATE,
        package=assignment.package,
        policy=assignment.policy,
        policy_version=assignment.policy.version,
        person=assignment.person,
        requested_by=actor,
        justification=why,
        wanted_end=ends_at,
        assignment=assignment,
        submitted_at=now,
    )
    access_request.move_to(RequestStatus.DELIVERING, at=now)
    access_request.move_to(RequestStatus.DELIVERED, at=now)
    return access_request
