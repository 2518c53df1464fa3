"""Reads of people and groups."""

from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.models import UserManager
from django.db import models

if TYPE_CHECKING:
    from .models import Group, User


class UserQuerySet(models.QuerySet["User"]):
    """People."""

    def enabled(self) -> Self:
        """People who may sign in and decide."""
        return self.filter(is_active=True)

    def administrators(self) -> Self:
        """Enabled administrators of the whole installation."""
        return self.enabled().filter(is_superuser=True)

    def in_groups(self, group_ids: Any) -> Self:
        """People who belong to any of these groups, directly or through nested groups."""
        from .models import Membership

        return self.filter(pk__in=Membership.objects.effective_in(group_ids).values("person"))

    def reports_of(self, manager: "User") -> Self:
        """Enabled people whose manager this person is."""
        return self.enabled().filter(manager=manager)


class PersonManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Django's user manager with the directory's reads."""


class GroupQuerySet(models.QuerySet["Group"]):
    """Groups."""

    def enclosing(self, person_id: UUID) -> Self:
        """Groups that this person belongs to, directly or through nested groups: one subquery on the closure."""
        from .models import GroupClosure

        return self.filter(
            pk__in=GroupClosure.objects.filter(descendant__memberships__person=person_id).values("ancestor")
        )


class MembershipQuerySet(models.QuerySet[Any]):
    """Memberships."""

    def effective_in(self, group_ids: Any) -> Self:
        """Direct memberships of these groups and of everything nested in them."""
        from .models import GroupClosure

        return self.filter(group__in=GroupClosure.objects.filter(ancestor__in=group_ids).values("descendant"))
