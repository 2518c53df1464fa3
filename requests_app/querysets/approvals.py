"""Reads of approvals, of those who are asked, and of what they want to know."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery

from catalog.models import AccessPackage
from directory.models import User

from ..lifecycle import ApprovalStatus

if TYPE_CHECKING:
    from ..models import Approval, ApprovalAssignee, Inquiry


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals."""

    def visible_to(self, user: User) -> Self:
        """The stages of the requests that this person may see."""
        from ..models import AccessRequest

        return self.filter(access_request__in=AccessRequest.objects.visible_to(user).values("pk"))

    def asking(self, user: User) -> Self:
        """Stages in which this person is asked, in their own name or in somebody's place, or was and decided."""
        from ..models import ApprovalAssignee

        return self.filter(pk__in=ApprovalAssignee.objects.asking(user).values("approval"))

    def waiting_for(self, user: User) -> Self:
        """Stages in which this person is asked and has not decided, the most urgent first; each once."""
        from ..models import ApprovalAssignee

        mine = ApprovalAssignee.objects.asking(user).filter(is_approved=None)
        return self.filter(status=ApprovalStatus.IN_PROGRESS, pk__in=mine.values("approval")).order_by("due_at", "id")

    def with_privilege(self) -> Self:
        """With `is_privileged`: what is decided on gives a privileged resource."""
        package = AccessPackage.objects.privileged().filter(pk=OuterRef("access_request__package")).order_by()
        return self.annotate(is_privileged=Exists(package))

    def with_assignees(self) -> Self:
        """With everybody who is asked, who stands in for them, and who decided."""
        from ..models import ApprovalAssignee

        return self.prefetch_related(Prefetch("assignees", queryset=ApprovalAssignee.objects.with_people()))

    def numbered(self) -> Self:
        """With `stages_number`: how many stages the request has."""
        from ..models import Approval

        siblings = Approval.objects.filter(access_request=OuterRef("access_request")).order_by()
        return self.annotate(
            stages_number=Subquery(siblings.values("access_request").annotate(n=Count("pk")).values("n"))
        )

    def overdue(self, now: datetime) -> Self:
        """Stages whose time is over; while the requester is asked for information, their clock stands still."""
        return self.filter(status=ApprovalStatus.IN_PROGRESS, paused_at=None, due_at__lte=now)

    def wanting_alternates(self, now: datetime) -> Self:
        """Stages that are still open when their alternates are due, those that waited longest first."""
        late = self.filter(status=ApprovalStatus.IN_PROGRESS, paused_at=None, alternates_due_at__lte=now)
        return late.order_by("alternates_due_at", "pk")

    def in_want_of_approvers(self) -> Self:
        """Open stages in which somebody who is asked was disabled, or in which nobody is left to decide."""
        from ..models import ApprovalAssignee

        undecided = ApprovalAssignee.objects.filter(approval=OuterRef("pk"), is_approved=None)
        absent = Exists(undecided.filter(person__is_active=False))
        nobody = ~Exists(undecided.filter(person__is_active=True))
        return self.filter(absent | nobody, status=ApprovalStatus.IN_PROGRESS)


class InquiryQuerySet(models.QuerySet["Inquiry"]):
    """What approvers want to know."""

    def open(self) -> Self:
        """Those that wait for an answer."""
        return self.filter(closed_at=None)

    def waiting_for(self, user: User) -> Self:
        """Those that this person can answer, the most urgent first."""
        theirs = Q(approval__access_request__person=user) | Q(approval__access_request__requested_by=user)
        return self.open().filter(theirs).order_by("answer_by", "id")

    def with_people(self) -> Self:
        """With those who asked and answered."""
        return self.select_related("asked_by", "answered_by")

    def unanswered(self, now: datetime) -> Self:
        """Those whose time for an answer is over."""
        return self.open().filter(answer_by__lte=now).order_by("answer_by", "id")


class AssigneeQuerySet(models.QuerySet["ApprovalAssignee"]):
    """Those who are asked to decide."""

    def asking(self, user: User) -> Self:
        """Where this person is asked, in their own name or in the place of somebody who is away."""
        return self.filter(Q(person=user) | Q(delegate=user))

    def about(self, user: User) -> Self:
        """Where this person is or was asked, handed it over, or decided."""
        return self.filter(Q(person=user) | Q(delegate=user) | Q(instead_of=user) | Q(decided_by=user))

    def undecided(self) -> Self:
        """Those of open stages who have not decided."""
        return self.filter(approval__status=ApprovalStatus.IN_PROGRESS, is_approved=None)

    def decided_by(self, user: User) -> Self:
        """What this person decided, also in somebody's place."""
        return self.filter(decided_by=user)

    def with_what_came_of_it(self) -> Self:
        """With `can_be_taken_back`: what the request led to is still there (`revocable`)."""
        from ..models import AccessRequest

        revocable = AccessRequest.objects.revocable().filter(pk=OuterRef("approval__access_request"))
        return self.annotate(can_be_taken_back=Exists(revocable.order_by()))

    def with_people(self) -> Self:
        """With everybody whom a row names."""
        return self.select_related("person", "instead_of", "delegate", "decided_by")
