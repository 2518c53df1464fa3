"""What emergency access leaves behind: a review that its owners have to make."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import User

from ..emergency_querysets import EmergencyReviewQuerySet
from ..lifecycle import EMERGENCY_MOVES, LONGEST_STATUS, EmergencyStatus, check_move
from .access_requests import AccessRequest


class EmergencyReview(models.Model):
    """Whether somebody was right to take access in an emergency: compulsory, and made by somebody else."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    access_request = models.OneToOneField(
        AccessRequest, verbose_name=_("request"), on_delete=models.PROTECT, related_name="emergency_review"
    )
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=EmergencyStatus.choices, default=EmergencyStatus.OPEN
    )
    reviewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("who reviews"), related_name="emergencies_to_review"
    )
    conflicts = models.TextField(_("incompatible with"), blank=True)
    """What the person had that cannot be held together with it, in words, where there was anything."""
    uses = models.PositiveIntegerField(_("times in 90 days"))
    """How often the person took emergency access to this package in the last 90 days, this time included."""
    taken_at = models.DateTimeField(_("taken at"))
    due_at = models.DateTimeField(_("to be reviewed by"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="emergencies_reviewed",
    )
    decided_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    findings = models.TextField(_("findings"), blank=True)

    objects = EmergencyReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review of emergency access")
        verbose_name_plural = _("reviews of emergency access")
        ordering = ("-taken_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="requests_emergency_decided_iff_not_open",
                condition=Q(status=EmergencyStatus.OPEN, decided_by=None, decided_at=None)
                | (~Q(status=EmergencyStatus.OPEN) & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["taken_at", "id"], name="requests_emergency_newest"),
            models.Index(fields=["due_at"], name="requests_emergency_due", condition=Q(status=EmergencyStatus.OPEN)),
        ]

    def __str__(self) -> str:
        return str(self.access_request)

    def move_to(self, status: str, *, by: User, findings: str, at: datetime) -> None:
        """Write what was found, by whom and when. Raises IllegalMove."""
        check_move(EMERGENCY_MOVES, old=self.status, new=status)
        self.status, self.findings, self.decided_at = status, findings, at
        self.decided_by = by
        self.save(update_fields=["status", "findings", "decided_by", "decided_at"])
