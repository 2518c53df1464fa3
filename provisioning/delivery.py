"""Carries out operations, outside any transaction: looks into the target, changes it, reads back, settles.

Operations are claimed in batches of one system. Those that want the same of one role go to the connector together where
it can (`Capability.BATCH`), and one after the other where it cannot; either way each is settled by itself.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions, disabling
from .actions import Failure
from .claiming import claim
from .connectors import open_connector
from .connectors.base import (
    TIMEOUT,
    Capability,
    Clock,
    Connector,
    ConnectorError,
    Entitlement,
    GoneError,
    Outcome,
    PartlyReadError,
    Progress,
)
from .lifecycle import GrantStatus
from .models import Connector as ConnectorRow
from .models import Grant, Operation, OperationKind

logger = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=3)
"""How soon to look again at a change that the target called done and does not show yet."""
LONGEST_BATCH = 25
"""Seconds after which connectors begin nothing more of a batch."""
LONG_ENOUGH = timedelta(seconds=LONGEST_BATCH + TIMEOUT)
"""What must be left of a lease when something is begun under it."""


def work_off(system_id: UUID, *, clock: Clock = timezone.now, until: float | None = None) -> int:
    """Claim and carry out what is due in one system until nothing is; returns how many operations were tried.

    Stops early at `until`, in seconds of the monotonic clock, with more still to be done.
    """
    count = 0
    while operations := claim(system_id, now=clock()):
        perform(operations, clock=clock)
        count += len(operations)
        if until is not None and time.monotonic() > until:
            break
    return count


def perform(operations: Sequence[Operation], *, clock: Clock = timezone.now) -> None:
    """Carry out claimed operations of one system and settle them, at the times that `clock` tells.

    Nothing that the target does is raised.
    """
    with surroundings(source=Source.WORKER):
        if wanted := actions.begin(operations, now=clock()):
            _Delivery(wanted, clock=clock).run()


def perform_all_due(*, now: datetime) -> int:
    """Carry out everything that is due at `now`, one system after the other and as if it were `now`; returns how many.

    For commands and tests.
    """
    count = disabling.perform_all_due(now=now)
    while systems := systems_with_work(now=now):
        done = sum(work_off(system_id, clock=lambda: now) for system_id in systems)
        if not done:
            break
        count += done
    return count


def systems_with_work(*, now: datetime) -> list[UUID]:
    """The systems in which something is due that nobody holds."""
    due = Operation.objects.due(now).order_by()
    return list(due.values_list("system", flat=True).distinct())


class _Delivery:
    """One batch on its way: `open` is what of it is not settled yet, `tried` what was tried last."""

    def __init__(self, operations: Sequence[Operation], *, clock: Clock) -> None:
        self.open = self.tried = list(operations)
        self.clock = clock
        system = operations[0].grant.resource_role.resource.system
        self.system = str(system)
        self.row: ConnectorRow | None = getattr(system, "connector", None)

    def run(self) -> None:
        """Try all of it; where the target is away, what was not reached is due again as soon as it is back."""
        try:
            with open_connector(self.row, system=self.system, clock=self.clock) as connector:
                connector.go_on = lambda: self.hold(self.open)
                for those in _together(self.open, connector):
                    self._carry_out(those, connector)
            if self.row is not None:
                actions.note_answer(connector=self.row, now=self.clock())
        except ConnectorError as error:
            self._fail_together(error)
        except Exception:
            logger.exception("Something went wrong in the connector of %s", self.system)
            self._fail_together(ConnectorError(_("Something went wrong here; the log of the worker says what.")))
        finally:
            outbox.give_back(self.open)

    def _carry_out(self, those: list[Operation], connector: Connector) -> None:
        """One group. Raises ConnectorError where the target as a whole is away."""
        self.hold(self.open)
        self.tried = those = [operation for operation in those if operation in self.open]
        if not those:
            return
        try:
            change = _grant if those[0].kind == OperationKind.GRANT else _revoke
            change(those, connector, self)
        except PartlyReadError as partly:
            self._go_on_without(partly, those, connector)
        except ConnectorError as error:
            if error.is_outage:
                raise
            self._fail_together(error)

    def _go_on_without(self, partly: PartlyReadError, those: list[Operation], connector: Connector) -> None:
        """Whoever cannot be read fails for their own reason; the others are looked at once more."""
        unread = {o: partly.errors[o.grant.person_id] for o in those if o.grant.person_id in partly.errors}
        failed = {operation: error for operation, error in unread.items() if operation in self.open}
        if not failed:
            self._fail_together(partly)
            return
        self.fail(failed)
        self._carry_out(those, connector)

    def hold(self, operations: Sequence[Operation]) -> list[Operation]:
        """Those of these that are still ours and still wanted, under a lease that is long enough; most often it is."""
        now = self.clock()
        if all(one.leased_until is not None and one.leased_until - now >= LONG_ENOUGH for one in operations):
            return list(operations)
        return self.keep(actions.hold_on(operations, now=now), of=operations)

    def settle(self, operations: Sequence[Operation], write: Callable[[datetime], object]) -> None:
        """Have `write` settle these; nothing is tried with them any more."""
        if operations:
            write(self.clock())
            self.drop(operations)

    def drop(self, operations: Sequence[Operation]) -> None:
        """These are settled, or others have them."""
        gone = {operation.pk for operation in operations}
        self.open = [operation for operation in self.open if operation.pk not in gone]

    def keep(self, operations: Sequence[Operation], *, of: Sequence[Operation]) -> list[Operation]:
        """Go on with `operations`; the rest `of` those is settled."""
        kept = {operation.pk for operation in operations}
        self.drop([operation for operation in of if operation.pk not in kept])
        return list(operations)

    def fail(self, errors: dict[Operation, ConnectorError]) -> None:
        """Some went wrong, each in its own way. Raises the outage where it was one."""
        outage = next((error for error in errors.values() if error.is_outage), None)
        failures = {o: _failure(error, o) for o, error in errors.items() if not error.is_outage}
        self.settle(list(failures), lambda now: actions.settle_failed(failures, now=now))
        if outage is not None:
            raise outage

    def _fail_together(self, error: ConnectorError) -> None:
        """What was tried last failed for one reason, which may hold the whole connector back."""
        affected = [operation for operation in self.open if operation in self.tried]
        delay = error.retry_after
        if error.is_outage and self.row is not None:
            now = self.clock()
            delay = actions.note_outage(connector_id=self.row.pk, error=str(error), delay=delay, now=now) - now
        failures = {operation: replace(_failure(error, operation), delay=delay) for operation in affected}
        self.settle(affected, lambda now: actions.settle_failed(failures, now=now))


def _grant(those: list[Operation], connector: Connector, delivery: _Delivery) -> None:
    """Look, give what is not there, look again."""
    present = _read(those, connector)
    current = actions.note_presence({o: o.grant.person_id in present for o in those}, now=delivery.clock())
    current = delivery.keep(current, of=those)
    there = [o for o in current if o.grant.person_id in present]
    delivery.settle(there, lambda now: actions.settle_delivered(there, is_verified=True, now=now))
    absent = [operation for operation in current if operation not in there]
    settling = [operation for operation in absent if _is_settling(operation, connector, now=delivery.clock())]
    to_do = [operation for operation in absent if operation not in settling]
    done, handed_over = _change(to_do, connector.grant_many, delivery)
    present = _read(done, connector) if done else set()
    seen = [o for o in done if o.grant.person_id in present]
    delivery.settle(seen, lambda now: actions.settle_delivered(seen, is_verified=True, now=now))
    unseen = [operation for operation in done if operation not in seen]
    if Capability.READ_BACK not in connector.capabilities:
        delivery.settle(unseen, lambda now: actions.settle_delivered(unseen, is_verified=False, now=now))
    else:
        _wait(
            settling + unseen,
            connector,
            delivery,
            error=_("The target answered that it was done, but does not show it."),
        )
    _hand_over(handed_over, connector, delivery)


def _revoke(those: list[Operation], connector: Connector, delivery: _Delivery) -> None:
    """Take what is there, and look again."""
    reads = Capability.READ_BACK in connector.capabilities
    present = _read(those, connector) if reads else {operation.grant.person_id for operation in those}
    gone = [o for o in those if o.grant.person_id not in present and not _may_be_on_its_way(o)]
    delivery.settle(gone, lambda now: actions.settle_removed(gone, is_verified=True, now=now))
    there = [operation for operation in those if operation not in gone]
    settling = [operation for operation in there if _is_settling(operation, connector, now=delivery.clock())]
    done, handed_over = _change([o for o in there if o not in settling], connector.revoke_many, delivery)
    present = _read(done, connector) if done and reads else set()
    removed = [operation for operation in done if operation.grant.person_id not in present]
    if reads:
        _look_again_at_what_was_under_way(removed, connector, delivery)
    removed = [operation for operation in removed if operation in delivery.open]
    delivery.settle(removed, lambda now: actions.settle_removed(removed, is_verified=reads, now=now))
    shown = [operation for operation in done if operation in delivery.open]
    _wait(
        settling + shown, connector, delivery, error=_("The target answered that it was removed, but still shows it.")
    )
    _hand_over(handed_over, connector, delivery)


def _may_be_on_its_way(operation: Operation) -> bool:
    """Whether we gave it and never saw it there: then that it does not show proves nothing, before it was revoked."""
    grant = operation.grant
    return grant.was_present is False and grant.verified_at is None and operation.waiting_since is None


def _look_again_at_what_was_under_way(removed: list[Operation], connector: Connector, delivery: _Delivery) -> None:
    """What the target may still be about to give is looked at once more, when it has had its time."""
    doubtful = [operation for operation in removed if _may_be_on_its_way(operation)]
    late = actions.granting_took_its_time(doubtful) if doubtful else []
    delay = max(connector.settles_within, connector.looks_again_after)
    delivery.settle(late, lambda now: actions.settle_waiting(late, delay=delay, is_done=True, now=now))


def _change(
    operations: list[Operation], change: Callable[..., dict[UUID, Outcome]], delivery: _Delivery
) -> tuple[list[Operation], list[Operation]]:
    """Have the connector make the change; those that it calls done, and those that it handed over.

    A look may have taken its time: a change whose lease ran out meanwhile might come after what another worker did.
    """
    operations = delivery.hold(operations)
    if not operations:
        return [], []
    people = [operation.grant.person for operation in operations]
    keys = {operation.grant.person_id: operation.idempotency_key for operation in operations}
    outcomes = change(people, _entitlement(operations[0].grant), keys=keys)
    found = {operation: outcomes.get(operation.grant.person_id) for operation in operations}
    delivery.fail({o: outcome for o, outcome in found.items() if isinstance(outcome, ConnectorError)})
    done = [operation for operation, outcome in found.items() if outcome is Progress.DONE]
    return done, [operation for operation, outcome in found.items() if outcome is Progress.HANDED_OVER]


def _wait(operations: list[Operation], connector: Connector, delivery: _Delivery, *, error: str) -> None:
    """What the target called done and does not show: it may take its time, and no longer."""
    now = delivery.clock()
    patient = [o for o in operations if _waited(o, now=now) < connector.settles_within]
    delivery.settle(patient, lambda now: actions.settle_waiting(patient, delay=FIRST_LOOK, is_done=True, now=now))
    delivery.fail({operation: ConnectorError(error) for operation in operations if operation not in patient})


def _hand_over(operations: list[Operation], connector: Connector, delivery: _Delivery) -> None:
    delay = connector.looks_again_after
    delivery.settle(operations, lambda now: actions.settle_waiting(operations, delay=delay, is_done=False, now=now))


def _is_settling(operation: Operation, connector: Connector, *, now: datetime) -> bool:
    """Whether the target called it done a moment ago, so that only looking is left to do."""
    if operation.waiting_since is None or not connector.settles_within:
        return False
    said_so = operation.kind == OperationKind.REVOKE or operation.grant.status == GrantStatus.DELIVERED
    return said_so and _waited(operation, now=now) < connector.settles_within


def _waited(operation: Operation, *, now: datetime) -> timedelta:
    return now - (operation.waiting_since or now)


def _read(operations: Sequence[Operation], connector: Connector) -> set[UUID]:
    """Who of them holds the role; nobody as far as is known where the target does not tell."""
    if Capability.READ_BACK not in connector.capabilities:
        return set()
    return connector.read_many([o.grant.person for o in operations], _entitlement(operations[0].grant))


def _together(operations: Sequence[Operation], connector: Connector) -> Iterator[list[Operation]]:
    """Operations that go to the connector together: the same change of the same role, where it can."""
    if Capability.BATCH not in connector.capabilities:
        yield from ([operation] for operation in operations)
        return
    groups: defaultdict[tuple[str, UUID], list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.kind, operation.grant.resource_role_id].append(operation)
    yield from groups.values()


def _failure(error: ConnectorError, operation: Operation) -> Failure:
    said = str(error)
    if isinstance(error, GoneError) and operation.kind == OperationKind.REVOKE:
        said = _("%(error)s If it is somewhere else, correct the connector; if it is gone, skip this and say so.") % {
            "error": said
        }
    return Failure(said, delay=error.retry_after, is_final=error.is_final, is_outage=error.is_outage)


def _entitlement(grant: Grant) -> Entitlement:
    role = grant.resource_role
    return Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
