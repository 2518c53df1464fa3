"""Celery's side of provisioning: carry out one operation, and hand out what is due."""

from celery import shared_task
from django.utils import timezone

from accessgov import outbox

from . import delivery
from .models import Operation


@shared_task
def carry_out(operation_id: str) -> None:
    """Carry out one operation, unless somebody else holds it or it is done."""
    for operation in outbox.claim(Operation.objects.with_grants().filter(pk=operation_id), now=timezone.now()):
        delivery.perform(operation)


@shared_task
def sweep() -> int:
    """Hand out every operation that is due and that nobody holds."""
    return outbox.sweep(Operation.objects.all(), task=carry_out, now=timezone.now())
