"""Carries out reconciliations: reads who holds what outside any transaction, and has each step judged and committed.

A step takes roles in the order of their ids until it has read enough, so that a run that is cut off goes on where the
last step ended, and no transaction lasts long.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings
from catalog.models import ResourceRole

from . import actions, staging, using
from .comparing import Reading
from .connectors import open_connector
from .connectors.base import Capability, Clock, Connector, ConnectorError, Entitlement
from .lifecycle import PRESENT, GrantStatus
from .models import Connector as ConnectorRow
from .models import DriftCase, Grant, Reconciliation
from .staging import Said

logger = logging.getLogger(__name__)

ROWS = 50_000
"""A step is large enough for joins to pay, and small enough to be committed within a second."""
ROLES = 1000
"""A step ends after so many roles, however few hold them."""
SOME = 250
"""Roles that are read from the database at once."""
STILL_HELD = outbox.LEASE * 2 / 3
"""A run is leased anew where less than this has not run out."""
SKEW = timedelta(seconds=30)
"""What changed shortly before a reading began is not judged: clocks differ, and targets take their time."""
ASKED_TOGETHER = 50


def work_off(run_id: UUID, *, clock: Clock = timezone.now, until: float | None = None) -> bool:
    """Carry on with one run as far as its system answers; returns whether there is more to do at once.

    Stops early at `until`, in seconds of the monotonic clock. Nothing that the target does is raised.
    """
    with surroundings(source=Source.WORKER):
        rows = Reconciliation.objects.select_related("connector__system").filter(free_of_holds(clock()), pk=run_id)
        for run in outbox.claim(rows, now=clock()):
            try:
                return _carry_on(run, clock=clock, until=until)
            except outbox.LeaseLostError:
                return False
            except Exception:
                logger.exception("The reconciliation of %s was cut off", run)
                actions.put_off(run=run, error=_("Something went wrong here; the log says what."), now=clock())
    return False


def free_of_holds(now: datetime) -> Q:
    """Runs whose connector was not asked to wait."""
    return Q(connector__held_until=None) | Q(connector__held_until__lte=now)


def perform_all_due(*, now: datetime) -> int:
    """Carry out every run that is due at `now`, as if it were `now`; returns how many. For commands and tests."""
    due = list(Reconciliation.objects.due(now).order_by("due_at").values_list("pk", flat=True))
    for run_id in due:
        work_off(run_id, clock=lambda: now)
    return len(due)


def preview(row: ConnectorRow, *, clock: Clock = timezone.now) -> Iterator[DriftCase]:
    """What a run would find, of which nothing is kept. Raises ConnectorError."""
    with open_connector(row, system=str(row), clock=clock) as connector:
        cursor: UUID | None = None
        while True:
            step = _Step(uuid4(), row, connector, connector.as_of or clock(), cursor)
            try:
                if not step.read():
                    return
                with transaction.atomic():
                    found = actions.preview(step.reading)
                    transaction.set_rollback(True)
            finally:
                staging.clear(step.run)
            yield from found
            cursor = step.cursor


def _carry_on(run: Reconciliation, *, clock: Clock, until: float | None) -> bool:
    row = run.connector
    try:
        with open_connector(row, system=str(row), clock=clock) as connector:
            if remark := _cannot_be_compared(connector):
                actions.finish(run=run, now=clock(), remark=remark)
                return False
            while _take_step(run, connector, clock=clock):
                is_held = not _is_free(row, now=clock())
                if is_held or (until is not None and time.monotonic() > until):
                    actions.lay_down(run=run, now=clock())
                    return not is_held
            using.read(connector, clock=clock, go_on=lambda: _hold(run, now=clock()))
        actions.note_answer(connector=row, now=clock())
        actions.finish(run=run, now=clock())
    except ConnectorError as error:
        _note_failure(run, error, now=clock())
    return False


def _is_free(row: ConnectorRow, *, now: datetime) -> bool:
    """Whether the system has not asked others to wait, since the run went on."""
    return Reconciliation.objects.filter(free_of_holds(now), connector=row).exists()


def _cannot_be_compared(connector: Connector) -> str:
    if connector.capabilities & {Capability.HOLDERS, Capability.READ_BACK}:
        return ""
    return _(
        "This system neither lists who holds a role nor tells whether somebody does: there is nothing to reconcile."
    )


def _take_step(run: Reconciliation, connector: Connector, *, clock: Clock) -> bool:
    """Read and judge the next roles; False where there are none left. Raises ConnectorError and LeaseLostError."""
    staging.clear(run.pk)
    began = connector.as_of or clock()
    step = _Step(run.pk, run.connector, connector, began, run.cursor, go_on=lambda: _hold(run, now=clock()))
    if not step.read() or step.cursor is None:
        return False
    actions.settle_step(
        run=run,
        reading=step.reading,
        holders=step.holders,
        errors=step.errors,
        began=step.began,
        cursor=step.cursor,
        now=clock(),
    )
    return True


def _hold(run: Reconciliation, *, now: datetime) -> None:
    """Lease it anew before the lease runs out. Raises LeaseLostError."""
    if run.leased_until is None or run.leased_until - now < STILL_HELD:
        actions.hold(run=run, now=now)


def _note_failure(run: Reconciliation, error: ConnectorError, *, now: datetime) -> None:
    """Where the system is away the run waits for it; anything else that stops it needs somebody's help."""
    if not error.is_outage:
        actions.give_up(run=run, error=str(error), now=now)
        return
    until = actions.note_outage(connector_id=run.connector_id, error=str(error), delay=error.retry_after, now=now)
    run.attempts = min(run.attempts, run.MAX_ATTEMPTS - 1)
    outbox.postpone(run, error=str(error), now=now, delay=until - now)


