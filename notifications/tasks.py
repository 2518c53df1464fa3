"""Celery's side of notifications: send one message, hand out what is due, and find out who is to be told what."""

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
    """Queue what is to be said about what ends soon, and about decisions and reviews that are still to be made."""
    now = timezone.now()
    of_access = actions.queue_reminders(now=now) + actions.queue_decision_reminders(now=now)
    return of_access + actions.queue_exception_reminders(now=now) + actions.queue_review_reminders(now=now)


@shared_task
def ask_reviewers() -> int:
    """Tell reviewers what they are asked in campaigns that are open, and remind those who are not done."""
    now = timezone.now()
    return actions.queue_review_questions(now=now) + actions.queue_campaign_reminders(now=now)


@shared_task
def tell_outcomes() -> int:
    """Queue what those are told who were asked to decide, and did not give the last word."""
    return actions.queue_outcomes(now=timezone.now())


@shared_task
def begin_digests() -> int:
    """Begin the daily digest of everybody whose hour has come."""
    return actions.queue_digests(now=timezone.now())
