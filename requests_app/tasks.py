"""Celery's side of requests: what falls due by the clock."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from celery import shared_task
from django.utils import timezone

from accessgov import outbox

from . import actions, calling_out, rolling_out
from .models import AccessRequest, Approval, Callout, Inquiry, Rollout

Row = TypeVar("Row", AccessRequest, Approval, Callout, Inquiry)
logger = logging.getLogger(__name__)


def _each(rows: Iterable[Row], act: Callable[[Row], bool]) -> int:
    """Act on each row in a transaction of its own, and return on how many it was done.

    What one of them stumbles over is logged, and holds up none of those behind it.
    """
    done = 0
    for row in rows:
        try:
            done += act(row)
        except Exception:
            logger.exception("A sweep stumbled over %s %s", row._meta.label, row.pk)
    return done


@shared_task
def expire_assignments() -> int:
    """End every assignment whose end has come."""
    return actions.expire_due(now=timezone.now())


@shared_task
def expire_approvals() -> int:
    """End every request on which nobody decided in time."""
    now = timezone.now()
    overdue = Approval.objects.overdue(now).select_related("access_request")[:500]
    return _each(overdue, lambda approval: actions.expire_overdue(approval=approval, now=now))


@shared_task
def begin_scheduled() -> int:
    """Deliver every approved request whose start has come."""
    now = timezone.now()
    due = AccessRequest.objects.due_to_begin(now)[:500]
    return _each(due, lambda access_request: actions.begin_scheduled(access_request=access_request, now=now))


@shared_task
def ask_alternates() -> int:
    """Ask the alternates of every stage that is still not decided when they are due."""
    now = timezone.now()
    late = Approval.objects.wanting_alternates(now).select_related("access_request")[:500]
    return _each(late, lambda approval: actions.ask_alternates(approval=approval, now=now))


@shared_task
def go_on_unanswered() -> int:
    """Have the time to decide go on wherever the requester did not answer in time."""
    now = timezone.now()
    late = Inquiry.objects.unanswered(now).select_related("approval__access_request")[:500]
    return _each(late, lambda inquiry: actions.go_on_unanswered(inquiry=inquiry, now=now))


@shared_task
def replace_absent_approvers() -> int:
    """Ask others wherever somebody who was asked can no longer decide."""
    now = timezone.now()
    wanting = Approval.objects.in_want_of_approvers().select_related("access_request")[:500]
    return _each(wanting, lambda approval: actions.replace_absent_approvers(approval=approval, now=now))


@shared_task
def expire_exceptions() -> int:
    """End exceptions to separation of duties whose time is over, or on which nobody decided in time."""
    return actions.expire_exceptions(now=timezone.now())


@shared_task
def follow_delegations() -> int:
    """End delegations whose time is over, and have whoever stands in for somebody now asked in their place."""
    return actions.follow_delegations(now=timezone.now())


@shared_task
def send_callout(callout_id: str) -> None:
    """Make one call of a custom extension, unless somebody else holds it or it is done."""
    for callout in outbox.claim(Callout.objects.with_names().filter(pk=callout_id), now=timezone.now()):
        calling_out.perform(callout)


@shared_task
def sweep_callouts() -> int:
    """Hand out every call that is due and that nobody holds."""
    return outbox.sweep(Callout.objects.all(), task=send_callout, now=timezone.now())


@shared_task
def time_out_callouts() -> int:
    """Apply what it means wherever an extension did not answer in time."""
    now = timezone.now()
    overdue = Callout.objects.overdue(now).select_related("access_request")[:500]
    return _each(overdue, lambda callout: actions.time_out_callout(callout=callout, now=now))


@shared_task
def call_before_end() -> int:
    """Tell extensions of access that ends in two weeks, or within a day."""
    return actions.call_before_end(now=timezone.now())


@shared_task
def carry_rollout(rollout_id: str) -> None:
    """Carry one rollout for a while, unless somebody else holds it or it is done; then others get their turn."""
    for rollout in outbox.claim(Rollout.objects.with_names().filter(pk=rollout_id), now=timezone.now()):
        if rolling_out.carry(rollout):
            outbox.send(carry_rollout, [rollout_id])


@shared_task
def sweep_rollouts() -> int:
    """Hand out every rollout that is due and that nobody holds."""
    return outbox.sweep(Rollout.objects.all(), task=carry_rollout, now=timezone.now())
