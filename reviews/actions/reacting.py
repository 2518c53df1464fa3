"""Reviews that an event starts: leaves a cue for each person concerned, and begins their campaign when it is heeded."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from directory.imports import in_batches
from directory.models import User

from .. import events, occasions
from ..choices import Trigger
from ..lifecycle import IllegalMove
from ..models import Campaign, Cue, Review
from ..occasions import Occasion
from ..permissions import can_define
from . import starting
from .moving_again import put_to_manager

logger = logging.getLogger(__name__)

DORMANT_AFTER = 90
"""Days, where a review says nothing else."""
LOOKED_AFTER = timedelta(hours=1)
"""When it is looked again whether the campaign before it has ended."""


def leave_cues(trigger: Trigger, found: Iterable[Occasion], *, now: datetime) -> int:
    """Have every enabled review of this kind begin for these people; returns how many will.

    Inside a transaction. Four statements for a thousand people, one where no review asks for it; nobody is noted who
    has nothing, and nothing is noted twice.
    """
    return sum(_leave(review, found, now=now) for review in _asking(trigger))


def look_for_conflicts(*, now: datetime) -> int:
    """Leave cues for everybody who holds what is incompatible; returns how many are new."""
    return sum(_look(review, occasions.conflicts(), now=now) for review in _asking(Trigger.CONFLICT))


def look_for_dormant(*, now: datetime) -> int:
    """Leave cues for everybody who has used nothing for as long as a review says; returns how many are new."""
    return sum(
        _look(review, occasions.dormancies(review.dormant_days or DORMANT_AFTER, now), now=now)
        for review in _asking(Trigger.DORMANT)
    )


def heed(cue: Cue, *, now: datetime) -> None:
    """Begin the campaign that a claimed cue asks for. What goes wrong is kept with the cue, and it is tried again."""
    try:
        _begin(cue, now=now)
    except outbox.LeaseLostError as error:
        logger.info("%s", error)
    except Exception as error:
        logger.exception("The review %s of %s could not be begun", cue.review_id, cue.person_id)
        _note_failed(cue, error=f"{type(error).__name__}: {error}", now=now)


def heed_all_due(*, now: datetime) -> int:
    """Heed every cue that is due at `now`; returns how many. For commands and tests."""
    return outbox.drain(Cue.objects.all(), perform=lambda cue: heed(cue, now=now), now=now)


@transaction.atomic
def retry(*, cue: Cue, actor: User, now: datetime) -> None:
    """Have what got stuck be tried again, with its attempts counted anew.

    Raises PermissionDenied, and IllegalMove where it is not stuck.
    """
    from ..tasks import heed_cue

    locked = Cue.objects.select_for_update(of=("self",)).select_related("review", "person").get(pk=cue.pk)
    if not can_define(actor, locked.review):
        raise PermissionDenied(_("Only those who may define the review have it begun again."))
    if locked.status != WorkStatus.STUCK:
        raise IllegalMove(_("This is %(status)s.") % {"status": locked.get_status_display()})
    outbox.retry(Cue.objects.filter(pk=locked.pk), now=now)
    details = {"error": locked.last_error}
    told = {"target": locked.review, "person": locked.person, "at": now, "details": details}
    journal.record(events.CUE_RETRIED, actor=actor, **told)
    outbox.dispatch(heed_cue, [locked.pk])


# --- Leaving them -----------------------------------------------------------------------------------------------------


def _asking(trigger: Trigger) -> list[Review]:
    return list(Review.objects.enabled().filter(trigger=trigger).order_by("pk"))


def _look(review: Review, found: Iterator[Occasion], *, now: datetime) -> int:
    count = 0
    for some in in_batches(found, size=occasions.SOME):
        with transaction.atomic():
            count += _leave(review, some, now=now)
    return count


def _leave(review: Review, found: Iterable[Occasion], *, now: datetime) -> int:
    from ..tasks import heed_cues

    known = {one.event: one for one in found}
    new = known.keys() - set(Cue.objects.filter(review=review, event__in=known).values_list("event", flat=True))
    people = _with_access(review, {known[event].person for event in new}) if new else set()
    cues = [_cue(review, known[event], now=now) for event in new if known[event].person in people]
    Cue.objects.bulk_create(cues, batch_size=journal.BATCH, ignore_conflicts=True)
    if cues:
        outbox.wake(heed_cues)
    return len(cues)


def _with_access(review: Review, ids: set[UUID]) -> set[UUID]:
    people = User.objects.enabled().filter(pk__in=ids).order_by()
    return set(occasions.have_something(people, with_adopted=review.includes_adopted).values_list("pk", flat=True))


def _cue(review: Review, occasion: Occasion, *, now: datetime) -> Cue:
    return Cue(
        review=review,
        person_id=occasion.person,
        event=occasion.event,
        due_at=now,
        created_at=now,
        idempotency_key=f"{review.pk}:{occasion.event}",
    )


# --- Heeding them -----------------------------------------------------------------------------------------------------


@transaction.atomic
def _begin(cue: Cue, *, now: datetime) -> None:
    """Once for each event, and never beside a campaign about the same person: it waits for the end of one that runs.

    A campaign looks at everything that the person has when it begins: it answers whatever had happened until then.
    """
    review = Review.objects.select_for_update(of=("self",)).get(pk=cue.review_id)
    if not outbox.still_held([cue]):
        raise outbox.LeaseLostError(f"The cue {cue.pk} is held by another worker.")
    slot = f"event:{cue.event}"
    is_wanted = review.is_enabled and bool(_with_access(review, {cue.person_id}))
    if not is_wanted or Campaign.objects.filter(review=review, slot=slot).exists():
        outbox.settle(cue, now=now, status=WorkStatus.SUPERSEDED)
        return
    if running := Campaign.objects.running().filter(review=review, person=cue.person_id).first():
        if _is_put_to_newest_manager(running, cue, now=now):
            outbox.settle(cue, now=now, status=WorkStatus.SUPERSEDED)
        else:
            outbox.wait([cue], now=now, delay=LOOKED_AFTER)
        return
    starting.begin(review=review, slot=slot, person=cue.person, now=now)
    outbox.settle(cue, now=now)
    others = Cue.objects.filter(review=review, person=cue.person_id, created_at__lte=now)
    outbox.supersede(others, now=now)


def _is_put_to_newest_manager(running: Campaign, cue: Cue, *, now: datetime) -> bool:
    """Whether the campaign that runs asks the manager whom they have by now: it need not be begun anew."""
    manager = cue.person.manager
    if running.review.trigger != Trigger.MANAGER_CHANGED or manager is None:
        return False
    return put_to_manager(campaign=running, manager=manager, now=now)


def _skip(cue: Cue, *, why: str, now: datetime) -> None:
    journal.record(
        events.OCCURRENCE_SKIPPED,
        actor=None,
        target=cue.review,
        person=cue.person,
        at=now,
        details={"why": why, "slot": f"event:{cue.event}"},
    )


@transaction.atomic
def _note_failed(cue: Cue, *, error: str, now: datetime) -> None:
    try:
        outbox.postpone(cue, error=error, now=now)
    except outbox.LeaseLostError as lost:
        logger.info("%s", lost)
        return
    if cue.status == WorkStatus.STUCK:
        _skip(cue, why=error, now=now)
