"""The connector of the built-in directory: members and owners of our own groups."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from directory import actions
from directory.models import Group, User

from ..models import Connector as ConnectorRow
from .base import Clock, ConnectorError, Entitlement

OWNER = "owner"


class BuiltinDirectory:
    """A resource is a group of ours, its id the group's; its roles are `member` and `owner`."""

    def __init__(self, row: ConnectorRow, *, clock: Clock = timezone.now) -> None:
        self.row = row
        self.clock = clock

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Direct membership or ownership; what comes through nested groups is not ours to take away."""
        group = self._group(entitlement)
        if entitlement.role_id == OWNER:
            return group.owners.filter(pk=person.pk).exists()
        return group.memberships.filter(person=person).exists()

    def grant(self, person: User, entitlement: Entitlement) -> None:
        """Add the member or owner."""
        add = actions.add_owner if entitlement.role_id == OWNER else actions.add_member
        add(group=self._group(entitlement), person=person, actor=None, now=self.clock())

    def revoke(self, person: User, entitlement: Entitlement) -> None:
        """Remove the member or owner."""
        remove = actions.remove_owner if entitlement.role_id == OWNER else actions.remove_member
        remove(group=self._group(entitlement), person=person, actor=None, now=self.clock())

    def check(self) -> str:
        """The directory is in our own database."""
        return _("%(count)d groups") % {"count": Group.objects.count()}

    def _group(self, entitlement: Entitlement) -> Group:
        try:
            return Group.objects.get(pk=UUID(entitlement.resource_id))
        except (Group.DoesNotExist, ValueError, ValidationError):
            raise ConnectorError(
                _("The group behind %(name)s is not in the directory any more.") % {"name": entitlement.name}
            ) from None
