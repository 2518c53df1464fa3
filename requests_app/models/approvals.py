"""The stages of a request's approval, and who is asked in them."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import User

from ..approvers import quorum
from ..lifecycle import APPROVAL_MOVES, ApprovalStatus, check_move
from ..querysets import ApprovalQuerySet
from .access_requests import AccessRequest


class Approval(models.Model):
    """One stage of a request's approval, copied from the policy when the request was submitted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="approvals")
    position = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=ApprovalStatus.choices, default=ApprovalStatus.WAITING)
    approvals_required = models.PositiveSmallIntegerField(null=True)
    """None: everybody who is asked."""
    requires_justification = models.BooleanField()
    time_limit = models.DurationField()
    approver_rules = models.JSONField()
    """Who is asked: a list of {use, kind, id}, as the policy said it."""
    alternates_after = models.DurationField(null=True)
    """How long after its start alternates are asked as well; None: never."""
    alternates_due_at = models.DateTimeField(null=True, blank=True)
    """When they will be; None from then on."""
    asked_via = models.CharField(_("asked as"), max_length=40, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["access_request", "position"], name="requests_approval_once_per_position"),
            models.CheckConstraint(
                name="requests_approval_due_at_iff_started",
                condition=Q(started_at=None, due_at=None) | Q(started_at__isnull=False, due_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="requests_approval_due", condition=Q(status=ApprovalStatus.IN_PROGRESS)
            ),
            models.Index(
                fields=["alternates_due_at"],
                name="requests_approval_alternates",
                condition=Q(status=ApprovalStatus.IN_PROGRESS, alternates_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access_request}, {self.position}"

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status and the times that follow from it. Raises IllegalMove."""
        check_move(APPROVAL_MOVES, old=self.status, new=status)
        self.status = status
        if status == ApprovalStatus.IN_PROGRESS:
            self.started_at, self.due_at = at, at + self.time_limit
            self.alternates_due_at = at + self.alternates_after if self.alternates_after else None
        else:
            self.decided_at = at
        self.save(update_fields=["status", "started_at", "due_at", "alternates_due_at", "decided_at", "asked_via"])

    def quorum(self, asked: Iterable["ApprovalAssignee"]) -> int:
        """How many approvals of those who are asked end it; alternates may give one, and raise the number by none."""
        return quorum(self.approvals_required, of=sum(not one.is_alternate for one in asked))


class ApprovalAssignee(models.Model):
    """Somebody who is asked to decide, and what they decided."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="assignees")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approval_assignments")
    asked_at = models.DateTimeField()
    is_alternate = models.BooleanField(default=False)
    instead_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals_handed_over"
    )
    """Who was asked first, and handed it over; whoever it passed through in between is in the journal."""
    handed_over_why = models.TextField(blank=True)
    is_approved = models.BooleanField(null=True)
    justification = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("approver of a request")
        verbose_name_plural = _("approvers of a request")
        constraints = [
            models.UniqueConstraint(fields=["approval", "person"], name="requests_assignee_once_per_approval"),
            models.CheckConstraint(
                name="requests_assignee_decided_at_iff_decided",
                condition=Q(is_approved=None, decided_at=None) | Q(is_approved__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["person", "decided_at", "id"], name="requests_assignee_decided")]

    def __str__(self) -> str:
        return str(self.person)

    def hand_to(self, person: User, *, why: str, at: datetime) -> None:
        """Have another person asked in this one's place."""
        first = self.instead_of_id or self.person_id
        self.person, self.instead_of_id = person, None if first == person.pk else first
        self.handed_over_why, self.asked_at = why, at
        self.save(update_fields=["person", "instead_of", "handed_over_why", "asked_at"])
