"""Guests whom a campaign denied everything that it asked about: blocked at once, deleted after thirty days.

Only where the terms say so, and never members. A guest of whose access anything was approved, in this campaign or
anywhere else, only loses the rest; one who was enabled again before the thirty days are over is left alone from then
on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accessgov.outbox import WorkStatus
from audit import journal
from directory.actions import disable_guests, forget_guests, lock_people
from directory.models import PersonKind, User
from provisioning.actions import remove_adopted
from provisioning.lifecycle import GrantStatus
from provisioning.models import AccountChange, Grant
from requests_app.models import Assignment

from .. import events
from ..choices import DeniedGuests, Result, Verdict
from ..lifecycle import ApplyState
from ..models import Campaign, Farewell, GuestRemoval, ReviewItem

DELETED_AFTER = timedelta(days=30)
BATCH = 200
"""Guests that one transaction deletes."""


def guests_to_block(campaign_id: UUID) -> list[UUID]:
    """The guests whom a closed campaign denied something and left nothing; none where its terms do not say so."""
    if Campaign.objects.get(pk=campaign_id).rules.denied_guests != DeniedGuests.BLOCK:
        return []
    denied = ReviewItem.objects.filter(campaign=campaign_id, result=Result.REMOVE, verdict=Verdict.DENY)
    kept = ReviewItem.objects.filter(campaign=campaign_id, result=Result.KEEP)
    guests = User.objects.filter(kind=PersonKind.GUEST, is_active=True, pk__in=denied.values("person"))
    return list(guests.exclude(pk__in=kept.values("person")).values_list("pk", flat=True))


def block_guests(guests: Sequence[UUID], *, campaign: Campaign, now: datetime) -> None:
    """Block those of these guests who are left with nothing by what was removed; they are locked."""
    leaving = _left_with_nothing(guests, campaign=campaign) if guests else []
    blocked = disable_guests(leaving, now=now) if leaving else []
    if not blocked:
        return
    delete_at = now + DELETED_AFTER
    GuestRemoval.objects.bulk_create(
        [GuestRemoval(campaign=campaign, person=guest, blocked_at=now, delete_at=delete_at) for guest in blocked],
        ignore_conflicts=True,
    )
    journal.record_many(
        journal.entry(
            events.GUEST_BLOCKED, actor=None, target=campaign, person=guest, at=now,
            details={"deleted_at": delete_at.isoformat()}, correlation_id=campaign.pk,
        )
        for guest in blocked
    )  # fmt: skip


def _left_with_nothing(guests: Sequence[UUID], *, campaign: Campaign) -> list[UUID]:
    """Those of whom nothing was approved anew, and who have nothing that this campaign did not ask about."""
    anew = ReviewItem.objects.filter(campaign=campaign, result=Result.REMOVE, state=ApplyState.NOT_NEEDED)
    staying = {
        *anew.filter(person__in=guests).values_list("person", flat=True),
        *Assignment.objects.live().filter(person__in=guests).values_list("person", flat=True),
    }
    return [guest for guest in guests if guest not in staying]


def delete_due(*, now: datetime) -> int:
    """Delete the guests whose thirty days are over and of whom no system has anything more; returns how many.

    What was there before AccessGov is taken first: systems know them by the name that is deleted. In committed batches.
    """
    deleted, last = 0, None
    while due := list(_due(now, after=last).values_list("pk", "person_id")[:BATCH]):
        deleted += _delete(dict(due), now=now)
        last = due[-1][0]
    return deleted


def _due(now: datetime, *, after: UUID | None) -> QuerySet[GuestRemoval]:
    rows = GuestRemoval.objects.filter(outcome=Farewell.WAITING, delete_at__lte=now).order_by("pk")
    return rows.filter(pk__gt=after) if after else rows


@transaction.atomic
def _delete(due: dict[UUID, UUID], *, now: datetime) -> int:
    people = lock_people(due.values())
    rows = GuestRemoval.objects.select_related("campaign").filter(pk__in=due, outcome=Farewell.WAITING)
    removals = list(rows.select_for_update(of=("self",)).order_by("pk"))
    leaving = [one for one in removals if _is_to_go(people[one.person_id])]
    spared = [one for one in removals if one not in leaving]
    _take_what_was_there(leaving, now=now)
    gone = _without_what_is_there(leaving)
    forgotten = {guest.pk: guest for guest in forget_guests([one.person_id for one in gone], now=now)}
    _settle(gone, Farewell.DELETED, verb=events.GUEST_DELETED, people=forgotten, now=now)
    _settle(spared, Farewell.SPARED, verb=events.GUEST_SPARED, people=people, now=now)
    return len(gone)


def _is_to_go(person: User) -> bool:
    return person.is_guest and not person.is_active


def _take_what_was_there(removals: Sequence[GuestRemoval], *, now: datetime) -> None:
    """Assignments ended when they were blocked; what was there before AccessGov goes with them."""
    for removal in {one.campaign_id: one for one in removals}.values():
        people = [one.person_id for one in removals if one.campaign_id == removal.campaign_id]
        adopted = Grant.objects.filter(person__in=people, is_adopted=True)
        remove_adopted(list(adopted.values_list("pk", flat=True)), story=removal.campaign_id, now=now)


def _without_what_is_there(removals: Sequence[GuestRemoval]) -> list[GuestRemoval]:
    """Those of whom no system has anything any more, or anything to do; the others wait for the next sweep."""
    people = [one.person_id for one in removals]
    left = Grant.objects.filter(person__in=people).exclude(status=GrantStatus.REMOVED)
    changing = AccountChange.objects.filter(person__in=people, status__in=(WorkStatus.PENDING, WorkStatus.STUCK))
    having = {person for rows in (left, changing) for person in rows.order_by().values_list("person_id", flat=True)}
    return [one for one in removals if one.person_id not in having]


def _settle(
    removals: Sequence[GuestRemoval], outcome: Farewell, *, verb: str, people: dict[UUID, User], now: datetime
) -> None:
    if not removals:
        return
    GuestRemoval.objects.filter(pk__in=[one.pk for one in removals]).update(outcome=outcome, settled_at=now)
    journal.record_many(
        journal.entry(
            verb, actor=None, target=one.campaign, person=people[one.person_id], at=now, correlation_id=one.campaign_id
        )
        for one in removals
    )
