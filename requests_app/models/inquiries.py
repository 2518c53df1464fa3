"""What an approver wants to know of the requester before they decide, and what they were told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..querysets import InquiryQuerySet
from .approvals import Approval


class Inquiry(models.Model):
    """One question of an approver to whoever asked; while it is open, the clock of its stage stands still."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="inquiries")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="inquiries_made")
    question = models.TextField(_("question"))
    asked_at = models.DateTimeField(_("asked at"))
    answer_by = models.DateTimeField(_("to be answered by"))
    """When the clock goes on without an answer."""
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="inquiries_answered"
    )
    answer = models.TextField(_("answer"), blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    """When it was answered, ran out, or was no longer of use; None: it is open."""

    objects = InquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("question of an approver")
        verbose_name_plural = _("questions of approvers")
        ordering = ("asked_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["approval"], name="requests_inquiry_one_open_per_stage", condition=Q(closed_at=None)
            ),
            models.CheckConstraint(
                name="requests_inquiry_answered_by_iff_answered",
                condition=Q(answered_by=None, answer="") | (Q(answered_by__isnull=False, closed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["answer_by"], name="requests_inquiry_waiting", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.question

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.closed_at is None
