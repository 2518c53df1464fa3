"""Reads of catalogs, packages and policies: what a person may see, and what they may ask for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from directory.models import ConnectedOrganisation, Group, User
from directory.permissions import can_read_everything, is_administrator
from directory.querysets import UserQuerySet

from .choices import MEMBERS_SEE, RequestorScope
from .roles import Right, roles_with

OWNERS_RIGHTS = (Right.READ, Right.ASSIGNMENTS)
"""What the owner of a package may do with that one package, whatever roles they have."""

if TYPE_CHECKING:
    from .models import AccessPackage, Catalog, Incompatibility, Policy, Resource, ResourceRole, RoleAssignment


class CatalogQuerySet(models.QuerySet["Catalog"]):
    """Catalogs."""

    def enabled_for(self, user: User) -> Self:
        """Enabled catalogs; for guests, those that are also enabled for guests."""
        enabled = self.filter(is_enabled=True)
        return enabled.filter(is_externally_visible=True) if user.is_guest else enabled

    def visible_to(self, user: User) -> Self:
        """Catalogs that are enabled for this person, or in which they have a role; auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        enabled = self.model._default_manager.enabled_for(user).values("pk")
        return self.filter(Q(pk__in=enabled) | Q(pk__in=_catalogs_with(user, Right.READ)))

    def with_right(self, user: User, right: Right) -> Self:
        """Catalogs in which this person has the right, by a role of their own or of a group; administrators in all.

        Auditors may read every catalog.
        """
        if is_administrator(user) or (right is Right.READ and can_read_everything(user)):
            return self.all()
        return self.filter(pk__in=_catalogs_with(user, right)) if user.is_active else self.none()


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    """Who has which delegated role."""

    def of(self, person_id: Any) -> Self:
        """Roles that this person has, themselves or through a group, nested ones too."""
        return self.filter(Q(person=person_id) | Q(group__in=Group.objects.enclosing(person_id).values("pk")))

    def giving(self, right: Right) -> Self:
        """Roles that carry this right."""
        return self.filter(role__in=roles_with(right))

    def holders(self) -> UserQuerySet:
        """The people who have one of these roles, themselves or through a group."""
        groups = User.objects.in_groups(self.filter(person=None).values("group"))
        return User.objects.filter(Q(pk__in=self.filter(group=None).values("person")) | Q(pk__in=groups.values("pk")))

    def visible_to(self, user: User) -> Self:
        """Administrators and auditors see all; others their own, and all in the catalogs that they may read."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        own = self.model._default_manager.of(user.pk).values("pk")
        return self.filter(Q(pk__in=own) | Q(catalog__in=_catalogs_with(user, Right.READ)))

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("catalog", "person", "group")


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Resources."""

    def owned_by(self, user: User) -> Self:
        """Resources that this person owns, themselves or through a group, nested ones too."""
        through_groups = self.model.owner_groups.through.objects.filter(
            group_id__in=Group.objects.enclosing(user.pk).values("pk")
        )
        themselves = self.model.owners.through.objects.filter(user_id=user.pk)
        return self.filter(Q(pk__in=themselves.values("resource_id")) | Q(pk__in=through_groups.values("resource_id")))

    def reached_by(self, user: User) -> Self:
        """Resources in catalogs that this person may read, and those that they own; auditors see all."""
        if can_read_everything(user):
            return self.all()
        from .models import Catalog

        held = Catalog.resources.through.objects.filter(catalog__in=_catalogs_with(user, Right.READ))
        owned = self.model._default_manager.owned_by(user).values("pk")
        return self.filter(Q(pk__in=held.values("resource")) | Q(pk__in=owned))


