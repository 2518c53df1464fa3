"""Doing once more what is wanted already: what failed is tried at once, what is there is put in place again."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accessgov.outbox import WorkStatus

from ..lifecycle import PRESENT, GrantStatus
from ..models import Grant, GrantReason, Operation, OperationKind
from ..querysets import GrantQuerySet
from .answering import close_cases_of
from .queueing import dispatch, given_up, queue, turn


@transaction.atomic
def repeat(references: Iterable[UUID], *, story: UUID, now: datetime) -> list[Grant]:
    """Have everything that these references give put in place again, and return the grants; the person is locked.

    Work that waits for its next try, or is stuck, is due now with its attempts counted anew; work under way goes on.
    What is there already is done once more and read back, which heals what somebody changed in the target by hand.
    A fixed number of statements, however many references there are.
    """
    reasons = GrantReason.objects.living().filter(reference__in=list(references))
    return _repeat(Grant.objects.filter(pk__in=reasons.values("grant")), story=story, now=now)


@transaction.atomic
def repeat_grants(grant_ids: Iterable[UUID], *, story: UUID, now: datetime) -> list[Grant]:
    """As `repeat`, for these grants, as far as a reason still asks for them; their people are locked."""
    reasons = GrantReason.objects.living().filter(grant__in=list(grant_ids))
    return _repeat(Grant.objects.filter(pk__in=reasons.values("grant")), story=story, now=now)


def _repeat(rows: GrantQuerySet, *, story: UUID, now: datetime) -> list[Grant]:
    grants = list(rows.with_names().select_for_update(of=("self",)).order_by("pk"))
    _hurry(grants, now=now)
    present = [grant for grant in grants if grant.status in (*PRESENT, GrantStatus.DRIFTED)]
    present += given_up(grants)
    if drifted := [grant for grant in present if grant.status == GrantStatus.DRIFTED]:
        close_cases_of(drifted, now=now)
    turn(present, status=GrantStatus.PENDING, now=now)
    queue(present, kind=OperationKind.GRANT, now=now, stories={grant.pk: story for grant in present})
    return grants


def _hurry(grants: list[Grant], *, now: datetime) -> None:
    unfinished = Operation.objects.filter(
        grant__in=[grant.pk for grant in grants],
        kind=OperationKind.GRANT,
        status__in=(WorkStatus.PENDING, WorkStatus.STUCK),
        leased_until=None,
    )
    waiting = list(unfinished.select_for_update(of=("self",)).order_by("pk"))
    Operation.objects.filter(pk__in=[operation.pk for operation in waiting]).update(
        status=WorkStatus.PENDING, due_at=now, attempts=0
    )
    dispatch(waiting)
