"""Applying what a campaign decided: what is to go is ended by the actions that end any access, set by set.

An assignment that is denied ends. A role that is denied goes with everything that gives it: the assignments of packages
that were there when the review began, unless they give what stays as well (`giving`), and access that was there before
AccessGov. Nothing counts as removed before the targets show that it is gone (`following`).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accessgov import outbox
from directory.actions import lock_people
from directory.models import User
from provisioning.actions import remove_adopted
from requests_app.actions import end_by_review

from .. import events
from ..choices import Result
from ..lifecycle import ApplyState, CampaignStatus
from ..models import Campaign, CampaignWork, ReviewItem, WorkKind
from .carrying import ask_for, hold, keep, record
from .following import complete, follow, follow_assignments, follow_grants, lock_items, look, move, settle
from .giving import what_gives
from .guests import block_guests, guests_to_block

__all__ = [
    "apply_all_due",
    "apply_at_once",
    "apply_batch",
    "begin_applying",
    "complete",
    "follow",
    "follow_assignments",
    "follow_grants",
]

BATCH = 500
"""Items that one transaction removes: short enough not to hold up the others."""


def begin_applying(campaign: Campaign, *, now: datetime, actor: User | None = None) -> None:
    """Have the results of a locked campaign be applied. Raises IllegalMove."""
    campaign.move_to(CampaignStatus.APPLYING, at=now)
    record(events.CAMPAIGN_APPLYING, campaign, actor=actor, now=now)
    ask_for(WorkKind.APPLY, campaign, now=now)


@transaction.atomic
def apply_batch(*, work: CampaignWork, now: datetime) -> bool:
    """Remove the next of what is to go; returns whether there is more. Raises LeaseLostError.

    A fixed number of statements. What others removed meanwhile is *gone already*, and is left alone.
    """
    rows = ReviewItem.objects.filter(campaign=work.campaign_id, result=Result.REMOVE, state=ApplyState.NEW)
    wanted = dict(rows.order_by("pk").values_list("pk", "person_id")[:BATCH])
    is_last = len(wanted) < BATCH
    guests = guests_to_block(work.campaign_id) if is_last else []
    lock_people([*wanted.values(), *guests])
    campaign = hold(work)
    remove(lock_items(Q(pk__in=wanted, state=ApplyState.NEW)), campaign=campaign, now=now)
    work.done += len(wanted)
    keep(work, now=now)
    if not is_last:
        return True
    block_guests(guests, campaign=campaign, now=now)
    outbox.settle(work, now=now)
    complete(campaign.pk, now=now)
    return False


def apply_at_once(items: Sequence[ReviewItem], *, now: datetime) -> None:
    """Remove what was denied a moment before, where the terms say so; people, campaign and items are locked.

    It does not come back: whoever approves such an item afterwards is refused (`deciding`).
    """
    ids = [item.pk for item in items]
    if not ids:
        return
    ReviewItem.conclude_all(ReviewItem.objects.filter(pk__in=ids), goes=Q(pk__in=ids))
    locked = {item.pk: item for item in lock_items(Q(pk__in=ids, state=ApplyState.NEW))}
    if locked:
        remove(list(locked.values()), campaign=items[0].campaign, now=now)
    for item in items:
        if now_is := locked.get(item.pk):
            item.result, item.state = now_is.result, now_is.state
            item.problem, item.applied_at = now_is.problem, now_is.applied_at


def remove(items: Sequence[ReviewItem], *, campaign: Campaign, now: datetime) -> None:
    """End what these locked items are about, and bring them up to what came of it; their people are locked."""
    gone = look(items).gone
    move([item for item in items if item.pk in gone], state=ApplyState.NOT_FOUND, verb=events.ITEM_NOT_FOUND, now=now)
    there = [item for item in items if item.pk not in gone]
    if not there:
        return
    grants = [item.grant_id for item in there if item.grant_id]
    remove_adopted(grants, story=campaign.pk, now=now)
    ending = {item.assignment_id for item in there if item.assignment_id} | what_gives(there).ending
    end_by_review(ending, why=_("%(review)s decided so") % {"review": campaign}, now=now)
    ReviewItem.move_all(there, state=ApplyState.APPLYING, at=now)
    settle(there, now=now)


def apply_all_due(*, now: datetime) -> int:
    """Apply everything that is due at `now`, and follow it; returns how many campaigns are complete by that.

    For commands and tests.
    """
    from ..working import carry_all_due

    carry_all_due(WorkKind.APPLY, now=now)
    return follow(now=now)