class ResourceRoleQuerySet(models.QuerySet["ResourceRole"]):
    """Resource roles."""

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("resource__system")


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Policies."""

    def enabled(self) -> Self:
        """Policies under which requests are taken."""
        return self.filter(is_enabled=True)

    def assignable(self) -> Self:
        """Policies under which packages are assigned directly: all but those for emergencies."""
        return self.enabled().exclude(scope=RequestorScope.EMERGENCY)

    def matching(self, user: User) -> Self:
        """Enabled policies, of whatever tier, whose scope takes this person in; nested groups count."""
        reach = Q(scope=RequestorScope.EVERYONE) | (Q(scope=RequestorScope.SPECIFIC) & self._naming(user))
        reach |= self._from_outside(user) if user.is_guest else Q(scope=RequestorScope.ALL_MEMBERS)
        return self.enabled().filter(reach)

    def for_emergencies(self, user: User) -> Self:
        """Enabled policies under which this person may take access in an emergency; no request is made under them."""
        return self.enabled().filter(self._naming(user), scope=RequestorScope.EMERGENCY)

    def _naming(self, user: User) -> Q:
        """The policies that name this person, or a group to which they belong, nested ones too."""
        people, groups = self.model.people.through.objects, self.model.groups.through.objects
        enclosing = Group.objects.enclosing(user.pk).values("pk")
        return Q(pk__in=people.filter(user_id=user.pk).values("policy_id")) | Q(
            pk__in=groups.filter(group_id__in=enclosing).values("policy_id")
        )

    def _from_outside(self, guest: User) -> Q:
        """The scopes for people from outside that take this guest in; a proposed organisation counts where it is named
        (corner 37)."""
        its_policies = self.model.organisations.through.objects.filter(connectedorganisation__people=guest.pk)
        is_configured = ConnectedOrganisation.objects.configured().filter(people=guest.pk)
        return (
            Q(scope=RequestorScope.ALL_EXTERNAL)
            | (Q(scope=RequestorScope.ALL_CONFIGURED) & Q(Exists(is_configured)))
            | (Q(scope=RequestorScope.ORGANISATIONS) & Q(pk__in=its_policies.values("policy_id")))
        )

    def applicable(self, user: User) -> Self:
        """Of each package's matching policies those of the most specific tier: what the person may choose from."""
        best = self.model._default_manager.matching(user).filter(package=OuterRef("package")).order_by("tier")
        return self.matching(user).filter(tier=Subquery(best.values("tier")[:1])).order_by("tier", "name", "pk")

    def open_to_managers(self) -> Self:
        """Policies under which managers may ask for those who report to them."""
        return self.filter(is_on_behalf_allowed=True)

    def complete(self) -> Self:
        """With stages, approvers and questions, and with `has_callouts`: whether it calls custom extensions."""
        from .models import PolicyCallout

        calls = Exists(PolicyCallout.objects.filter(policy=OuterRef("pk")).order_by())
        with_rows = self.prefetch_related(
            "stages__approvers__person", "stages__approvers__group", "questions__attribute"
        )
        return with_rows.select_related("package__catalog", "package__owner").annotate(has_callouts=calls)


class IncompatibilityQuerySet(models.QuerySet["Incompatibility"]):
    """Incompatibilities."""

    def with_names(self) -> Self:
        """With all that is needed to say them in words."""
        return self.select_related("package", "other_package", "group")


