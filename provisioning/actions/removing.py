"""Taking away what no assignment gives: access that was there before, and is not to stay."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ..lifecycle import GrantStatus, sources_of
from ..models import Grant, OperationKind
from .answering import close_cases_of
from .queueing import queue, turn

REMOVABLE = sorted(set(sources_of(GrantStatus.REMOVAL_PENDING)) - {GrantStatus.REMOVED})
"""Not that which is gone already."""


@transaction.atomic
def remove_adopted(grants: Collection[UUID], *, story: UUID, now: datetime) -> set[UUID]:
    """Have adopted access no longer be adopted, and what nothing else gives be removed; returns the ids of what goes.

    What an assignment gives as well goes when that ends, like any other. The people are locked already. A fixed number
    of statements, however many grants there are.
    """
    rows = Grant.objects.filter(pk__in=grants, is_adopted=True)
    adopted = list(rows.with_names().select_for_update(of=("self",)).order_by("pk"))
    if not adopted:
        return set()
    rows = Grant.objects.filter(pk__in=[grant.pk for grant in adopted])
    rows.update(is_adopted=False, was_present=True)
    unwanted = set(rows.unwanted().filter(status__in=REMOVABLE).values_list("pk", flat=True))
    going = [grant for grant in adopted if grant.pk in unwanted]
    if drifted := [grant for grant in going if grant.status == GrantStatus.DRIFTED]:
        close_cases_of(drifted, now=now)
    turn(going, status=GrantStatus.REMOVAL_PENDING, now=now)
    queue(going, kind=OperationKind.REVOKE, now=now, stories=dict.fromkeys(unwanted, story))
    return unwanted
