"""Celery's side of requests: what falls due by the clock."""

from celery import shared_task
from django.utils import timezone

from . import actions
from .models import Approval


@shared_task
def expire_assignments() -> int:
    """End every assignment whose end has come."""
    return actions.expire_due(now=timezone.now())


@shared_task
def expire_approvals() -> int:
    """End every request on which nobody decided in time."""
    now = timezone.now()
    overdue = Approval.objects.overdue(now).select_related("access_request")[:500]
    return sum(actions.expire_overdue(approval=approval, now=now) for approval in overdue)


@shared_task
def ask_alternates() -> int:
    """Ask the alternates of every stage that is still not decided when they are due."""
    now = timezone.now()
    late = Approval.objects.wanting_alternates(now).select_related("access_request")[:500]
    return sum(actions.ask_alternates(approval=approval, now=now) for approval in late)


@shared_task
def replace_absent_approvers() -> int:
    """Ask others wherever somebody who was asked can no longer decide."""
    now = timezone.now()
    wanting = Approval.objects.in_want_of_approvers().select_related("access_request")[:500]
    return sum(actions.replace_absent_approvers(approval=approval, now=now) for approval in wanting)
