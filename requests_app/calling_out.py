"""Makes one call of a custom extension, outside any transaction: writes what is said, signs it, sends it, settles."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from accessgov import outbox, outward, signatures
from audit.context import Source, surroundings

from . import actions
from .models import Callout
from .payloads import payload_of

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def perform(callout: Callout, *, clock: Clock = timezone.now) -> None:
    """Make a claimed call and settle it, at the times that `clock` tells.

    Nothing that goes wrong on the way is raised.
    """
    with surroundings(source=Source.WORKER, correlation_id=callout.correlation_id):
        try:
            _perform(callout, clock=clock)
        except outbox.LeaseLostError as error:
            logger.info("%s; it was answered meanwhile, or its outcome is left to them.", error)


def _perform(callout: Callout, *, clock: Clock) -> None:
    if callout.answer_by is not None and callout.answer_by <= clock():
        actions.settle_unwanted(callout=callout, now=clock())
        return
    try:
        _send(callout, at=clock())
    except outward.CallError as error:
        actions.settle_failed(
            callout=callout, error=str(error), is_final=error.is_final, retry_after=error.retry_after, now=clock()
        )
    except ImproperlyConfigured as error:  # no key opens the secret any more
        actions.settle_failed(callout=callout, error=str(error), is_final=False, retry_after=None, now=clock())
    else:
        actions.settle_sent(callout=callout, now=clock())


def _send(callout: Callout, *, at: datetime) -> None:
    body = outward.in_json(payload_of(callout))
    headers = signatures.signed(*callout.extension.valid_secrets(at), message_id=str(callout.pk), body=body, at=at)
    outward.post(callout.extension.url, body=body, headers=headers)


def perform_all_due(*, now: datetime) -> int:
    """Make every call that is due at `now`, one after the other and as if it were `now`; returns how many.

    For commands and tests.
    """
    return outbox.drain(Callout.objects.with_names(), perform=partial(perform, clock=lambda: now), now=now)
