"""The people, packages and policies that tests speak of, read first.

Rita asks; Marco is her manager; Olga owns the packages; Ada administers; Charlie has no say in anything.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.choices import ApproverKind, DelegatedRole, DurationKind, RequestorScope, ResourceKind
from catalog.models import AccessPackage, Catalog, Policy, Resource, ResourceRole, RoleAssignment, TargetSystem
from directory.models import Group, User
from provisioning.models import Connector, ConnectorKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Cast:
    """Everybody and everything, made anew for each test that asks for `cast`."""

    rita: User
    marco: User
    olga: User
    ada: User
    charlie: User
    catalog: Catalog
    system: TargetSystem

    def role(self, name: str) -> tuple[Group, ResourceRole]:
        """A group of the built-in directory with its `member` role, in the catalog."""
        group = Group.objects.create(name=name)
        resource = Resource.objects.create(
            system=self.system, kind=ResourceKind.GROUP, origin_id=str(group.pk), name=name
        )
        self.catalog.resources.add(resource)
        return group, ResourceRole.objects.create(resource=resource, origin_id="member", name="Member")

    def package(self, name: str, *roles: ResourceRole) -> AccessPackage:
        """A package of Olga's with these roles, without a policy."""
        package = AccessPackage.objects.create(catalog=self.catalog, name=name, description=name, owner=self.olga)
        for role in roles:
            package.package_roles.create(resource_role=role)
        return package

    def policy(self, package: AccessPackage, *, approver: str | None = ApproverKind.MANAGER, **fields: Any) -> Policy:
        """For all members, 30 days, decided by the manager; without a stage where `approver` is None."""
        values = {"scope": RequestorScope.ALL_MEMBERS, "duration_kind": DurationKind.DAYS, "duration_amount": 30}
        policy = Policy.objects.create(package=package, **{"name": "Everybody", **values, **fields})
        if approver:
            policy.stages.create(position=1).approvers.create(kind=approver)
        return policy


def break_directory() -> None:
    """Whatever is asked of the cast's one target system fails from now on: at its address nobody answers."""
    Connector.objects.update(kind=ConnectorKind.SCIM, base_url="http://127.0.0.1:9/v2")


def mend_directory() -> None:
    """The target system is what it was, and nothing is held against it."""
    Connector.objects.update(kind=ConnectorKind.BUILTIN, base_url="", held_until=None, paused_at=None, failures=0)


def make_cast() -> Cast:
    """Create the cast in the database."""

    def person(name: str, **fields: Any) -> User:
        return User.objects.create(
            username=name.lower(), email=f"{name.lower()}@example.com", display_name=name, **fields
        )

    marco = person("Marco")
    system = TargetSystem.objects.create(name="Directory", slug="directory")
    Connector.objects.create(system=system, kind=ConnectorKind.BUILTIN)
    return Cast(
        rita=person("Rita", manager=marco),
        marco=marco,
        olga=person("Olga"),
        ada=person("Ada", is_superuser=True, is_staff=True),
        charlie=person("Charlie"),
        catalog=Catalog.objects.create(name="Sales", description="What the sales department works with"),
        system=system,
    )


def appoint(catalog: Catalog | None, *holders: User | Group, role: str = DelegatedRole.CATALOG_OWNER) -> None:
    """Give these people and groups a role in the catalog, or (None) everywhere: its owners, unless said otherwise."""
    for holder in holders:
        whom = {"group": holder} if isinstance(holder, Group) else {"person": holder}
        RoleAssignment.objects.create(role=role, catalog=catalog, **whom)
