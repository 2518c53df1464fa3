"""What mails are about, and how each person may have them: at once, in the daily digest, or not at all."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.TextChoices):
    """When somebody is told."""

    AT_ONCE = "immediate", _("At once")
    DIGEST = "digest", _("In the daily digest")
    OFF = "off", _("Not at all")


class Topic(models.TextChoices):
    """What a mail is about, as people choose among them."""

    DECISIONS = "decisions", _("Requests that wait for your decision")
    QUESTIONS = "questions", _("Questions about what you asked for")
    TASKS = "tasks", _("What your team is to do by hand")
    REVIEWS = "reviews", _("Access that you are to review")
    OUTCOMES = "outcomes", _("What became of requests that you were asked to decide on")
    REQUESTS = "requests", _("What becomes of what you asked for")
    ACCESS = "access", _("Access that you get, and that changes or ends")
    ENDING = "ending", _("Access of yours that ends soon")
    ALARMS = "alarms", _("What needs attention in the systems and packages that you look after")
    DIGEST = "digest", _("The daily digest itself")


AT_ONCE_ONLY = (Topic.ALARMS, Topic.DIGEST)
"""An alarm that waits until tomorrow is none."""
REQUIRED = (Topic.DECISIONS, Topic.QUESTIONS, Topic.TASKS, Topic.REVIEWS, *AT_ONCE_ONLY)
"""Somebody has to act: these cannot be switched off (behaviour 21)."""
CHOOSABLE = tuple(topic for topic in Topic if topic not in AT_ONCE_ONLY)


def deliveries_of(topic: str) -> list[Delivery]:
    """How mails about this topic may be had, the default first."""
    if topic in AT_ONCE_ONLY:
        return [Delivery.AT_ONCE]
    if topic in REQUIRED:
        return [Delivery.AT_ONCE, Delivery.DIGEST]
    return list(Delivery)


def languages() -> list[tuple[str, str]]:
    """In which mails may be had: asked for when they are needed, so that another one needs no migration."""
    return list(settings.MAIL_LANGUAGES)
