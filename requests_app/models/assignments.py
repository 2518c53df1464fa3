"""Assignments: one person having one package."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Policy

from ..lifecycle import ASSIGNMENT_MOVES, LIVE, LONGEST_STATUS, AssignmentStatus, check_move
from ..querysets import AssignmentQuerySet


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
    is_emergency = models.BooleanField(_("in an emergency"), default=False)
    """Taken without approval; it is neither extended nor made to end later."""
    callout_plan = models.JSONField(default=list, editable=False)
    """Which extensions are called when, as the request that gave it has it."""
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
