"""Who may look after catalogs and packages: one pure question each, all answered from the table in roles.py.

Each has its other way round among the querysets: `Catalog.objects.with_right(user, right)` and the same of packages.
`None` as the actor of an action is the system itself and never comes here.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from directory.models import GroupClosure, User
from directory.permissions import can_read_everything, is_administrator
from directory.querysets import UserQuerySet

from .choices import DelegatedRole
from .models import AccessPackage, Catalog, Resource, RoleAssignment
from .roles import EVERYWHERE, RIGHTS, Right


@dataclass(frozen=True)
class Reach:
    """Everything that a person's roles let them do: which right, in which catalogs (None among them: everywhere)."""

    is_everything: bool
    catalogs: dict[Right, set[UUID | None]] = field(default_factory=dict)

    def has(self, right: Right, *catalogs: UUID | None) -> bool:
        """Whether they have the right in all of these catalogs; without a catalog, in any at all."""
        held = self.catalogs.get(right, set())
        return self.is_everything or (held.issuperset(catalogs) if catalogs else bool(held))


def reach_of(user: User) -> Reach:
    """What a person's roles let them do anywhere, by one statement; for pages that ask about many rows at once."""
    if is_administrator(user) or not user.is_active:
        return Reach(is_everything=is_administrator(user))
    catalogs: dict[Right, set[UUID | None]] = {}
    for role, catalog_id in RoleAssignment.objects.of(user.pk).values_list("role", "catalog_id"):
        for right in RIGHTS[DelegatedRole(role)]:
            catalogs.setdefault(right, set()).add(catalog_id)
    return Reach(is_everything=False, catalogs=catalogs)


def has_right(user: User, right: Right, catalog: Catalog | None = None) -> bool:
    """Whether a role gives this person the right, in this catalog or (None) everywhere; administrators have all."""
    if is_administrator(user):
        return True
    return user.is_active and RoleAssignment.objects.of(user.pk).giving(right).filter(catalog=catalog).exists()


def is_delegated() -> Exists:
    """Whether a person of the outer statement has any delegated role: known as `has_delegated_role` where asked for."""
    enclosing = GroupClosure.objects.filter(descendant__memberships__person=OuterRef(OuterRef("pk")))
    return Exists(
        RoleAssignment.objects.filter(Q(person=OuterRef("pk")) | Q(group__in=enclosing.values("ancestor"))).order_by()
    )


def can_administer(user: User) -> bool:
    """Whether the administration has anything for this person; no statement for whoever signed in to a page."""
    if is_administrator(user) or not user.is_active:
        return is_administrator(user)
    known: bool | None = getattr(user, "has_delegated_role", None)
    return RoleAssignment.objects.of(user.pk).exists() if known is None else known


def can_see_governance(user: User) -> bool:
    """Who may see findings and who has which role, of what is theirs: delegates; auditors and administrators of all."""
    return can_read_everything(user) or can_administer(user)


def can_create_catalogs(user: User) -> bool:
    """Administrators and catalog creators."""
    return has_right(user, Right.CREATE_CATALOGS)


def holds_organisations_role(user: User) -> bool:
    """Whether a role lets this person look after connected organisations; asked by the directory, which knows none."""
    return RoleAssignment.objects.of(user.pk).giving(Right.ORGANISATIONS).exists()


def can_manage_catalog(user: User, catalog: Catalog) -> bool:
    """Who may change the catalog itself, what it holds, and who has which role in it: its owners, administrators."""
    return has_right(user, Right.OWN, catalog)


def can_manage_packages(user: User, catalog: Catalog) -> bool:
    """Who may change the catalog's packages with their policies: its owners and package managers, administrators."""
    return has_right(user, Right.PACKAGES, catalog)


def can_manage_assignments(user: User, package: AccessPackage) -> bool:
    """Who may assign this package directly and take it away: its owner, and whoever has that right in the catalog."""
    return (user.is_active and package.owner_id == user.pk) or has_right(user, Right.ASSIGNMENTS, package.catalog)


def can_appoint(user: User, role: DelegatedRole, catalog: Catalog | None) -> bool:
    """Who may give this role and take it away: administrators, and owners within their catalog. So nobody raises
    themselves: whoever may appoint has every right already that the roles of the catalog carry.
    """
    if role in EVERYWHERE or catalog is None:
        return is_administrator(user)
    return can_manage_catalog(user, catalog)


def can_place_resource(user: User, resource: Resource, catalog: Catalog) -> bool:
    """Who may put the resource into the catalog and take it out: administrators, and whoever owns both.

    Once it is inside, everybody who manages packages there may use it: owning the resource is what guards that.
    """
    if is_administrator(user):
        return True
    return can_manage_catalog(user, catalog) and Resource.objects.owned_by(user).filter(pk=resource.pk).exists()


def owners_of_resources(package: AccessPackage) -> UserQuerySet:
    """Enabled people who own a resource that the package gives, themselves or through a group, by one statement."""
    resources = Resource.objects.filter(roles__package_roles__package=package)
    groups = Resource.owner_groups.through.objects.filter(resource_id__in=resources.values("pk")).values("group_id")
    themselves = Resource.owners.through.objects.filter(resource_id__in=resources.values("pk")).values("user_id")
    through_groups = User.objects.in_groups(groups)
    return User.objects.enabled().filter(Q(pk__in=themselves) | Q(pk__in=through_groups.values("pk")))
