"""Celery's side of notifications: send one message, hand out what is due, and remind of what ends soon."""

from celery import shared_task
from django.utils import timezone

from accessgov import outbox

from . import actions, delivery
from .models import Message


@shared_task
def deliver(message_id: str) -> None:
    """Send one message, unless somebody else holds it or it is sent."""
    for message in outbox.claim(Message.objects.with_recipients().filter(pk=message_id), now=timezone.now()):
        delivery.perform(message)


@shared_task
def sweep() -> int:
    """Hand out every message that is due and that nobody holds."""
    return outbox.sweep(Message.objects.all(), task=deliver, now=timezone.now())


@shared_task
def remind() -> int:
    """Queue what is to be said about access that ends soon, and about decisions that are still to be made."""
    now = timezone.now()
    return actions.queue_reminders(now=now) + actions.queue_decision_reminders(now=now)
