"""The rows on which people decide: their own, and those of whom they stand in for."""

from collections.abc import Iterable
from datetime import datetime

from directory.models import User

from .models import AccessRequest, ApprovalAssignee, Delegation


def seat_of(person: User, *, among: Iterable[ApprovalAssignee]) -> ApprovalAssignee | None:
    """The row on which this person decides: their own, else that of somebody who is away; None where there is none."""
    seats = list(among)
    own = (one for one in seats if one.person_id == person.pk and one.person.is_active)
    lent = (one for one in seats if one.delegate_id == person.pk and one.delegate and one.delegate.is_active)
    return next(own, None) or next(lent, None)


def may_sit(person: User, *, seat: ApprovalAssignee, access_request: AccessRequest, now: datetime) -> bool:
    """Whether this person still decides here: the delegation may have ended since they were asked."""
    if seat.person_id == person.pk:
        return True
    held = Delegation.objects.in_force(now).filter(delegator=seat.person_id, delegate=person.pk)
    return held.covering(access_request.package.catalog_id).exists()
