"""Reads of rollouts."""

from typing import TYPE_CHECKING, Self

from accessgov.outbox import WorkQuerySet, WorkStatus
from catalog.models import AccessPackage
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything

if TYPE_CHECKING:
    from .models import Rollout


class RolloutQuerySet(WorkQuerySet["Rollout"]):
    """Rollouts."""

    def visible_to(self, user: User) -> Self:
        """Those of the packages that this person looks after; those of systems to who reads everything."""
        if can_read_everything(user):
            return self
        packages = AccessPackage.objects.with_right(user, Right.ASSIGNMENTS)
        return self.filter(package__in=packages.order_by().values("pk"))

    def open(self) -> Self:
        """Those that are under way, or stuck."""
        return self.filter(status__in=(WorkStatus.PENDING, WorkStatus.STUCK))

    def with_names(self) -> Self:
        """With all that carrying and telling them needs."""
        return self.select_related("package__catalog", "system__connector", "role__resource__system", "actor")
