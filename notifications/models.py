"""Message: one thing that one person is told by mail, first as a row of work and then as the words that were sent."""

from email.utils import parseaddr

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow

from .querysets import MessageQuerySet


class Occasion(models.TextChoices):
    """Why somebody is told something; with what the message's `reference` is the id of."""

    APPROVER_ASKED = "approverAsked", _("asked to decide")  # an approval
    DECIDE_HALFTIME = "decideHalfTime", _("reminded to decide at half of the time")  # an approval
    DECIDE_TOMORROW = "decideIn1Day", _("reminded to decide within a day")  # an approval
    APPROVED = "approved", _("request approved")  # an access request
    DENIED = "denied", _("request denied")  # an access request
    EXPIRED = "expired", _("request expired")  # an access request
    GRANTED = "granted", _("access granted")  # an assignment
    ENDS_IN_TWO_WEEKS = "endsIn14Days", _("access ends in two weeks")  # an assignment
    ENDS_TOMORROW = "endsIn1Day", _("access ends within a day")  # an assignment
    EXTENDED = "extended", _("access extended")  # the access request that asked for it
    END_MOVED = "endMoved", _("end of access moved")  # the access request that says so
    ENDED = "ended", _("access ended")  # an assignment
    WORK_STUCK = "workStuck", _("work given up")  # a target system


class Message(WorkRow):
    """What one person is told on one occasion.

    It holds ids until it is sent: the words are written when it is sent, from the facts of that moment, and kept as
    they were sent. A message whose reason is gone by then is not sent, and `withheld_because` says why.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("to"), on_delete=models.PROTECT, related_name="messages"
    )
    occasion = models.CharField(_("occasion"), max_length=16, choices=Occasion.choices)
    reference = models.UUIDField(_("about"))
    sent_to = models.CharField(_("sent to"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    withheld_because = models.CharField(_("why it was not sent"), max_length=200, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            *WorkRow.Meta.indexes,
            models.Index(fields=["created_at", "id"], name="notifications_message_when"),
            models.Index(fields=["reference", "occasion"], name="notifications_message_about"),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_occasion_display()

    @property
    def message_id(self) -> str:
        """The Message-ID header: the same at every attempt, so that a mail program shows a mail sent twice once."""
        return _header_id(f"{self.pk}.message")

    @property
    def thread_id(self) -> str:
        """What all mails of one story refer to, so that mail programs show them together."""
        return _header_id(f"{self.correlation_id or self.pk}.story")


def _header_id(name: str) -> str:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return f"<{name}@{address.rpartition('@')[2] or 'localhost'}>"
