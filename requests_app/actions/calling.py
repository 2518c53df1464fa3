"""Calling custom extensions: what is to be called is added as rows, sent by workers, and put back where it is stuck."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.models import Event
from catalog.choices import CalloutMoment
from directory.models import User
from directory.permissions import is_administrator

from .. import callouts, events
from ..callout_querysets import ending_uncalled
from ..callouts import Plan, Planned
from ..lifecycle import CalloutState
from ..models import AccessRequest, Approval, Assignment, Callout

BEFORE_END = (
    (CalloutMoment.DAY_BEFORE_END, timedelta(days=1)),
    (CalloutMoment.TWO_WEEKS_BEFORE_END, timedelta(days=14)),
)
"""How long before its end extensions are told, the shortest notice first: after a downtime it is the only one."""


def launch(
    access_request: AccessRequest,
    moment: CalloutMoment,
    *,
    now: datetime,
    approval: Approval | None = None,
    told: Sequence[Event] = (),
) -> bool:
    """Call what the request's plan says for this moment (of this stage), and return whether that is waited for.

    Where it is, `told` (events that led to it and are not stored yet) are journalled with it; else they are left to
    the caller. Where nothing is planned, which is the rule, this costs no statement.
    """
    found = callouts.planned(access_request.callout_plan, moment, stage=approval.position if approval else None)
    rows = [_row(one, access_request.pk, moment, now=now, approval=approval) for one in found]
    _add(rows)
    waiting = [one for one in found if one.time_limit is not None]
    if waiting:
        facts = {"extension": callouts.names_of(waiting), "moment": str(moment.label)}
        journal.record_many([*told, _entry(events.CALLOUT_STARTED, access_request, actor=None, now=now, **facts)])
    return bool(waiting)


def launch_all(
    plans: Mapping[UUID, Plan], moment: CalloutMoment, *, now: datetime, once_per: Mapping[UUID, str] | None = None
) -> None:
    """Call what these plans say for the moment, each about the request that is its key; one insert for all of them.

    `once_per` says of a request what it may be called about anew.
    """
    _add(
        [
            _row(one, request_id, moment, now=now, once_per=(once_per or {}).get(request_id, ""))
            for request_id, plan in plans.items()
            for one in callouts.planned(plan, moment)
        ]
    )


def call_delivered(assignments: Iterable[Assignment], *, now: datetime) -> None:
    """Call what is called when everything is there: once for each access, however often it is delivered anew."""
    moment = CalloutMoment.GRANTED
    plans = {one.pk: one.callout_plan for one in assignments if moment in callouts.moments_of(one.callout_plan)}
    if plans:
        stories = AccessRequest.objects.adding().filter(assignment__in=list(plans)).values_list("pk", "assignment")
        launch_all({pk: plans[assignment] for pk, assignment in stories}, moment, now=now)


def call_before_end(*, now: datetime) -> int:
    """Call what is called 14 days and 1 day before the end of access; returns for how many. Nothing waits for it.

    Two statements for each committed batch; what another run has called by then falls away by its key.
    """
    total, after = 0, now
    for moment, notice in BEFORE_END:
        last = None
        while batch := ending_uncalled(
            moment, after=after, until=now + notice, notice=notice, beyond=last, most=journal.BATCH
        ):
            plans = {one.story: one.plan for one in batch}
            launch_all(plans, moment, now=now, once_per={one.story: f"{one.ends_at.timestamp():.0f}" for one in batch})
            last, total = batch[-1], total + len(batch)
        after = now + notice
    return total


@transaction.atomic
def settle_sent(*, callout: Callout, now: datetime) -> None:
    """Whoever was called took it. Raises LeaseLostError, also where it was answered meanwhile."""
    outbox.settle(callout, now=now)
    callout.move_to(CalloutState.WAITING if callout.answer_by else CalloutState.SENT, at=now)
    record(events.CALLOUT_SENT, callout, actor=None, now=now)


@transaction.atomic
def settle_failed(
    *, callout: Callout, error: str, is_final: bool, retry_after: timedelta | None, now: datetime
) -> None:
    """Whoever was called did not take it: try again later, or give it up where it was tried often enough.

    What is given up and waited for still waits: an administrator can put it back to work until its time is over.
    Raises LeaseLostError.
    """
    if is_final:
        outbox.give_up(callout, error=error)
    else:
        outbox.postpone(callout, error=error, now=now, delay=retry_after)
    if callout.status == WorkStatus.STUCK:
        callout.move_to(CalloutState.FAILED, at=now)
        record(events.CALLOUT_STUCK, callout, actor=None, now=now, attempts=callout.attempts)


@transaction.atomic
def settle_unwanted(*, callout: Callout, now: datetime) -> None:
    """Its time was over before it could be sent; the sweep says what that means. Raises LeaseLostError."""
    outbox.settle(callout, now=now, status=WorkStatus.SUPERSEDED)


@transaction.atomic
def retry_callouts(*, callouts: Iterable[Callout], actor: User, now: datetime) -> int:
    """Put stuck callouts back to work; returns how many. Raises PermissionDenied."""
    if not is_administrator(actor):
        raise PermissionDenied(_("Only administrators put stuck work back."))
    wanted = Callout.objects.with_names().stuck().filter(pk__in=[callout.pk for callout in callouts])
    stuck = list(wanted.select_for_update(of=("self",)).order_by("pk"))
    for callout in stuck:
        callout.move_to(CalloutState.PENDING, at=now)
        record(events.CALLOUT_RETRIED, callout, actor=actor, now=now)
    outbox.retry(Callout.objects.filter(pk__in=[callout.pk for callout in stuck]), now=now)
    _dispatch(stuck)
    return len(stuck)


def abandon(access_requests: Iterable[AccessRequest], *, now: datetime) -> None:
    """Nobody waits any more for what these requests waited for: they are over. No statement where they call nothing."""
    calling = [one.pk for one in access_requests if one.callout_plan]
    if not calling:
        return
    open_ones = Callout.objects.waited_for().filter(access_request__in=calling)
    for callout in open_ones.select_for_update().order_by("pk"):
        close(callout, state=CalloutState.CANCELED, now=now)


def close(callout: Callout, *, state: CalloutState, now: datetime) -> None:
    """End the waiting for a locked callout, whether it was sent or not; a worker that is sending it loses its lease."""
    outbox.supersede(Callout.objects.filter(pk=callout.pk), now=now)
    callout.move_to(state, at=now)


def record(verb: str, callout: Callout, *, actor: User | None, now: datetime, **details: object) -> None:
    """Journal something about a callout, in the story of its request."""
    facts = {
        "extension": str(callout.extension),
        "moment": str(callout.get_moment_display()),
        "callout": str(callout.pk),
        "extension_id": str(callout.extension_id),
        **details,
    }
    journal.record_many([_entry(verb, callout.access_request, actor=actor, now=now, **facts)])


def _entry(verb: str, access_request: AccessRequest, *, actor: User | None, now: datetime, **details: object) -> Event:
    return journal.entry(
        verb,
        actor=actor,
        target=access_request,
        person=access_request.person,
        package=access_request.package,
        at=now,
        details=details,
        correlation_id=access_request.pk,
    )


def _row(
    one: Planned,
    request_id: UUID,
    moment: CalloutMoment,
    *,
    now: datetime,
    approval: Approval | None = None,
    once_per: str = "",
) -> Callout:
    parts = (request_id.hex, moment, one.extension.hex, approval.position if approval else once_per)
    return Callout(
        access_request_id=request_id,
        extension_id=one.extension,
        moment=moment,
        approval=approval,
        answer_by=now + one.time_limit if one.time_limit is not None else None,
        on_timeout=one.on_timeout,
        idempotency_key=":".join(str(part) for part in parts if part != ""),
        correlation_id=request_id,
        created_at=now,
        due_at=now,
    )


def _add(rows: Sequence[Callout]) -> None:
    """Store what is to be called; what was called for the same reason before falls away by its key."""
    if rows:
        Callout.objects.bulk_create(rows, ignore_conflicts=True, batch_size=journal.BATCH)
        _dispatch(rows)


def _dispatch(rows: Sequence[Callout]) -> None:
    from ..tasks import send_callout

    outbox.dispatch(send_callout, [row.pk for row in rows])
