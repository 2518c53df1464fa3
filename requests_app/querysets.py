"""Reads of requests, approvals and assignments."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery

from catalog.models import Catalog
from directory.models import User
from directory.permissions import can_read_everything

from .lifecycle import ADDING, LIVE, OPEN, UPDATING, ApprovalStatus, AssignmentStatus

if TYPE_CHECKING:
    from .models import AccessRequest, Approval, Assignment


def _managed_by(user: User) -> Q:
    """Of packages that this person owns, or whose catalog they own."""
    return Q(package__owner=user) | Q(package__catalog__in=Catalog.objects.filter(owners=user).values("pk"))


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    """Access requests."""

    def visible_to(self, user: User) -> Self:
        """One's own, those that one decides or decided on, those of packages that one looks after; auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        from .models import ApprovalAssignee

        is_theirs = Q(person=user) | Q(instead_of=user)
        asked = ApprovalAssignee.objects.filter(is_theirs).values("approval__access_request")
        return self.filter(Q(person=user) | Q(requested_by=user) | Q(pk__in=asked) | _managed_by(user))

    def of(self, user: User) -> Self:
        """Requests that this person asked for, and those that are about their access."""
        return self.filter(Q(person=user) | Q(requested_by=user))

    def with_deciders(self) -> Self:
        """With names, and `deciding`: the stages that are open now, with whoever is asked."""
        from .models import Approval

        stages = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).prefetch_related("assignees__person")
        return self.select_related("package__catalog", "person", "requested_by").prefetch_related(
            Prefetch("approvals", queryset=stages, to_attr="deciding")
        )

    def open(self) -> Self:
        """Requests to which something is still to happen."""
        return self.filter(status__in=OPEN)

    def adding(self) -> Self:
        """Requests that somebody have a package, as against those that somebody lose it."""
        return self.filter(kind__in=ADDING)

    def updating(self) -> Self:
        """Requests that the end of access be moved."""
        return self.filter(kind__in=UPDATING)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals."""

    def visible_to(self, user: User) -> Self:
        """The stages of the requests that this person may see."""
        from .models import AccessRequest

        return self.filter(access_request__in=AccessRequest.objects.visible_to(user).values("pk"))

    def asking(self, user: User) -> Self:
        """Stages in which this person is asked, or was and decided."""
        return self.filter(assignees__person=user)

    def waiting_for(self, user: User) -> Self:
        """Stages in which this person is asked and has not decided, the most urgent first."""
        return self.filter(
            status=ApprovalStatus.IN_PROGRESS, assignees__person=user, assignees__is_approved=None
        ).order_by("due_at", "id")

    def numbered(self) -> Self:
        """With `stages_number`: how many stages the request has."""
        from .models import Approval

        siblings = Approval.objects.filter(access_request=OuterRef("access_request")).order_by()
        return self.annotate(
            stages_number=Subquery(siblings.values("access_request").annotate(n=Count("pk")).values("n"))
        )

    def overdue(self, now: datetime) -> Self:
        """Stages whose time is over."""
        return self.filter(status=ApprovalStatus.IN_PROGRESS, due_at__lte=now)

    def wanting_alternates(self, now: datetime) -> Self:
        """Stages that are still open when their alternates are due, those that waited longest first."""
        late = self.filter(status=ApprovalStatus.IN_PROGRESS, alternates_due_at__lte=now)
        return late.order_by("alternates_due_at", "pk")

    def in_want_of_approvers(self) -> Self:
        """Open stages in which somebody who is asked was disabled, or in which nobody is left to decide."""
        from .models import ApprovalAssignee

        undecided = ApprovalAssignee.objects.filter(approval=OuterRef("pk"), is_approved=None)
        absent = Exists(undecided.filter(person__is_active=False))
        nobody = ~Exists(undecided.filter(person__is_active=True))
        return self.filter(absent | nobody, status=ApprovalStatus.IN_PROGRESS)


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments."""

    def visible_to(self, user: User) -> Self:
        """One's own, those of packages that one looks after, and everything for administrators and auditors."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(Q(person=user) | _managed_by(user))

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
