"""Reads of requests, approvals and assignments."""

from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery

from catalog.models import AccessPackage, Catalog
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything

from .lifecycle import (
    ADDING,
    LIVE,
    OPEN,
    UPDATING,
    ApprovalStatus,
    AssignmentStatus,
    ExceptionStatus,
    RequestStatus,
    RequestType,
)

if TYPE_CHECKING:
    from catalog.models import Incompatibility

    from .models import (
        AccessRequest,
        Approval,
        ApprovalAssignee,
        Assignment,
        Delegation,
        Inquiry,
        SeparationException,
    )


def _managed_by(user: User) -> Q:
    """Of packages that this person owns, or may assign by a role in their catalog."""
    catalogs = Catalog.objects.with_right(user, Right.ASSIGNMENTS)
    return Q(package__owner=user) | Q(package__catalog__in=catalogs.order_by().values("pk"))


def _of_reports_of(user: User) -> Q:
    """Of people whose manager this person is."""
    return Q(person__in=User.objects.filter(manager=user).order_by().values("pk"))


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
        from .models import ApprovalAssignee

        asked = ApprovalAssignee.objects.about(user).values("approval__access_request")
        theirs = Q(person=user) | Q(requested_by=user) | _of_reports_of(user)
        return self.filter(theirs | Q(pk__in=asked) | _managed_by(user))

    def of(self, user: User) -> Self:
        """Requests that this person asked for, and those that are about their access."""
        return self.filter(Q(person=user) | Q(requested_by=user))

    def with_deciders(self) -> Self:
        """With names, and `deciding`: the stages that are open now, with whoever is asked."""
        from .models import Approval

        stages = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).with_assignees()
        return self.select_related("package__catalog", "person", "requested_by").prefetch_related(
            Prefetch("approvals", queryset=stages, to_attr="deciding")
        )

    def with_approvals(self) -> Self:
        """With every stage, and everybody who is or was asked in it."""
        from .models import ApprovalAssignee

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


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals."""

    def visible_to(self, user: User) -> Self:
        """The stages of the requests that this person may see."""
        from .models import AccessRequest

        return self.filter(access_request__in=AccessRequest.objects.visible_to(user).values("pk"))

    def asking(self, user: User) -> Self:
        """Stages in which this person is asked, in their own name or in somebody's place, or was and decided."""
        from .models import ApprovalAssignee

        return self.filter(pk__in=ApprovalAssignee.objects.asking(user).values("approval"))

    def waiting_for(self, user: User) -> Self:
        """Stages in which this person is asked and has not decided, the most urgent first; each once."""
        from .models import ApprovalAssignee

        mine = ApprovalAssignee.objects.asking(user).filter(is_approved=None)
        return self.filter(status=ApprovalStatus.IN_PROGRESS, pk__in=mine.values("approval")).order_by("due_at", "id")

    def with_privilege(self) -> Self:
        """With `is_privileged`: what is decided on gives a privileged resource."""
        package = AccessPackage.objects.privileged().filter(pk=OuterRef("access_request__package")).order_by()
        return self.annotate(is_privileged=Exists(package))

    def with_assignees(self) -> Self:
        """With everybody who is asked, who stands in for them, and who decided."""
        from .models import ApprovalAssignee

        return self.prefetch_related(Prefetch("assignees", queryset=ApprovalAssignee.objects.with_people()))

    def numbered(self) -> Self:
        """With `stages_number`: how many stages the request has."""
        from .models import Approval

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
        from .models import ApprovalAssignee

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
        from .models import AccessRequest

        revocable = AccessRequest.objects.revocable().filter(pk=OuterRef("approval__access_request"))
        return self.annotate(can_be_taken_back=Exists(revocable.order_by()))

    def with_people(self) -> Self:
        """With everybody whom a row names."""
        return self.select_related("person", "instead_of", "delegate", "decided_by")


