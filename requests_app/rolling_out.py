"""Carries one rollout, batch by batch, each committed before the next begins."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions
from .models import Rollout

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
TURN = 20.0
"""Seconds after which others get their turn; what is left is due at once."""


def carry(rollout: Rollout, *, clock: Clock = timezone.now, turn: float = TURN) -> bool:
    """Carry a claimed rollout as far as one turn goes; returns whether more is left to be done at once.

    Nothing that goes wrong on the way is raised: it is kept with the rollout, which is tried again later.
    """
    until = time.monotonic() + turn
    with surroundings(source=Source.WORKER, correlation_id=rollout.correlation_id):
        try:
            while actions.carry_batch(rollout=rollout, now=clock()):
                if time.monotonic() > until:
                    outbox.give_back([rollout])
                    return True
        except outbox.LeaseLostError as error:
            logger.info("%s", error)
        except Exception as error:
            logger.exception("A batch of the rollout %s could not be carried", rollout.pk)
            _note(rollout, error, clock=clock)
    return False


def carry_all_due(*, now: datetime) -> int:
    """Carry every rollout that is due at `now` to its end, as if it were `now`; returns how many.

    For commands and tests.
    """

    def perform(rollout: Rollout) -> None:
        carry(rollout, clock=lambda: now, turn=float("inf"))

    return outbox.drain(Rollout.objects.with_names(), perform=perform, now=now)


def _note(rollout: Rollout, error: Exception, *, clock: Clock) -> None:
    kept = Rollout.objects.with_names().get(pk=rollout.pk)
    kept.lease, kept.attempts = rollout.lease, rollout.attempts
    said = _("The batch after %(done)d of %(total)d could not be carried: %(error)s")
    facts = {"done": kept.done, "total": kept.total, "error": f"{type(error).__name__}: {error}"}
    try:
        actions.note_rollout_failed(rollout=kept, error=said % facts, now=clock())
    except outbox.LeaseLostError as lost:
        logger.info("%s", lost)
