"""The stages of a request's approval, and who is asked in them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import User

from ..approvers import quorum
from ..lifecycle import APPROVAL_MOVES, ApprovalStatus, check_move
from ..querysets import ApprovalQuerySet, AssigneeQuerySet
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
    paused_at = models.DateTimeField(null=True, blank=True)
    """Since when its clock stands still, because the requester is asked for information; None: it runs."""
    not_needed_because = models.CharField(max_length=300, blank=True)
    """Why a stage that was skipped is not needed."""
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
            models.CheckConstraint(
                name="requests_approval_paused_only_while_in_progress",
                condition=Q(paused_at=None) | Q(status=ApprovalStatus.IN_PROGRESS),
            ),
            models.CheckConstraint(
                name="requests_approval_skipped_says_why",
                condition=Q(status=ApprovalStatus.SKIPPED) & ~Q(not_needed_because="")
                | ~Q(status=ApprovalStatus.SKIPPED) & Q(not_needed_because=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="requests_approval_due", condition=Q(status=ApprovalStatus.IN_PROGRESS)
            ),
            models.Index(
                fields=["decided_at"],
                name="requests_approval_settled",
                condition=Q(status__in=(ApprovalStatus.APPROVED, ApprovalStatus.EXPIRED)),
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
            self.paused_at = None
        self.save(
            update_fields=[
                "status", "started_at", "due_at", "alternates_due_at", "paused_at", "decided_at", "asked_via",
            ]
        )  # fmt: skip

    @classmethod
    def move_all(cls, approvals: Sequence["Approval"], *, status: str, at: datetime) -> None:
        """End locked stages by one statement. Raises IllegalMove before anything is written."""
        for approval in approvals:
            check_move(APPROVAL_MOVES, old=approval.status, new=status)
        rows = cls._default_manager.filter(pk__in=[approval.pk for approval in approvals])
        rows.update(status=status, decided_at=at, paused_at=None)

    def pause(self, *, at: datetime) -> None:
        """Have its clock stand still."""
        self.paused_at = at
        self.save(update_fields=["paused_at"])

    def resume(self, *, at: datetime) -> None:
        """Have its clock go on: all that is due comes later by the time for which it stood still."""
        if self.paused_at is None or self.due_at is None:
            return
        waited = at - self.paused_at
        self.paused_at, self.due_at = None, self.due_at + waited
        self.alternates_due_at = self.alternates_due_at + waited if self.alternates_due_at else None
        self.save(update_fields=["paused_at", "due_at", "alternates_due_at"])

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
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals_delegated"
    )
    """Who may decide in this person's place as well, while they are away."""
    is_approved = models.BooleanField(null=True)
    justification = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approvals_decided"
    )
    """Who really decided: the person, or their delegate."""

    objects = AssigneeQuerySet.as_manager()

    class Meta:
        verbose_name = _("approver of a request")
        verbose_name_plural = _("approvers of a request")
        constraints = [
            models.UniqueConstraint(fields=["approval", "person"], name="requests_assignee_once_per_approval"),
            models.CheckConstraint(
                name="requests_assignee_decided_at_iff_decided",
                condition=Q(is_approved=None, decided_at=None) | Q(is_approved__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="requests_assignee_decided_by_somebody_iff_decided",
                condition=Q(decided_by=None, decided_at=None) | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["approval", "decided_by"], name="requests_assignee_nobody_decides_twice_on_one_stage"
            ),
            models.UniqueConstraint(fields=["approval", "delegate"], name="requests_assignee_stands_in_for_one_only"),
        ]
        indexes = [
            models.Index(fields=["person", "decided_at", "id"], name="requests_assignee_decided"),
            models.Index(fields=["decided_by", "decided_at", "id"], name="requests_assignee_deciders"),
        ]

    def __str__(self) -> str:
        return str(self.person)

    def hand_to(self, person: User, *, why: str, at: datetime) -> None:
        """Have another person asked in this one's place."""
        first = self.instead_of_id or self.person_id
        self.person, self.instead_of_id = person, None if first == person.pk else first
        self.handed_over_why, self.asked_at, self.delegate = why, at, None
        self.save(update_fields=["person", "instead_of", "handed_over_why", "asked_at", "delegate"])

    @property
    def asked(self) -> str:
        """Who is asked, also where somebody else may decide in their place."""
        if self.delegate_id is None:
            return str(self.person)
        return gettext("%(person)s (delegated to %(delegate)s)") % {"person": self.person, "delegate": self.delegate}

    @property
    def decider(self) -> str:
        """Who decided, also where that was in somebody's place: “Olga for Marco”."""
        if self.decided_by_id in (None, self.person_id):
            return str(self.person)
        return gettext("%(delegate)s for %(delegator)s") % {"delegate": self.decided_by, "delegator": self.person}
