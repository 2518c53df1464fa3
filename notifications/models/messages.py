"""Message: one thing that one person is told by mail, first as a row of work and then as the words that were sent."""

from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow

from ..querysets import MessageQuerySet


class Occasion(models.TextChoices):
    """Why somebody is told something; with what the message's `reference` is the id of."""

    APPROVER_ASKED = "approverAsked", _("asked to decide")  # an approval
    ALTERNATE_ASKED = "alternateAsked", _("asked to decide as an alternate")  # an approval
    HANDED_OVER = "handedOver", _("decision handed over")  # an approval
    DECIDE_HALFTIME = "decideHalfTime", _("reminded to decide at half of the time")  # an approval
    DECIDE_TOMORROW = "decideIn1Day", _("reminded to decide within a day")  # an approval
    INFORMATION_ASKED = "informationAsked", _("asked for information")  # what is asked
    INFORMATION_GIVEN = "informationGiven", _("answered what was asked")  # what was asked
    INFORMATION_MISSING = "informationMissing", _("nobody answered what was asked")  # what was asked
    STAGE_APPROVED = "stageApproved", _("stage approved by others")  # an approval
    APPROVED_BY_OTHERS = "approvedByOthers", _("request approved by others")  # an access request
    STAGE_EXPIRED = "stageExpired", _("stage that nobody decided")  # an approval
    APPROVED = "approved", _("request approved")  # an access request
    DENIED = "denied", _("request denied")  # an access request
    EXPIRED = "expired", _("request expired")  # an access request
    CANCELED = "canceled", _("request canceled by somebody else")  # an access request
    NOT_GIVEN = "notGiven", _("approved, and yet not given")  # an access request
    GRANTED = "granted", _("access granted")  # an assignment
    ENDS_IN_TWO_WEEKS = "endsIn14Days", _("access ends in two weeks")  # an assignment
    ENDS_TOMORROW = "endsIn1Day", _("access ends within a day")  # an assignment
    EXTENDED = "extended", _("access extended")  # the access request that asked for it
    END_MOVED = "endMoved", _("end of access moved")  # the access request that says so
    ENDED = "ended", _("access ended")  # an assignment
    DELEGATED = "delegated", _("named to decide in somebody's place")  # a delegation
    DELEGATION_ENDED = "delegationEnded", _("no longer deciding in somebody's place")  # a delegation
    DECIDED_FOR_YOU = "decidedForYou", _("decided in your place")  # an approver's row
    APPROVAL_WITHDRAWN = "approvalWithdrawn", _("approval withdrawn")  # the access request
    ROLE_GRANTED = "roleGranted", _("role given")  # who has which role
    ROLE_REVOKED = "roleRevoked", _("role taken away")  # who had which role
    WORK_STUCK = "workStuck", _("work given up")  # a target system
    EXTENSION_STUCK = "extensionStuck", _("custom extension given up")  # a custom extension
    EXCEPTION_ASKED = "exceptionAsked", _("exception asked for")  # an exception to separation of duties
    EXCEPTION_DECIDED = "exceptionDecided", _("exception decided")  # an exception to separation of duties
    EXCEPTION_ENDS = "exceptionEndsIn14Days", _("exception ends in two weeks")  # an exception
    EXCEPTION_OVER = "exceptionOver", _("exception over")  # an exception to separation of duties
    EMERGENCY_TAKEN = "emergencyTaken", _("emergency access taken")  # the review of an emergency
    EMERGENCY_DUE = "emergencyDue", _("review of an emergency due")  # the review of an emergency
    EMERGENCY_JUDGED = "emergencyJudged", _("emergency access reviewed")  # the access request
    EMERGENCY_OVERDUE = "emergencyOverdue", _("review of an emergency overdue")  # the review of an emergency
    DRIFT_FOUND = "driftFound", _("drift found")  # a reconciliation
    TASK_OPENED = "taskOpened", _("tasks by hand")  # a connector
    TASK_OVERDUE = "taskOverdue", _("tasks by hand overdue")  # a connector
    TASK_REFUSED = "taskRefused", _("task by hand refused")  # a task
    CONNECTOR_PAUSED = "connectorPaused", _("connector paused")  # a connector
    CONNECTOR_RESUMED = "connectorResumed", _("connector goes on")  # a connector
    REVIEW_ASKED = "reviewAsked", _("asked to review")  # a stage of a campaign
    REVIEW_HALFTIME = "reviewHalfTime", _("reminded to review at half of the time")  # a stage of a campaign
    REVIEW_TOMORROW = "reviewIn1Day", _("reminded to review within a day")  # a stage of a campaign
    REVIEW_REMINDED = "reviewReminded", _("reminded to review by hand")  # a stage of a campaign
    REVIEW_HANDED_ON = "reviewHandedOn", _("items of a review handed on")  # a campaign
    REVIEW_COMPLETED = "reviewCompleted", _("review completed")  # a campaign
    REVIEW_STUCK = "reviewStuck", _("review that does not go on")  # a campaign
    DIGEST = "digest", _("daily digest")  # the person
    TEST = "test", _("test of a letter")  # a letter in a language: `letters.samples`


def occasions() -> list[tuple[str, Any]]:
    """The choices of the column: asked for when they are needed, so that a new occasion needs no migration."""
    return list(Occasion.choices)


NOTICES = {Occasion.ENDS_TOMORROW: timedelta(days=1), Occasion.ENDS_IN_TWO_WEEKS: timedelta(days=14)}
"""How long before its end somebody is told of it, the shortest notice first (behaviour 16)."""


class Message(WorkRow):
    """What one person is told on one occasion.

    It holds ids until it is sent: the words are written when it is sent, from the facts of that moment, and kept as
    they were sent. A message whose reason is gone by then is not sent, and `withheld_because` says why.

    Where the person wants it in their daily digest, `digest_at` says in that of when; then it is no work of its own
    any more, and goes with the message `digest`.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("to"), on_delete=models.PROTECT, related_name="messages"
    )
    occasion = models.CharField(_("occasion"), max_length=24, choices=occasions)
    reference = models.UUIDField(_("about"))
    digest_at = models.DateTimeField(_("in the digest of"), null=True, blank=True)
    digest = models.ForeignKey(
        "self", verbose_name=_("sent with"), null=True, blank=True, on_delete=models.PROTECT, related_name="parts"
    )
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
            models.Index(
                fields=["digest_at"],
                name="notifications_message_digest",
                condition=models.Q(status="pending", digest_at__isnull=False, digest=None),
            ),
        ]
        constraints = [
            *WorkRow.Meta.constraints,
            models.CheckConstraint(
                name="notifications_message_in_a_digest_waited_for_one",
                condition=models.Q(digest=None) | models.Q(digest_at__isnull=False),
            ),
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
