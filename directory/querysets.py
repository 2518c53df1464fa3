"""Reads of people and groups."""

from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.models import UserManager
from django.db import models

if TYPE_CHECKING:
    from .models import ConnectedOrganisation, Group, User


class UserQuerySet(models.QuerySet["User"]):
    """People."""

    def enabled(self) -> Self:
        """People who may sign in and decide."""
        return self.filter(is_active=True)

    def administrators(self) -> Self:
        """Enabled administrators of the whole installation, also by a group."""
        return self.enabled().filter(models.Q(is_superuser=True) | models.Q(_by_group("makes_administrators")))

    def with_administrators(self) -> Self:
        """With whether each is an administrator, enabled or not, as `is_administrator`."""
        is_one = models.Q(is_superuser=True) | models.Q(_by_group("makes_administrators"))
        return self.annotate(is_administrator=models.ExpressionWrapper(is_one, output_field=models.BooleanField()))

    def with_group_rights(self) -> Self:
        """With what their groups make of them, so that nobody asks for it again: the record's properties of that name.

        Whoever signs in is loaded so, which makes it cost no statement on any page, and count from the next one on.
        """
        return self.annotate(
            administers_by_group=_by_group("makes_administrators"), audits_by_group=_by_group("makes_auditors")
        )

    def in_groups(self, group_ids: Any) -> Self:
        """People who belong to any of these groups, directly or through nested groups."""
        from .models import Membership

        return self.filter(pk__in=Membership.objects.effective_in(group_ids).values("person"))

    def reports_of(self, manager: "User") -> Self:
        """Enabled people whose manager this person is."""
        return self.enabled().filter(manager=manager)

    def internal_sponsors_of(self, organisation_id: UUID) -> Self:
        """Whoever answers for the people of this connected organisation on our side."""
        from .models import ConnectedOrganisation

        return self._named_or_in_groups(
            ConnectedOrganisation.internal_sponsors.through.objects.filter(connectedorganisation=organisation_id),
            ConnectedOrganisation.internal_sponsor_groups.through.objects.filter(connectedorganisation=organisation_id),
        )

    def external_sponsors_of(self, organisation_id: UUID) -> Self:
        """Whoever answers for the people of this connected organisation on their side."""
        from .models import ConnectedOrganisation

        return self._named_or_in_groups(
            ConnectedOrganisation.external_sponsors.through.objects.filter(connectedorganisation=organisation_id),
            ConnectedOrganisation.external_sponsor_groups.through.objects.filter(connectedorganisation=organisation_id),
        )

    def _named_or_in_groups(self, people: Any, groups: Any) -> Self:
        from .models import Membership

        members = Membership.objects.effective_in(groups.values("group"))
        return self.filter(models.Q(pk__in=people.values("user")) | models.Q(pk__in=members.values("person")))


def _by_group(right: str) -> models.Exists:
    """Whether a person of the outer statement belongs to a group that gives this, directly or through nested groups."""
    from .models import GroupClosure

    links = GroupClosure.objects.filter(**{f"ancestor__{right}": True})
    return models.Exists(links.filter(descendant__memberships__person=models.OuterRef("pk")).order_by())


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

    def giving_rights(self) -> Self:
        """Groups that make administrators or auditors of whoever is in them, also by a group around them."""
        from .models import GroupClosure

        gives = models.Q(ancestor__makes_administrators=True) | models.Q(ancestor__makes_auditors=True)
        return self.filter(pk__in=GroupClosure.objects.filter(gives).values("descendant"))


class MembershipQuerySet(models.QuerySet[Any]):
    """Memberships."""

    def effective_in(self, group_ids: Any) -> Self:
        """Direct memberships of these groups and of everything nested in them."""
        from .models import GroupClosure

        return self.filter(group__in=GroupClosure.objects.filter(ancestor__in=group_ids).values("descendant"))


class OrganisationQuerySet(models.QuerySet["ConnectedOrganisation"]):
    """Connected organisations."""

    def visible_to(self, user: "User") -> Self:
        """Everything for those who read or change it, for others nothing: who works with whom is nobody's business."""
        from .permissions import can_read_organisations

        return self.all() if can_read_organisations(user) else self.none()

    def configured(self) -> Self:
        """Those that an administrator vouches for."""
        from .models import OrganisationState

        return self.filter(state=OrganisationState.CONFIGURED)

    def with_domains(self) -> Self:
        """With their mail domains."""
        return self.prefetch_related("domains")

    def with_sponsors(self) -> Self:
        """With everybody and every group that answers for their people."""
        return self.prefetch_related(
            "internal_sponsors", "internal_sponsor_groups", "external_sponsors", "external_sponsor_groups"
        )
