"""Carries long work on campaigns, batch by batch, each committed before the next begins."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from .actions import applying, carrying, closing, launching
from .models import CampaignWork, WorkKind

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Batch = Callable[..., bool]
TURN = 20.0
"""Seconds after which others get their turn; what is left is due at once."""
BATCHES: dict[str, Batch] = {
    WorkKind.LAUNCH: launching.launch_batch,
    WorkKind.ADVANCE: closing.advance_batch,
    WorkKind.CLOSE: closing.close_batch,
    WorkKind.APPLY: applying.apply_batch,
}
"""What does the next batch of each kind of work, and says whether there is another."""


def carry(work: CampaignWork, *, clock: Clock = timezone.now, turn: float = TURN) -> bool:
    """Carry claimed work as far as one turn goes; returns whether more is left to be done at once.

    Nothing that goes wrong on the way is raised: it is kept with the work, which is tried again later.
    """
    until = time.monotonic() + turn
    with surroundings(source=Source.WORKER, correlation_id=work.correlation_id):
        try:
            while BATCHES[work.kind](work=work, now=clock()):
                if time.monotonic() > until:
                    outbox.give_back([work])
                    return True
        except outbox.LeaseLostError as error:
            logger.info("%s", error)
        except Exception as error:
            logger.exception("A batch of the work %s could not be carried", work.pk)
            _note(work, error, clock=clock)
    return False


def carry_all_due(kind: WorkKind, *, now: datetime) -> int:
    """Carry all work of this kind that is due at `now` to its end, as if it were `now`; returns how many.

    For commands and tests.
    """

    def perform(work: CampaignWork) -> None:
        carry(work, clock=lambda: now, turn=float("inf"))

    return outbox.drain(CampaignWork.objects.filter(kind=kind), perform=perform, now=now)


def _note(work: CampaignWork, error: Exception, *, clock: Clock) -> None:
    kept = CampaignWork.objects.select_related("campaign__review").get(pk=work.pk)
    kept.lease, kept.attempts = work.lease, work.attempts
    said = _("%(what)s stopped after %(done)d: %(error)s")
    facts = {"what": kept.get_kind_display(), "done": kept.done, "error": f"{type(error).__name__}: {error}"}
    try:
        carrying.note_failed(work=kept, error=said % facts, now=clock())
    except outbox.LeaseLostError as lost:
        logger.info("%s", lost)