@dataclass
class _Step:
    """Some roles of a system, read and staged: `holders` says how many each has, `errors` why it could not be read."""

    run: UUID
    row: ConnectorRow
    connector: Connector
    began: datetime
    cursor: UUID | None
    go_on: Callable[[], None] = lambda: None
    holders: dict[UUID, int] = field(default_factory=dict)
    errors: dict[UUID, str] = field(default_factory=dict)

    def read(self) -> bool:
        """Stage roles behind the cursor until it is enough; False where there are none. Raises an outage."""
        pages, count = staging.Staging(self.run, go_on=self.go_on), 0
        for role in islice(self._roles(), ROLES):
            try:
                self.holders[role.pk] = pages.add(role.pk, self._holders_of(role))
                count += self.holders[role.pk]
            except ConnectorError as error:
                if error.is_outage:
                    raise
                self.errors[role.pk] = str(error)
            self.cursor = role.pk
            self.go_on()
            if count >= ROWS:
                break
        pages.write()
        return bool(self.holders or self.errors)

    @property
    def reading(self) -> Reading:
        """What there is to compare: the roles that were read as a whole."""
        before = self.began - self.connector.settles_within - SKEW
        return Reading(run=self.run, connector=self.row, roles=list(self.holders), before=before)

    def _roles(self) -> Iterator[ResourceRole]:
        """The roles behind the cursor, which moves on meanwhile."""
        roles = ResourceRole.objects.select_related("resource").filter(resource__system=self.row.system_id)
        while some := list((roles.filter(pk__gt=self.cursor) if self.cursor else roles).order_by("pk")[:SOME]):
            yield from some

    def _holders_of(self, role: ResourceRole) -> Iterator[Said]:
        entitlement = Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
        if Capability.HOLDERS in self.connector.capabilities:
            return map(staging.told, self.connector.holders(entitlement))
        return map(staging.asked, self._asked_about(role, entitlement))

    def _asked_about(self, role: ResourceRole, entitlement: Entitlement) -> Iterator[UUID]:
        """Of those who should hold the role or did, whoever does; the target is asked about each."""
        grants = Grant.objects.filter(resource_role=role, status__in=(*PRESENT, GrantStatus.DRIFTED)).order_by("pk")
        people = (grant.person for grant in grants.select_related("person").iterator(chunk_size=ASKED_TOGETHER))
        while some := list(islice(people, ASKED_TOGETHER)):
            yield from self.connector.read_many(some, entitlement)
