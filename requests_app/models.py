"""Access requests with their answers and approvals, and assignments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Policy
from directory.models import User

from .approvers import quorum
from .lifecycle import (
    ADDING,
    APPROVAL_MOVES,
    ASSIGNMENT_MOVES,
    LIVE,
    OPEN,
    REQUEST_MOVES,
    UPDATING,
    ApprovalStatus,
    AssignmentStatus,
    RequestStatus,
    RequestType,
    check_move,
)
from .querysets import AccessRequestQuerySet, ApprovalQuerySet, AssignmentQuerySet

LONGEST_STATUS = 20


class Assignment(models.Model):
    """One person having one package, from its delivery until its end."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    package = models.ForeignKey(AccessPackage, on_delete=models.PROTECT, related_name="assignments")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="assignments")
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=AssignmentStatus.choices, default=AssignmentStatus.DELIVERING
    )
    duration = models.DurationField(_("lasts"), null=True, blank=True)
    fixed_end = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("-starts_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "package"],
                name="requests_assignment_one_live_per_person_and_package",
                condition=Q(status__in=LIVE),
            ),
            models.CheckConstraint(
                name="requests_assignment_ended_at_iff_not_live",
                condition=Q(status__in=LIVE, ended_at=None) | (~Q(status__in=LIVE) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="requests_assignment_ending", condition=Q(status__in=LIVE)),
            models.Index(fields=["starts_at", "id"], name="requests_assignment_newest"),
            models.Index(fields=["person", "starts_at", "id"], name="requests_assignment_of_person"),
            models.Index(fields=["person", "ended_at", "id"], name="requests_assignment_past"),
            models.Index(fields=["package", "starts_at", "id"], name="requests_assignment_holders"),
        ]

    def __str__(self) -> str:
        return str(self.package)

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status and the times that follow from it. Raises IllegalMove."""
        self.move_all([self], status=status, at=at)

    def move_end(self, ends_at: datetime | None) -> None:
        """Write a new end. From now on it stands by itself: a delivery that comes later does not count it anew."""
        self.ends_at = self.fixed_end = ends_at
        self.duration = None
        self.save(update_fields=["ends_at", "fixed_end", "duration"])

    @classmethod
    def move_all(cls, assignments: Sequence["Assignment"], *, status: str, at: datetime) -> None:
        """Move locked assignments by one statement (one for each end, where they are delivered for the first time).

        The first full delivery starts the clock: a duration counts from it, never past the policy's fixed end. Raises
        IllegalMove before anything is written.
        """
        for assignment in assignments:
            check_move(ASSIGNMENT_MOVES, old=assignment.status, new=status)
        begun: defaultdict[datetime | None, list[UUID]] = defaultdict(list)
        others: list[UUID] = []
        for assignment in assignments:
            assignment.status = status
            if status not in LIVE:
                assignment.ended_at = assignment.ended_at or at
            if status == AssignmentStatus.DELIVERED and assignment.delivered_at is None:
                assignment.delivered_at = at
                assignment.ends_at = end_of(starts_at=at, duration=assignment.duration, fixed_end=assignment.fixed_end)
                begun[assignment.ends_at].append(assignment.pk)
            else:
                others.append(assignment.pk)
        for ends_at, ids in begun.items():
            cls.objects.filter(pk__in=ids).update(status=status, delivered_at=at, ends_at=ends_at)
        if others:
            ended = {} if status in LIVE else {"ended_at": models.functions.Coalesce("ended_at", models.Value(at))}
            cls.objects.filter(pk__in=others).update(status=status, **ended)


def end_of(*, starts_at: datetime, duration: timedelta | None, fixed_end: datetime | None) -> datetime | None:
    """When access that starts then ends: after its duration, and never later than the fixed end."""
    ends = [fixed_end, starts_at + duration if duration else None]
    return min((end for end in ends if end), default=None)


class AccessRequest(models.Model):
    """Somebody's wish that a person have, or no longer have, a package; judged by the policy as it stood."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=RequestType.choices)
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=RequestStatus.choices, default=RequestStatus.SUBMITTED
    )
    package = models.ForeignKey(AccessPackage, on_delete=models.PROTECT, related_name="access_requests")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="access_requests")
    policy_version = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_requests")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="submitted_requests"
    )
    justification = models.TextField(_("justification"), blank=True)
    duration = models.DurationField(_("lasts"), null=True, blank=True)
    fixed_end = models.DateTimeField(null=True, blank=True)
    wanted_end = models.DateTimeField(_("wanted until"), null=True, blank=True)
    """Where the end is asked to be moved; None where that is nowhere, or where there is to be no end."""
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.PROTECT, related_name="access_requests"
    )
    submitted_at = models.DateTimeField(_("submitted at"))
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("access request")
        verbose_name_plural = _("access requests")
        ordering = ("-submitted_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "package"],
                name="requests_request_one_open_per_person_and_package",
                condition=Q(status__in=OPEN, kind__in=ADDING),
            ),
            models.UniqueConstraint(
                fields=["person", "package"],
                name="requests_request_one_open_extension_per_access",
                condition=Q(status__in=OPEN, kind__in=UPDATING),
            ),
            models.CheckConstraint(
                name="requests_request_extension_says_of_what",
                condition=~Q(kind__in=UPDATING) | Q(assignment__isnull=False),
            ),
            models.CheckConstraint(
                name="requests_request_completed_at_iff_not_open",
                condition=Q(status__in=OPEN, completed_at=None) | (~Q(status__in=OPEN) & Q(completed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_at", "id"], name="requests_request_newest"),
            models.Index(fields=["person", "submitted_at", "id"], name="requests_request_of_person"),
        ]

    def __str__(self) -> str:
        return str(self.package)

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen to it."""
        return self.status in OPEN

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status, and when it was completed. Raises IllegalMove."""
        check_move(REQUEST_MOVES, old=self.status, new=status)
        self.status = status
        self.completed_at = None if status in OPEN else at
        self.save(update_fields=["status", "completed_at", "assignment"])

    @classmethod
    def move_all(cls, access_requests: Sequence["AccessRequest"], *, status: str, at: datetime) -> None:
        """Move requests by one statement. Raises IllegalMove before anything is written."""
        if not access_requests:
            return
        for access_request in access_requests:
            check_move(REQUEST_MOVES, old=access_request.status, new=status)
        for access_request in access_requests:
            access_request.status = status
            access_request.completed_at = None if status in OPEN else at
        rows = cls.objects.filter(pk__in=[access_request.pk for access_request in access_requests])
        rows.update(status=status, completed_at=None if status in OPEN else at)


class Answer(models.Model):
    """What the requester answered, with the question as it was asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField()
    question = models.CharField(max_length=300)
    value = models.TextField()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.question} {self.value}"


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