class PackageQuerySet(models.QuerySet["AccessPackage"]):
    """Access packages."""

    def open_to_requests(self, user: User) -> Self:
        """Enabled packages in catalogs that are enabled for this person."""
        return self.filter(_is_open_to(user))

    def requestable_by(self, user: User) -> Self:
        """Packages that this person may ask for: some enabled policy takes them in. Hidden ones too."""
        from .models import Policy

        return self.open_to_requests(user).filter(Exists(Policy.objects.matching(user).filter(package=OuterRef("pk"))))

    def requestable_for(self, person: User) -> Self:
        """Packages that their manager may ask for in this person's place. Hidden ones too."""
        from .models import Policy

        theirs = Policy.objects.applicable(person).open_to_managers().filter(package=OuterRef("pk"))
        return self.open_to_requests(person).filter(Exists(theirs))

    def with_managers_say(self) -> Self:
        """With `is_open_to_managers`, by the same statement: whether some policy lets managers ask for reports."""
        from .models import Policy

        policies = Policy.objects.enabled().open_to_managers().filter(package=OuterRef("pk"))
        return self.annotate(is_open_to_managers=Exists(policies))

    def visible_to(self, user: User) -> Self:
        """Packages whose page this person may open.

        Members see what is meant for any of them to ask for, also where they are not among those named (behaviour 11,
        the original since October 2025); guests see only what they may ask for. Whoever may take one in an emergency
        sees it. Owners, administrators and auditors see what they look after.
        """
        from .models import Policy

        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        askable = Policy.objects.enabled().filter(scope__in=MEMBERS_SEE)
        policies = Policy.objects.matching(user) if user.is_guest else askable
        policies |= Policy.objects.for_emergencies(user)
        shown = _is_open_to(user) & Q(Exists(policies.filter(package=OuterRef("pk"))))
        return self.filter(shown | _is_looked_after_by(user))

    def browsable_by(self, user: User) -> Self:
        """Visible packages that are not hidden."""
        return self.visible_to(user).filter(is_hidden=False)

    def looked_after_by(self, user: User) -> Self:
        """Packages that this person owns, themselves or through their catalog."""
        return self.filter(_is_looked_after_by(user))

    def with_right(self, user: User, right: Right) -> Self:
        """Packages of catalogs in which this person has the right; its owner reads and assigns a package anyway."""
        if is_administrator(user) or (right is Right.READ and can_read_everything(user)):
            return self.all()
        if not user.is_active:
            return self.none()
        theirs = Q(catalog__in=_catalogs_with(user, right))
        return self.filter(theirs | Q(owner=user) if right in OWNERS_RIGHTS else theirs)

    def privileged(self) -> Self:
        """Packages that give a privileged resource; `.with_privilege()` says it of each instead of narrowing down."""
        return self.filter(_gives_privilege())

    def with_privilege(self) -> Self:
        """With `is_privileged`, by the same statement."""
        return self.annotate(is_privileged=_gives_privilege())

    def search(self, words: str) -> Self:
        """Packages in whose name, description, catalog or roles every word is found."""
        from .models import PackageRole

        found = self
        for word in words.split()[:8]:
            in_role = PackageRole.objects.filter(
                Q(resource_role__name__icontains=word) | Q(resource_role__resource__name__icontains=word)
            ).values("package_id")
            found = found.filter(
                Q(name__icontains=word)
                | Q(description__icontains=word)
                | Q(catalog__name__icontains=word)
                | Q(pk__in=in_role)
            )
        return found

    def with_contents(self) -> Self:
        """With catalog, owner and roles, for cards and pages."""
        return self.select_related("catalog", "owner").prefetch_related(
            models.Prefetch("package_roles", queryset=_package_roles())
        )


def _gives_privilege() -> Exists:
    from .models import PackageRole

    return Exists(PackageRole.objects.filter(package=OuterRef("pk"), resource_role__resource__is_privileged=True))


def _is_open_to(user: User) -> Q:
    """By a join, not by a list of catalogs: so the first page of a long list walks the index of names."""
    is_open = Q(is_enabled=True, catalog__is_enabled=True)
    return is_open & Q(catalog__is_externally_visible=True) if user.is_guest else is_open


def _is_looked_after_by(user: User) -> Q:
    """Owned, or in a catalog in which the person may see what it holds; readers too."""
    return Q(owner=user) | Q(catalog__in=_catalogs_with(user, Right.READ))


def _catalogs_with(user: User, right: Right) -> Any:
    """The ids of the catalogs in which a role gives this person the right: one subquery, the same for every row."""
    from .models import RoleAssignment

    return RoleAssignment.objects.of(user.pk).giving(right).exclude(catalog=None).values("catalog")


def packages_called(text: str) -> list[UUID]:
    """The ids of up to 51 packages whose name contains the text: for the journal's filter, which imports no app."""
    from .models import AccessPackage

    return list(AccessPackage.objects.filter(name__icontains=text).values_list("pk", flat=True)[:51])


def _package_roles() -> "models.QuerySet[Any]":
    from .models import PackageRole

    return PackageRole.objects.select_related("resource_role__resource__system").order_by(
        F("resource_role__resource__system__name"), "resource_role__resource__name", "resource_role__name"
    )
