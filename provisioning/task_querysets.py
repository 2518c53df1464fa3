"""Reads of tasks that are done by hand."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models

from directory.models import Group, User
from directory.permissions import can_read_everything, is_administrator

from .lifecycle import TaskState

if TYPE_CHECKING:
    from .models import HandTask


class TaskQuerySet(models.QuerySet["HandTask"]):
    """Tasks."""

    def visible_to(self, user: User) -> Self:
        """The tasks of this person's teams, those of nested groups too; administrators and auditors see all."""
        return self.all() if can_read_everything(user) else self.of_teams_of(user)

    def doable_by(self, user: User) -> Self:
        """Tasks that this person may settle: as one of the team or administrator, never about themselves."""
        rows = self.all() if is_administrator(user) else self.of_teams_of(user)
        return rows.exclude(person=user.pk)

    def of_teams_of(self, user: User) -> Self:
        """The tasks of groups that this person belongs to, directly or through nested groups."""
        if not user.is_active:
            return self.none()
        return self.filter(team__in=Group.objects.enclosing(user.pk).values("pk"))

    def waiting_for(self, user: User) -> Self:
        """Open tasks of this person's teams that are not about themselves."""
        return self.of_teams_of(user).open().exclude(person=user.pk)

    def open(self) -> Self:
        """Tasks that are still to be done."""
        return self.filter(state=TaskState.OPEN)

    def overdue(self, now: datetime) -> Self:
        """Open tasks whose time is over."""
        return self.open().filter(due_at__lte=now)

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("person", "resource_role__resource", "connector__system", "team", "settled_by")