class DelegationQuerySet(models.QuerySet["Delegation"]):
    """Delegations."""

    def visible_to(self, user: User) -> Self:
        """One's own, given and received; administrators and auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(Q(delegator=user) | Q(delegate=user))

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("delegator", "delegate", "set_by").prefetch_related("catalogs")

    def not_over(self) -> Self:
        """Those that hold, and those that are still to come."""
        return self.filter(ended_at=None)

    def over(self) -> Self:
        """Those that held once, and those that were called off."""
        return self.filter(ended_at__isnull=False)

    def overlapping(self, starts_at: datetime, ends_at: datetime | None) -> Self:
        """Those that hold at some moment of this period."""
        found = self.not_over().filter(Q(ends_at=None) | Q(ends_at__gt=starts_at))
        return found.filter(starts_at__lt=ends_at) if ends_at else found

    def in_force(self, now: datetime) -> Self:
        """Those by which somebody may decide now: both are enabled, and it is the time."""
        held = self.not_over().filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)
        return held.filter(delegator__is_active=True, delegate__is_active=True)

    def due_to_end(self, now: datetime) -> Self:
        """Those whose time is over."""
        return self.not_over().filter(ends_at__lte=now).order_by("ends_at", "pk")

    def covering(self, catalog: "UUID | OuterRef") -> Self:
        """Those for this catalog, be it named or among all."""
        named = self.model.catalogs.through.objects.filter(delegation=OuterRef("pk"), catalog=catalog)
        return self.filter(Q(is_for_all_catalogs=True) | Q(Exists(named)))


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments."""

    def visible_to(self, user: User) -> Self:
        """One's own, one's reports', those of packages that one looks after; everything for those who read all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        return self.filter(Q(person=user) | _of_reports_of(user) | _managed_by(user))

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


class SeparationExceptionQuerySet(models.QuerySet["SeparationException"]):
    """Exceptions to separation of duties."""

    def visible_to(self, user: User) -> Self:
        """One's own, those that one asked for or decides, those of packages that one looks after; auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        mine = AccessPackage.objects.with_right(user, Right.ASSIGNMENTS).order_by().values("pk")
        decided = self.model.approvers.through.objects.filter(user_id=user.pk).values("separationexception_id")
        parties = Q(person=user) | Q(asked_by=user) | Q(pk__in=decided)
        return self.filter(parties | Q(package__in=mine) | Q(other_package__in=mine))

    def pending(self) -> Self:
        """Those on which somebody is to decide."""
        return self.filter(status=ExceptionStatus.PENDING)

    def in_force(self) -> Self:
        """Those that let somebody hold a pair now."""
        return self.filter(status=ExceptionStatus.APPROVED)

    def over(self) -> Self:
        """Those that were in force once."""
        return self.filter(status__in=(ExceptionStatus.ENDED, ExceptionStatus.REVOKED))

    def waiting_for(self, user: User) -> Self:
        """What this person is asked to decide, the most urgent first."""
        return self.pending().filter(approvers=user).order_by("decide_by", "pk")

    def of_the_pair(self) -> Self:
        """In a subquery of incompatibilities: those about the same two things, in either order."""
        same = Q(package=OuterRef("package"), other_package=OuterRef("other_package"))
        reverse = Q(package=OuterRef("other_package"), other_package=OuterRef("package"))
        return self.filter(same | reverse | Q(package=OuterRef("package"), group=OuterRef("group"))).order_by()

    def about(self, rule: "Incompatibility") -> Self:
        """Those about the two things that an incompatibility keeps apart, in either order."""
        same = Q(package=rule.package_id, other_package=rule.other_package_id, group=rule.group_id)
        reverse = Q(package=rule.other_package_id, other_package=rule.package_id)
        return self.filter(same | reverse if rule.other_package_id else same)

    def undecided_by(self, now: datetime) -> Self:
        """Those on which nobody decided in time."""
        return self.pending().filter(decide_by__lte=now).order_by("decide_by", "pk")

    def due_to_end(self, now: datetime) -> Self:
        """Those in force whose end has come."""
        return self.in_force().filter(ends_at__lte=now).order_by("ends_at", "pk")

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("person", "package", "other_package", "group", "asked_by", "decided_by")
