"""Carries out discoveries: reads what a system has outside any transaction, and commits it page by page."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions
from .connectors import open_connector
from .connectors.base import Bookmark, Capability, Change, Clock, Connector, ConnectorError, FoundResource, GoneResource
from .models import Discovery
from .reconciling import STILL_HELD, free_of_holds

logger = logging.getLogger(__name__)

PAGE = 500
LONGEST = 15.0
"""Seconds after which what was read is committed though the page is not full: the lease is renewed by that."""


def work_off(run_id: UUID, *, clock: Clock = timezone.now) -> None:
    """Carry out one look, from its beginning. Nothing that the target does is raised.

    A look that is cut off is done again by whoever finds it: seeing something twice changes nothing.
    """
    with surroundings(source=Source.WORKER):
        rows = Discovery.objects.select_related("connector__system", "connector__discovers_into").filter(
            free_of_holds(clock()), pk=run_id
        )
        for run in outbox.claim(rows, now=clock()):
            try:
                _look(run, clock=clock)
            except ConnectorError as error:
                _note_failure(run, error, clock=clock)
            except outbox.LeaseLostError:
                return
            except Exception:
                logger.exception("The look into %s was cut off", run)
                words = _("Something went wrong here; the log says what.")
                actions.postpone_discovery(run=run, error=words, is_final=False, delay=None, now=clock())


def perform_all_due(*, now: datetime) -> int:
    """Carry out every look that is due at `now`, as if it were `now`; returns how many. For commands and tests."""
    due = list(Discovery.objects.due(now).order_by("due_at").values_list("pk", flat=True))
    for run_id in due:
        work_off(run_id, clock=lambda: now)
    return len(due)


def _look(run: Discovery, *, clock: Clock) -> None:
    run.resources = run.roles = 0
    row = run.connector
    with open_connector(row, system=str(row), clock=clock) as connector:
        connector.go_on = lambda: _hold(run, now=clock())
        tells_changes = Capability.DISCOVER_CHANGES in connector.capabilities
        mark = Bookmark(row.bookmark, is_anew=False) if tells_changes else Bookmark("", is_anew=True)
        for page in _pages(_changes(connector, since=row.bookmark)):
            _settle(run, page, clock=clock)
            mark = next((one for one in reversed(page) if isinstance(one, Bookmark)), mark)
    actions.note_answer(connector=row, now=clock())
    actions.finish_discovery(run=run, is_everything=mark.is_anew, bookmark=mark.value, now=clock())


def _hold(run: Discovery, *, now: datetime) -> None:
    """Lease it anew before the lease runs out. Raises LeaseLostError."""
    if run.leased_until is None or run.leased_until - now < STILL_HELD:
        actions.hold_discovery(run=run, now=now)


def _changes(connector: Connector, *, since: str) -> Iterable[Change]:
    if Capability.DISCOVER_CHANGES in connector.capabilities:
        return connector.discover_changes(since=since)
    return connector.discover()


def _pages(changes: Iterable[Change]) -> Iterator[list[Change]]:
    page: list[Change] = []
    began = time.monotonic()
    for change in changes:
        page.append(change)
        if len(page) >= PAGE or time.monotonic() - began > LONGEST:
            yield page
            page, began = [], time.monotonic()
    yield page


def _settle(run: Discovery, page: list[Change], *, clock: Clock) -> None:
    """Of what comes more than once, the last holds."""
    latest = {one.resource_id: one for one in page if not isinstance(one, Bookmark)}
    actions.settle_page(
        run=run,
        found=[one for one in latest.values() if isinstance(one, FoundResource)],
        gone=[one for one in latest.values() if isinstance(one, GoneResource)],
        now=clock(),
    )


def _note_failure(run: Discovery, error: ConnectorError, *, clock: Clock) -> None:
    """Where the system is away, everything that is to be done there waits for it."""
    now, delay = clock(), error.retry_after
    if error.is_outage:
        until = actions.note_outage(connector_id=run.connector_id, error=str(error), delay=delay, now=now)
        run.attempts, delay = min(run.attempts, run.MAX_ATTEMPTS - 1), until - now
    actions.postpone_discovery(run=run, error=str(error), is_final=error.is_final, delay=delay, now=now)
