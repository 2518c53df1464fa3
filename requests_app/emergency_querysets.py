"""Reads of the reviews that emergency access leaves behind."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from catalog.models import AccessPackage
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything

from .lifecycle import EmergencyStatus

if TYPE_CHECKING:
    from .models import EmergencyReview


class EmergencyReviewQuerySet(models.QuerySet["EmergencyReview"]):
    """Reviews of emergency access."""

    def visible_to(self, user: User) -> Self:
        """Of one's own emergencies, those that one reviews, and of packages that one looks after; auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        mine = AccessPackage.objects.with_right(user, Right.ASSIGNMENTS).order_by().values("pk")
        asked = self.model.reviewers.through.objects.filter(user_id=user.pk).values("emergencyreview_id")
        return self.filter(Q(access_request__person=user) | Q(access_request__package__in=mine) | Q(pk__in=asked))

    def open(self) -> Self:
        """Those that are still to be made."""
        return self.filter(status=EmergencyStatus.OPEN)

    def waiting_for(self, user: User) -> Self:
        """What this person is asked to review, the most urgent first."""
        return self.open().filter(reviewers=user).order_by("due_at", "pk")

    def overdue(self, now: datetime) -> Self:
        """Those that should have been made by now."""
        return self.open().filter(due_at__lte=now)

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related(
            "access_request__person", "access_request__package__catalog", "access_request__assignment", "decided_by"
        )
