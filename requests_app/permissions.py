"""Who may do what with requests and assignments: one pure question each."""

from catalog.permissions import can_manage_assignments
from directory.models import User
from directory.permissions import is_administrator

from .models import AccessRequest, Assignment


def is_party(user: User, access_request: AccessRequest) -> bool:
    """Whether this person asked, or is the one asked for: nobody decides on either."""
    return user.pk in (access_request.person_id, access_request.requested_by_id)


def can_decide(user: User, access_request: AccessRequest) -> bool:
    """Whether this person may decide at all; being among those asked is checked with the approval's row.

    Administrators are no exception: nobody decides for themselves, or on what they submitted (behaviour 3).
    """
    return user.is_active and not is_party(user, access_request)


def can_cancel(user: User, access_request: AccessRequest) -> bool:
    """Those who asked and those asked for, and administrators."""
    return user.is_active and (is_party(user, access_request) or is_administrator(user))


def can_give_back(user: User, assignment: Assignment) -> bool:
    """Only the person who has it."""
    return user.is_active and assignment.person_id == user.pk


def can_extend(user: User, assignment: Assignment) -> bool:
    """Only the person who has it; whether it can be extended at all is another question (`extensions.offer_for`)."""
    return user.is_active and assignment.person_id == user.pk


def can_change_end(user: User, assignment: Assignment) -> bool:
    """Whoever looks after the package; but nobody for themselves, administrators included (behaviour 3)."""
    return assignment.person_id != user.pk and can_manage_assignments(user, assignment.package)


def can_revoke(user: User, assignment: Assignment) -> bool:
    """Whoever looks after the package."""
    return can_manage_assignments(user, assignment.package)
