"""Reads of the definitions of reviews."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from catalog.models import Catalog, Resource
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from ..choices import Trigger

if TYPE_CHECKING:
    from ..models import Review


def defined_by(user: User, *, prefix: str = "") -> Q:
    """What this person may define a review of: what is in their catalogs, and the resources that they own."""
    catalogs = Catalog.objects.with_right(user, Right.PACKAGES).order_by().values("pk")
    resources = Resource.objects.owned_by(user).order_by().values("pk")
    ways = {
        "policy__package__catalog__in": catalogs,
        "package__catalog__in": catalogs,
        "catalog__in": catalogs,
        "resource__in": resources,
        "resource_role__resource__in": resources,
    }
    found = Q()
    for name, ids in ways.items():
        found |= Q(**{f"{prefix}{name}": ids})
    return found


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews."""

    def visible_to(self, user: User) -> Self:
        """Those of what one looks after; all of them for those who read everything."""
        if can_read_everything(user):
            return self.all()
        return self.filter(defined_by(user)) if user.is_active else self.none()

    def changeable_by(self, user: User) -> Self:
        """Those that this person may define; `permissions.can_define` is the same question about one."""
        if is_administrator(user):
            return self.all()
        return self.filter(defined_by(user)) if user.is_active else self.none()

    def enabled(self) -> Self:
        """Reviews that start campaigns."""
        return self.filter(is_enabled=True)

    def taking_in_everybody(self) -> Self:
        """Those that are to start, or under way, by the calendar, and leave out nobody of what they are about."""
        whole = self.filter(is_for_guests=False, is_for_privileged=False, inactive_days=None)
        return whole.enabled().filter(Q(next_at__isnull=False) | _has_one_running(), trigger=Trigger.SCHEDULE)

    def due(self, now: datetime) -> Self:
        """Enabled reviews whose next campaign should have started by now, the longest waiting first.

        Those that wait for the end of a campaign come last: however many they are, they hold up no other.
        """
        due = self.enabled().filter(next_at__lte=now).alias(is_held_up=_has_one_running())
        return due.order_by("is_held_up", "next_at", "pk")

    def with_names(self) -> Self:
        """With what they look at."""
        return self.select_related(
            "policy__package__catalog", "package__catalog", "catalog", "resource__system", "resource_role__resource",
            "person",
        )  # fmt: skip

    def with_stages(self) -> Self:
        """With their stages, and whom those name."""
        return self.prefetch_related(
            "stages__people", "stages__groups", "stages__fallback_people", "stages__fallback_groups"
        )


def _has_one_running() -> Exists:
    """Whether a campaign of a review is being started or answered."""
    from ..models import Campaign

    return Exists(Campaign.objects.running().filter(review=OuterRef("pk")).order_by())
