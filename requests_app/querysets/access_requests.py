"""Reads of access requests."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Prefetch, Q

from directory.models import User
from directory.permissions import can_read_everything

from ..lifecycle import ADDING, LIVE, OPEN, UPDATING, ApprovalStatus, RequestStatus, RequestType
from .reach import managed_by, of_reports_of

if TYPE_CHECKING:
    from ..models import AccessRequest


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    """Access requests."""

    def visible_to(self, user: User) -> Self:
        """One's own, one's reports', those that one decides or decided on, those of packages that one looks after.

        Auditors see all.
        """
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        from ..models import ApprovalAssignee

        asked = ApprovalAssignee.objects.about(user).values("approval__access_request")
        theirs = Q(person=user) | Q(requested_by=user) | of_reports_of(user)
        return self.filter(theirs | Q(pk__in=asked) | managed_by(user))

    def of(self, user: User) -> Self:
        """Requests that this person asked for, and those that are about their access."""
        return self.filter(Q(person=user) | Q(requested_by=user))

    def with_deciders(self) -> Self:
        """With names, and `deciding`: the stages that are open now, with whoever is asked."""
        from ..models import Approval

        stages = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).with_assignees()
        return self.select_related("package__catalog", "person", "requested_by").prefetch_related(
            Prefetch("approvals", queryset=stages, to_attr="deciding")
        )

    def with_approvals(self) -> Self:
        """With every stage, and everybody who is or was asked in it."""
        from ..models import ApprovalAssignee

        return self.prefetch_related(Prefetch("approvals__assignees", queryset=ApprovalAssignee.objects.with_people()))

    def open(self) -> Self:
        """Requests to which something is still to happen."""
        return self.filter(status__in=OPEN)

    def adding(self) -> Self:
        """Requests that somebody have a package, as against those that somebody lose it."""
        return self.filter(kind__in=ADDING)

    def due_to_begin(self, now: datetime) -> Self:
        """Approved requests whose start has come, the earliest first."""
        due = self.filter(status=RequestStatus.SCHEDULED, wanted_start__lte=now)
        return due.order_by("wanted_start", "pk")

    def revocable(self) -> Self:
        """Requests of which something came that can be taken back.

        What is scheduled, access that is live, and an extension that still decides about the end of such access.
        """
        is_held = Q(assignment__status__in=LIVE)
        is_end_its_own = Q(assignment__ends_at=F("wanted_end")) | Q(assignment__ends_at=None, wanted_end=None)
        extended = Q(kind=RequestType.USER_UPDATE, former_end__isnull=False) & is_end_its_own
        return self.filter(Q(status=RequestStatus.SCHEDULED) | is_held & (Q(kind__in=ADDING) | extended))

    def updating(self) -> Self:
        """Requests that the end of access be moved."""
        return self.filter(kind__in=UPDATING)
