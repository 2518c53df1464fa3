"""Reads of catalogs, packages and policies: what a person may see, and what they may ask for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from directory.models import Group, User
from directory.permissions import can_read_everything

from .choices import RequestorScope

if TYPE_CHECKING:
    from .models import AccessPackage, Catalog, Incompatibility, Policy, ResourceRole


class CatalogQuerySet(models.QuerySet["Catalog"]):
    """Catalogs."""

    def enabled_for(self, user: User) -> Self:
        """Enabled catalogs; for guests, those that are also enabled for guests."""
        enabled = self.filter(is_enabled=True)
        return enabled.filter(is_externally_visible=True) if user.is_guest else enabled

    def visible_to(self, user: User) -> Self:
        """Catalogs that are enabled for this person or owned by them; administrators and auditors see all."""
        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        owned = self.model._default_manager.filter(owners=user)
        return self.filter(Q(pk__in=self.model._default_manager.enabled_for(user).values("pk")) | Q(pk__in=owned))


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

    def matching(self, user: User) -> Self:
        """Enabled policies, of whatever tier, whose scope takes this person in; nested groups count."""
        named = Q(pk__in=self.model.people.through.objects.filter(user_id=user.pk).values("policy_id")) | Q(
            pk__in=self.model.groups.through.objects.filter(
                group_id__in=Group.objects.enclosing(user.pk).values("pk")
            ).values("policy_id")
        )
        reach = Q(scope=RequestorScope.EVERYONE) | (Q(scope=RequestorScope.SPECIFIC) & named)
        if not user.is_guest:
            reach |= Q(scope=RequestorScope.ALL_MEMBERS)
        return self.enabled().filter(reach)

    def applicable(self, user: User) -> Self:
        """Of each package's matching policies those of the most specific tier: what the person may choose from."""
        best = self.model._default_manager.matching(user).filter(package=OuterRef("package")).order_by("tier")
        return self.matching(user).filter(tier=Subquery(best.values("tier")[:1])).order_by("tier", "name", "pk")

    def complete(self) -> Self:
        """With stages, approvers and questions."""
        return self.prefetch_related(
            "stages__approvers__person", "stages__approvers__group", "questions"
        ).select_related("package__catalog", "package__owner")


class IncompatibilityQuerySet(models.QuerySet["Incompatibility"]):
    """Incompatibilities."""

    def about(self, package_ids: Iterable[UUID]) -> Self:
        """Those that can keep somebody from getting one of these packages: their own, and mutual ones of others."""
        ids = list(package_ids)
        return self.filter(Q(package__in=ids) | Q(other_package__in=ids, is_mutual=True))

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

    def visible_to(self, user: User) -> Self:
        """Packages whose page this person may open.

        Members see what is meant for anybody to ask for, also where they are not among those named (the original
        does so since October 2025); guests see only what they may ask for. Owners, administrators and auditors see
        what they look after.
        """
        from .models import Policy

        if can_read_everything(user):
            return self.all()
        if not user.is_active:
            return self.none()
        askable = Policy.objects.enabled().exclude(scope=RequestorScope.NOBODY)
        policies = Policy.objects.matching(user) if user.is_guest else askable
        shown = _is_open_to(user) & Q(Exists(policies.filter(package=OuterRef("pk"))))
        return self.filter(shown | _is_looked_after_by(user))

    def browsable_by(self, user: User) -> Self:
        """Visible packages that are not hidden."""
        return self.visible_to(user).filter(is_hidden=False)

    def looked_after_by(self, user: User) -> Self:
        """Packages that this person owns, themselves or through their catalog."""
        return self.filter(_is_looked_after_by(user))

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


def _is_open_to(user: User) -> Q:
    """By a join, not by a list of catalogs: so the first page of a long list walks the index of names."""
    is_open = Q(is_enabled=True, catalog__is_enabled=True)
    return is_open & Q(catalog__is_externally_visible=True) if user.is_guest else is_open


def _is_looked_after_by(user: User) -> Q:
    from .models import Catalog

    owned = Catalog.owners.through.objects.filter(user_id=user.pk, catalog_id=OuterRef("catalog_id"))
    return Q(owner=user) | Q(Exists(owned))


def packages_called(text: str) -> list[UUID]:
    """The ids of up to 51 packages whose name contains the text: for the journal's filter, which imports no app."""
    from .models import AccessPackage

    return list(AccessPackage.objects.filter(name__icontains=text).values_list("pk", flat=True)[:51])


def _package_roles() -> "models.QuerySet[Any]":
    from .models import PackageRole

    return PackageRole.objects.select_related("resource_role__resource__system").order_by(
        F("resource_role__resource__system__name"), "resource_role__resource__name", "resource_role__name"
    )
