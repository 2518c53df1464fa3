"""Looks into target systems: started, written down page by page, finished, given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from accessgov import outbox
from audit import journal
from catalog.actions import note_gone, note_unseen, take_in
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..connectors.base import FoundResource, GoneResource
from ..lifecycle import IllegalMove
from ..models import Connector, Discovery

COUNTED = ("resources", "roles", "new", "missing")


@transaction.atomic
def start_discovery(*, connector: Connector, actor: User | None, now: datetime) -> Discovery:
    """Look into a system now. Raises PermissionDenied, and IllegalMove while that is being done already."""
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators look for what a system has."))
    Connector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
    if connector.discoveries.pending().exists():
        raise IllegalMove(_("%(system)s is being looked through already.") % {"system": connector})
    run = _start(connector, actor=actor, now=now)
    journal.record(events.DISCOVERY_STARTED, actor=actor, target=connector, at=now, correlation_id=run.correlation_id)
    return run


def start_due_discoveries(*, now: datetime) -> int:
    """Start the looks that are due, one for each system however many were missed; returns how many."""
    wanted = Connector.objects.filter(is_enabled=True, discover_every__isnull=False, last_answer_at__isnull=False)
    rows = wanted.annotate(last_begun=Max("discoveries__created_at")).order_by("pk")
    due = [one for one in rows if one.last_begun is None or one.last_begun + _every(one) <= now]
    return sum(_start_if_idle(connector, now=now) for connector in due)


@transaction.atomic
def hold_discovery(*, run: Discovery, now: datetime) -> None:
    """Say that the run is still carried on, while a system takes its time. Raises LeaseLostError."""
    if not outbox.still_held([run]):
        raise outbox.LeaseLostError(_("%(system)s is being looked through by another worker.") % {"system": run})
    outbox.renew([run], now=now)


@transaction.atomic
def settle_page(*, run: Discovery, found: Sequence[FoundResource], gone: Sequence[GoneResource], now: datetime) -> None:
    """Keep what a page brought. Raises LeaseLostError where another worker has the run.

    Nothing is seen before the run began, however far the clock of this worker goes behind: what was seen is not gone.
    """
    if not outbox.still_held([run]):
        raise outbox.LeaseLostError(_("%(system)s is being looked through by another worker.") % {"system": run})
    outbox.renew([run], now=now)
    system, story = run.connector.system, run.story
    seen_at = max(now, run.created_at)
    taken = take_in(system=system, found=found, into=run.connector.discovers_into, story=story, now=seen_at)
    run.resources += taken.resources
    run.roles += taken.roles
    run.new += taken.new
    run.missing += note_gone(system=system, gone=[one.resource_id for one in gone], story=story, now=seen_at)
    run.save(update_fields=COUNTED)


@transaction.atomic
def finish_discovery(*, run: Discovery, is_everything: bool, bookmark: str, now: datetime) -> None:
    """The system has told all that it had to tell; where that was everything, what it did not name is gone.

    Raises LeaseLostError.
    """
    outbox.settle(run, now=now)
    if is_everything:
        run.missing += note_unseen(system=run.connector.system, since=run.created_at, story=run.story, now=now)
        run.save(update_fields=COUNTED)
    Connector.objects.filter(pk=run.connector_id).update(discovered_at=now, bookmark=bookmark)
    details = {name: getattr(run, name) for name in COUNTED}
    journal.record(
        events.DISCOVERY_FINISHED,
        actor=None,
        target=run.connector,
        at=now,
        details=details,
        correlation_id=run.correlation_id,
    )


@transaction.atomic
def postpone_discovery(*, run: Discovery, error: str, is_final: bool, delay: timedelta | None, now: datetime) -> None:
    """The system did not answer: from the beginning later, or not before somebody has changed something."""
    if is_final:
        outbox.give_up(run, error=error)
    else:
        outbox.postpone(run, error=error, now=now, delay=delay)


def _every(connector: Connector) -> timedelta:
    return timedelta(hours=connector.discover_every or 0)


def _start_if_idle(connector: Connector, *, now: datetime) -> bool:
    """Two schedulers may start it at once: the constraint lets one of them."""
    try:
        with transaction.atomic():
            if connector.discoveries.pending().exists():
                return False
            _start(connector, actor=None, now=now)
    except IntegrityError:
        return False
    return True


def _start(connector: Connector, *, actor: User | None, now: datetime) -> Discovery:
    from ..tasks import discover

    run = Discovery.objects.create(
        connector=connector,
        started_by=actor,
        due_at=now,
        created_at=now,
        correlation_id=uuid7(),
        idempotency_key=f"discover:{connector.pk}:{now.isoformat()}",
    )
    outbox.dispatch(discover, [run.pk])
    return run
