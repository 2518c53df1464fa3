"""Reads of delegations."""

from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from directory.models import User
from directory.permissions import can_read_everything

if TYPE_CHECKING:
    from ..models import Delegation


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
