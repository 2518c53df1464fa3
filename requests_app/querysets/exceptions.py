"""Reads of exceptions to separation of duties."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef, Q

from catalog.models import AccessPackage
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything

from ..lifecycle import ExceptionStatus

if TYPE_CHECKING:
    from catalog.models import Incompatibility

    from ..models import SeparationException


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
