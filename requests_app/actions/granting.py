"""What becomes of a request once nobody has to decide on it any more."""

from collections.abc import Sequence
from datetime import datetime

from audit import journal
from audit.models import Event
from catalog.choices import CalloutMoment

from .. import events
from ..lifecycle import UPDATING, RequestStatus
from ..models import AccessRequest
from .calling import launch
from .delivering import begin
from .moving import in_journal, move_end


def finish(
    access_request: AccessRequest, *, verb: str, now: datetime, told: Sequence[Event] = (), is_called: bool = False
) -> None:
    """Nobody has to decide any more: journal that by `verb`, after `told`, and do what was asked.

    Where a custom extension is to say yes or no to it first, that waits for its answer (then `is_called`).
    """
    if not is_called and launch(access_request, CalloutMoment.APPROVED, now=now, told=told):
        return
    approved = journal.entry(
        verb,
        actor=None,
        target=access_request,
        person=access_request.person,
        package=access_request.package,
        at=now,
        correlation_id=access_request.pk,
    )
    journal.record_many([*told, approved])
    grant(access_request, now=now)


def grant(access_request: AccessRequest, *, now: datetime) -> None:
    """Do what an approved request asks, by its kind. The person is locked already."""
    if access_request.kind in UPDATING:
        move_end(access_request, now=now)
    elif access_request.wanted_start and access_request.wanted_start > now:
        _schedule(access_request, starts_at=access_request.wanted_start, now=now)
    else:
        begin(access_request, now=now)


def _schedule(access_request: AccessRequest, *, starts_at: datetime, now: datetime) -> None:
    """Leave it until it is to begin (corner 25): the sweep begins it then, by `beginning.begin_scheduled`."""
    access_request.move_to(RequestStatus.SCHEDULED, at=now)
    journal.record(
        events.REQUEST_SCHEDULED,
        actor=None,
        target=access_request,
        person=access_request.person,
        package=access_request.package,
        at=now,
        details={"start": in_journal(starts_at)},
        correlation_id=access_request.pk,
    )
