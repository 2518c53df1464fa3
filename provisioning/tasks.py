"""Celery's side of provisioning: carry out what is due in one system, and hint at every system with something due."""

import time
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accessgov import outbox

from . import actions, delivery, disabling, discovering, reconciling
from .models import Discovery, Reconciliation

LONG = 6 * 3600
"""Seconds that reading a whole system may take; the lease is renewed page by page."""
AT_A_STRETCH = 20.0
"""Seconds after which a worker asks whether somebody else waits, before it goes on with the same system."""


@shared_task
def carry_out(system_id: str) -> None:
    """Carry out what is due in one system, as far as its connector bears it."""
    until = time.monotonic() + AT_A_STRETCH
    delivery.work_off(UUID(system_id), until=until)
    if time.monotonic() > until:
        outbox.send(carry_out, [system_id])


@shared_task
def change_accounts(system_id: str) -> None:
    """Disable and enable the accounts that are due in one system, as far as its connector bears it."""
    until = time.monotonic() + AT_A_STRETCH
    disabling.work_off(UUID(system_id), until=until)
    if time.monotonic() > until:
        outbox.send(change_accounts, [system_id])


@shared_task
def sweep() -> int:
    """Hint at every system in which something is due that nobody holds; returns how many."""
    now = timezone.now()
    hints = outbox.send(change_accounts, [str(system_id) for system_id in disabling.systems_with_work(now=now)])
    return hints + outbox.send(carry_out, [str(system_id) for system_id in delivery.systems_with_work(now=now)])


@shared_task(time_limit=LONG, soft_time_limit=LONG)
def discover(run_id: str) -> None:
    """Look through one system for its resources and roles."""
    discovering.work_off(UUID(run_id))


@shared_task
def sweep_discoveries() -> int:
    """Start the looks into systems that are due, hint at those that nobody carries out, and forget what is over."""
    now = timezone.now()
    actions.forget_aliases()
    actions.start_due_discoveries(now=now)
    return outbox.sweep(Discovery.objects.all(), task=discover, now=now)


@shared_task(time_limit=LONG, soft_time_limit=LONG)
def reconcile(run_id: str) -> None:
    """Carry on with one reconciliation of a system; where it takes long, others get their turn in between."""
    if reconciling.work_off(UUID(run_id), until=time.monotonic() + AT_A_STRETCH):
        outbox.send(reconcile, [run_id])


@shared_task
def sweep_reconciliations() -> int:
    """Start the reconciliations that are due, hint at those that nobody carries on, and open ignored cases again."""
    now = timezone.now()
    actions.start_due(now=now)
    while actions.reopen_ignored(now=now):
        pass
    return outbox.sweep(Reconciliation.objects.all(), task=reconcile, now=now)


@shared_task
def tell_overdue_tasks() -> int:
    """Have teams reminded of what they should have done by hand by now; returns of how many tasks."""
    count = 0
    while told := actions.note_overdue(now=timezone.now()):
        count += told
    return count
