"""A year of requests, decisions, access and its end, told by calling the real actions with the times of then."""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from accessgov import outbox
from audit.context import Source, surroundings
from notifications import actions as notifications_actions
from notifications import letters
from notifications.letters import NoLongerNeeded
from notifications.models import Message
from provisioning.delivery import perform_all_due
from provisioning.models import Operation
from requests_app import actions
from requests_app.models import Approval, Assignment

DAYS = 420
SEED = 7
A_MOMENT = timedelta(seconds=3)
ONE_DAY = timedelta(days=1)
MAIL_KEPT = timedelta(days=60)
"""Older mail was cleared away: writing a year of it would take longer than it is worth."""
PROGRESS_EVERY = 80

Act = Callable[[datetime], object]


class History:
    """What is to happen, in the order of time; between two acts, time passes: access ends, requests run out."""

    def __init__(self, *, beginning: datetime, now: datetime) -> None:
        self.beginning, self.now = beginning, now
        self.chance = random.Random(SEED)  # nosec B311  # no secret, and always the same
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = count()
        self._mail_since = now - MAIL_KEPT
        self._next_reminder = self._mail_since.replace(hour=7, minute=0) + ONE_DAY

    def at(self, moment: datetime, act: Act) -> None:
        """Have something happen at this moment; what is still to come does not."""
        if moment < self.now - 3 * A_MOMENT:
            heapq.heappush(self._acts, (moment, next(self._numbers), act))

    def run(self, say: Callable[[str], None]) -> None:
        """Let it all happen."""
        told = 0
        while self._acts:
            moment, _number, act = heapq.heappop(self._acts)
            self._pass_time(until=moment)
            with surroundings(source=Source.WEB):
                act(moment)
            self._carry_out(moment)
            told += 1
            if told % PROGRESS_EVERY == 0:
                say(f"  history until {moment:%B %Y}")
        self._pass_time(until=self.now)

    def _pass_time(self, *, until: datetime) -> None:
        """What the clock brings: ends, requests that ran out, and the daily reminders."""
        with surroundings(source=Source.WORKER):
            while (moment := self._next_due()) <= until:
                self._remind(until=moment)
                actions.expire_due(now=moment)
                for approval in Approval.objects.overdue(moment).select_related("access_request"):
                    actions.expire_overdue(approval=approval, now=moment)
                self._carry_out(moment)
            self._remind(until=until)

    def _next_due(self) -> datetime:
        ends = Assignment.objects.due_to_end(self.now).values_list("ends_at", flat=True)
        limits = Approval.objects.overdue(self.now).order_by("due_at").values_list("due_at", flat=True)
        moments: list[Any] = [ends.first(), limits.first()]
        return min((moment for moment in moments if moment), default=self.now + ONE_DAY)

    def _remind(self, *, until: datetime) -> None:
        """Once a day, of what ends soon."""
        while self._next_reminder <= until:
            if notifications_actions.queue_reminders(now=self._next_reminder):
                self._carry_out(self._next_reminder)
            self._next_reminder += ONE_DAY

    def _carry_out(self, moment: datetime) -> None:
        """What the worker does a moment later."""
        if Operation.objects.due(moment + A_MOMENT).exists():
            perform_all_due(now=moment + A_MOMENT)
        if moment < self._mail_since:
            Message.objects.all().delete()
        elif Message.objects.due(moment + 2 * A_MOMENT).exists():
            with surroundings(source=Source.WORKER):
                outbox.drain(Message.objects.with_recipients(), perform=_send, now=moment + 2 * A_MOMENT)


def _send(message: Message) -> None:
    """Send a message at its time; to the demo's page, where mail is read."""
    now: Any = message.due_at
    try:
        letter = letters.write(message, now=now)
    except NoLongerNeeded as reason:
        notifications_actions.settle_withheld(message=message, because=str(reason), now=now)
    else:
        notifications_actions.settle_sent(message=message, letter=letter, sent_to=message.recipient.email, now=now)
