"""Reads of assignments."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from directory.models import User
from directory.permissions import can_read_everything

from ..lifecycle import LIVE, AssignmentStatus
from .reach import managed_by, of_reports_of

if TYPE_CHECKING:
    from ..models import Assignment


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments."""

    def visible_to(self, user: User) -> Self:
        """One's own, one's reports', those of packages that one looks after; everything for those who read all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(Q(person=user) | of_reports_of(user) | managed_by(user))

    def live(self) -> Self:
        """Assignments that have not ended."""
        return self.filter(status__in=LIVE)

    def not_gone(self) -> Self:
        """What is there, on its way, or not yet taken away; what ends first comes first, what has no end last."""
        found = self.exclude(status=AssignmentStatus.ENDED)
        return found.order_by(F("ends_at").asc(nulls_last=True), "-starts_at", "-pk")

    def gone(self) -> Self:
        """Assignments of which nothing is left in any target system."""
        return self.filter(status=AssignmentStatus.ENDED)

    def due_to_end(self, now: datetime) -> Self:
        """Live assignments whose end has come."""
        return self.live().filter(ends_at__lte=now).order_by("ends_at")
