"""Carries out changes of accounts, outside any transaction: looks at one, changes it, reads it back, settles."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions
from .actions import Failure
from .claiming import claim_accounts
from .connectors import open_connector
from .connectors.base import AccountState, Clock, Connector, ConnectorError
from .models import AccountChange, AccountChangeKind

logger = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=3)
"""How soon to look again at what the target called done and does not show yet, or may be making just now."""


def work_off(system_id: UUID, *, clock: Clock = timezone.now, until: float | None = None) -> int:
    """Claim and carry out what is due in one system until nothing is; returns how many changes were tried.

    Stops early at `until`, in seconds of the monotonic clock, with more still to be done.
    """
    count = 0
    while changes := claim_accounts(system_id, now=clock()):
        perform(changes, clock=clock)
        count += len(changes)
        if until is not None and time.monotonic() > until:
            break
    return count


def perform(changes: Sequence[AccountChange], *, clock: Clock = timezone.now) -> None:
    """Carry out claimed changes of one system and settle them. Nothing that the target does is raised."""
    with surroundings(source=Source.WORKER):
        if wanted := actions.begin_account_changes(changes, now=clock()):
            _Round(wanted, clock=clock).run()


def perform_all_due(*, now: datetime) -> int:
    """Carry out every change that is due at `now`, as if it were `now`; returns how many. For commands and tests."""
    return sum(work_off(system_id, clock=lambda: now) for system_id in systems_with_work(now=now))


def systems_with_work(*, now: datetime) -> list[UUID]:
    """The systems in which something is due that nobody holds."""
    return list(AccountChange.objects.due(now).order_by().values_list("system", flat=True).distinct())


class _Round:
    """Claimed changes on their way, one after the other; the first that is `left` is the one that is tried."""

    def __init__(self, changes: Sequence[AccountChange], *, clock: Clock) -> None:
        self.left = list(changes)
        self.row = changes[0].connector
        self.clock = clock

    def run(self) -> None:
        """Try all of it; where the target is away, what was not reached is due again as soon as it is back."""
        try:
            with open_connector(self.row, system=str(self.row), clock=self.clock) as connector:
                while self.left:
                    self._carry_out(self.left[0], connector)
                    del self.left[0]
            actions.note_answer(connector=self.row, now=self.clock())
        except ConnectorError as error:
            self._fail_first(error)
        except Exception:
            logger.exception("Something went wrong in the connector of %s", self.row)
            self._fail_first(ConnectorError(_("Something went wrong here; the log of the worker says what.")))
        finally:
            outbox.give_back(self.left)

    def _carry_out(self, change: AccountChange, connector: Connector) -> None:
        """Raises ConnectorError where the target as a whole is away."""
        outbox.renew(self.left, now=self.clock())
        try:
            _change(change, connector, clock=self.clock)
        except ConnectorError as error:
            if error.is_outage:
                raise
            self._fail(change, error)

    def _fail_first(self, error: ConnectorError) -> None:
        if self.left:
            self._fail(self.left.pop(0), error)

    def _fail(self, change: AccountChange, error: ConnectorError) -> None:
        failure = Failure(str(error), delay=error.retry_after, is_final=error.is_final, is_outage=error.is_outage)
        now = self.clock()
        if error.is_outage:
            held = actions.note_outage(connector_id=self.row.pk, error=str(error), delay=error.retry_after, now=now)
            failure = replace(failure, delay=held - now)
        actions.fail_accounts({change: failure}, now=now)


def _change(change: AccountChange, connector: Connector, *, clock: Clock) -> None:
    """Look, change what is not as it is wanted, look again."""
    state = connector.read_account(change.person)
    is_enabled = state is not None and state.is_enabled
    if not actions.note_account(change, is_enabled=is_enabled, before=state.before if state else "", now=clock()):
        return
    if state is None:
        _settle_without_account(change, clock=clock)
    elif is_enabled == _wants_enabled(change):
        if _may_be_half_done(change):
            _make_it_so(change, connector)
        actions.settle_account(change, outcome=_found(change), now=clock())
    elif not _is_settling(change, connector, clock=clock):
        _make_it_so(change, connector)
        _look_again(change, connector.read_account(change.person), connector, clock=clock)
    else:
        actions.wait_for_account(change, delay=LOOK_AGAIN, is_done=True, now=clock())


def _make_it_so(change: AccountChange, connector: Connector) -> None:
    if _wants_enabled(change):
        connector.enable_account(change.person, before=change.before)
    else:
        connector.disable_account(change.person)


def _look_again(change: AccountChange, state: AccountState | None, connector: Connector, *, clock: Clock) -> None:
    """Only what the target then shows counts. Raises ConnectorError where it said what is not so."""
    if state is None:
        _settle_without_account(change, clock=clock)
    elif state.is_enabled == _wants_enabled(change):
        actions.settle_account(change, outcome=_read_back(change), now=clock())
    elif change.waiting_since is None and connector.settles_within:
        actions.wait_for_account(change, delay=LOOK_AGAIN, is_done=True, now=clock())
    else:
        raise ConnectorError(_("The target answered that it was done, but does not show it."))


def _settle_without_account(change: AccountChange, *, clock: Clock) -> None:
    """There is nothing to sign in with, unless it is made this very moment."""
    if _wants_enabled(change):
        actions.settle_account(change, outcome=_("the account is gone"), is_gone=True, now=clock())
    elif actions.may_be_created_just_now(change, now=clock()):
        actions.wait_for_account(change, delay=LOOK_AGAIN, is_done=False, now=clock())
    else:
        actions.settle_account(change, outcome=_("there is no account"), now=clock())


def _may_be_half_done(change: AccountChange) -> bool:
    """Whether an earlier attempt disabled it and was cut off: there may be more to disabling than what shows."""
    return change.is_to_be_undone and change.waiting_since is None


def _found(change: AccountChange) -> str:
    """What to say of an account that is as it is wanted already; an earlier attempt may have done it."""
    if change.is_to_be_undone:
        return _read_back(change)
    return _("it was enabled already") if _wants_enabled(change) else _("it was disabled already")


def _read_back(change: AccountChange) -> str:
    return _("read back from %(system)s") % {"system": change.system}


def _wants_enabled(change: AccountChange) -> bool:
    return change.kind == AccountChangeKind.ENABLE


def _is_settling(change: AccountChange, connector: Connector, *, clock: Clock) -> bool:
    """Whether the target called it done a moment ago, so that only looking is left to do."""
    since = change.waiting_since
    return since is not None and clock() - since < connector.settles_within
