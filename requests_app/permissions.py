"""Who may do what with requests and assignments: one pure question each."""

from catalog.models import AccessPackage, Incompatibility
from catalog.permissions import can_manage_assignments, can_manage_packages
from directory.models import User
from directory.permissions import is_administrator

from .models import AccessRequest, ApprovalAssignee, Assignment, EmergencyReview, Rollout, SeparationException


def is_party(user: User, access_request: AccessRequest) -> bool:
    """Whether this person asked, or is the one asked for: nobody decides on either."""
    return user.pk in (access_request.person_id, access_request.requested_by_id)


def can_ask_for(user: User, person: User) -> bool:
    """Everybody for themselves, and managers for those who report to them directly, where the policy lets them."""
    return user.is_active and user.pk in (person.pk, person.manager_id)


def can_decide(user: User, access_request: AccessRequest) -> bool:
    """Whether this person may decide at all; being among those asked is checked with the approval's row.

    Administrators are no exception: nobody decides for themselves, or on what they submitted (behaviour 3).
    """
    return user.is_active and not is_party(user, access_request)


def can_answer(user: User, access_request: AccessRequest) -> bool:
    """Whoever is asked for information: those who asked and those asked for."""
    return user.is_active and is_party(user, access_request)


def can_cancel(user: User, access_request: AccessRequest) -> bool:
    """Those who asked and those asked for, and whoever looks after the package."""
    return user.is_active and (is_party(user, access_request) or can_manage_assignments(user, access_request.package))


def can_resubmit(user: User, access_request: AccessRequest) -> bool:
    """Whoever asked; whether there is anything to ask again is another question."""
    return user.is_active and access_request.requested_by_id == user.pk


def can_reprocess(user: User, assignment: Assignment) -> bool:
    """Whoever looks after the package."""
    return can_manage_assignments(user, assignment.package)


def can_reprocess_package(user: User, package: AccessPackage) -> bool:
    """Whoever may change what it gives: for everybody who has it at once."""
    return can_manage_packages(user, package.catalog)


def can_retry_rollout(user: User, rollout: Rollout) -> bool:
    """Whoever may change what the package gives; of a system, administrators."""
    return can_reprocess_package(user, rollout.package) if rollout.package else is_administrator(user)


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
    """Whoever looks after the package, and the manager where the policy lets managers ask for their reports."""
    return can_take_from_report(user, assignment) or can_manage_assignments(user, assignment.package)


def can_take_from_report(user: User, assignment: Assignment) -> bool:
    """The manager of whoever has it, where its policy lets managers ask for their reports."""
    is_manager = user.is_active and assignment.person.manager_id == user.pk
    return is_manager and assignment.policy.is_on_behalf_allowed


def can_ask_for_exception(user: User, rule: Incompatibility, *, person: User) -> bool:
    """The person themselves, and whoever looks after one of the two packages that are kept apart."""
    if not user.is_active:
        return False
    sides = [package for package in (rule.package, rule.other_package) if package]
    return user.pk == person.pk or any(can_manage_assignments(user, package) for package in sides)


def can_decide_exception(user: User, exception: SeparationException) -> bool:
    """Whoever is asked, and administrators; but nobody for themselves, or on what they asked for (behaviour 3)."""
    if not user.is_active or user.pk in (exception.person_id, exception.asked_by_id):
        return False
    return is_administrator(user) or exception.approvers.filter(pk=user.pk).exists()


def can_withdraw_exception(user: User, exception: SeparationException) -> bool:
    """Whoever asked, and the person that it is for."""
    return user.is_active and user.pk in (exception.person_id, exception.asked_by_id)


def can_delegate_for(user: User, delegator: User) -> bool:
    """Who says who decides in this person's place while they are away: they themselves, and administrators.

    Guests only where they were asked to decide before: to others of them the directory is not shown.
    """
    if not user.is_active:
        return False
    if user.pk != delegator.pk:
        return is_administrator(user)
    return not user.is_guest or ApprovalAssignee.objects.filter(person=user).exists()


def can_withdraw_approval(user: User, seat: ApprovalAssignee, access_request: AccessRequest) -> bool:
    """Only whoever approved it, themselves or in somebody's place; and nobody their own access."""
    return user.is_active and bool(seat.is_approved) and user.pk == seat.decided_by_id != access_request.person_id


def can_answer_callout(user: User, access_request: AccessRequest) -> bool:
    """Whoever looks after the package, in the place of an extension; but no party of the request (behaviour 3)."""
    return not is_party(user, access_request) and can_manage_assignments(user, access_request.package)


def can_review_emergency(user: User, review: EmergencyReview) -> bool:
    """Whoever is asked, and whoever looks after the package; but nobody their own (behaviour 3)."""
    if not user.is_active or user.pk == review.access_request.person_id:
        return False
    is_asked = review.reviewers.filter(pk=user.pk).exists()
    return is_asked or can_manage_assignments(user, review.access_request.package)
