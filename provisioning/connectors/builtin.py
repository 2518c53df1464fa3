"""The connector of the built-in directory: members and owners of our own groups."""

from collections.abc import Iterator
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from catalog.choices import ResourceKind
from directory import actions
from directory.models import Group, User

from .base import (
    Capability,
    Connector,
    ConnectorError,
    Entitlement,
    FoundResource,
    FoundRole,
    GoneError,
    Holder,
    Progress,
)

MEMBER, OWNER = "member", "owner"
PAGE = 1000


class BuiltinDirectory(Connector):
    """A resource is a group of ours, its id the group's; its roles are `member` and `owner`."""

    capabilities = frozenset({Capability.READ_BACK, Capability.HOLDERS, Capability.DISCOVER})
    secret_label = ""  # nosec B105 - it asks for none

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Direct membership or ownership; what comes through nested groups is not ours to take away."""
        group = self._group(entitlement)
        if entitlement.role_id == OWNER:
            return group.owners.filter(pk=person.pk).exists()
        return group.memberships.filter(person=person).exists()

    def grant(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Add the member or owner."""
        add = actions.add_owner if entitlement.role_id == OWNER else actions.add_member
        try:
            add(group=self._group(entitlement), person=person, actor=None, now=self.clock())
        except PermissionDenied as refusal:
            raise ConnectorError(str(refusal), is_final=True) from refusal
        return Progress.DONE

    def revoke(self, person: User, entitlement: Entitlement, *, key: str) -> Progress:
        """Remove the member or owner."""
        remove = actions.remove_owner if entitlement.role_id == OWNER else actions.remove_member
        remove(group=self._group(entitlement), person=person, actor=None, now=self.clock())
        return Progress.DONE

    def holders(self, entitlement: Entitlement) -> Iterator[Holder]:
        """Direct members or owners; what comes through nested groups belongs to those groups."""
        group = self._group(entitlement)
        people = User.objects.filter(
            **({"owned_groups": group} if entitlement.role_id == OWNER else {"memberships__group": group})
        )
        for pk, name in people.order_by("pk").values_list("pk", "username").iterator(chunk_size=PAGE):
            yield Holder(account_id=str(pk), name=name)

    def discover(self) -> Iterator[FoundResource]:
        """Every group, with its two roles."""
        roles = (FoundRole(MEMBER, _("Member")), FoundRole(OWNER, _("Owner")))
        for pk, name, description in (
            Group.objects.order_by("pk").values_list("pk", "name", "description").iterator(chunk_size=PAGE)
        ):
            yield FoundResource(str(pk), ResourceKind.GROUP, name, description, roles)

    def check(self) -> str:
        """The directory is in our own database."""
        return _("%(count)d groups") % {"count": Group.objects.count()}

    def _group(self, entitlement: Entitlement) -> Group:
        try:
            return Group.objects.get(pk=UUID(entitlement.resource_id))
        except (Group.DoesNotExist, ValueError, ValidationError):
            raise GoneError(
                _("The group behind %(name)s is not in the directory any more.") % {"name": entitlement.name},
            ) from None
