"""What one person has to do with packages: has it, has asked for it, may ask for it, or why they cannot."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.choices import RequestorScope
from catalog.models import AccessPackage, Policy
from directory.models import User
from requests_app import conflicts
from requests_app.conditions import stages_needed_by
from requests_app.conflicts import Conflict
from requests_app.models import AccessRequest, Assignment

WHO_ELSE = {
    RequestorScope.SPECIFIC: gettext_lazy("Only named people and groups can ask for it."),
    RequestorScope.ALL_MEMBERS: gettext_lazy("Only members of the organisation can ask for it, not guests."),
    RequestorScope.ORGANISATIONS: gettext_lazy("Only people of named connected organisations can ask for it."),
    RequestorScope.ALL_CONFIGURED: gettext_lazy("Only people of configured connected organisations can ask for it."),
    RequestorScope.ALL_EXTERNAL: gettext_lazy("Only people from outside can ask for it."),
}
"""Whom a policy takes in that does not take somebody in; the first that fits is said."""


@dataclass(frozen=True)
class Standing:
    """One person's standing towards one package; `obstacle` says why they cannot ask, where something is against it."""

    assignment: Assignment | None
    access_request: AccessRequest | None
    policies: tuple[Any, ...]
    obstacle: str
    against: tuple[Conflict, ...] = ()
    """What they have, asked for or belong to that cannot be held together with it."""
    is_open_in_emergency: bool = False
    """Whether a policy lets them take it at once in an emergency."""

    @property
    def is_in_conflict(self) -> bool:
        """Whether something that they have or asked for stands against it."""
        return bool(self.against)

    @property
    def can_ask(self) -> bool:
        """Whether a request would be taken now."""
        is_free = self.assignment is None and self.access_request is None and not self.is_in_conflict
        return bool(self.policies) and is_free


def standings(packages: Iterable[AccessPackage], *, person: User, reader: User | None = None) -> dict[UUID, Standing]:
    """The person's standing towards each package, by four statements; packages come with their catalog and owner.

    What conflicts is said to the `reader`, who is the person themselves unless somebody else is named.
    """
    wanted = list(packages)
    ids = [package.pk for package in wanted]
    held = {row.package_id: row for row in Assignment.objects.live().filter(person=person, package__in=ids)}
    asked = {row.package_id: row for row in _open_requests(person, ids)}
    policies = _policies(person, ids)
    against = conflicts.of(person, packages=ids, with_requests=True)
    return {
        package.pk: Standing(
            assignment=held.get(package.pk),
            access_request=asked.get(package.pk),
            policies=_applying(package, policies=policies[package.pk], person=person),
            obstacle=obstacle(package, policies=policies[package.pk], person=person)
            or conflicts.in_words(against[package.pk], person=person, reader=reader or person),
            against=tuple(against[package.pk]),
            is_open_in_emergency=_in_emergency(package, policies=policies[package.pk], person=person),
        )
        for package in wanted
    }


def obstacle(package: AccessPackage, *, policies: list[Any], person: User) -> str:
    """Why this person cannot ask for the package, in words; empty where they can."""
    if closed := _closed(package, person=person):
        return closed
    if any(policy.applies for policy in policies):
        return ""
    scopes = {policy.scope for policy in policies}
    found = next((said for scope, said in WHO_ELSE.items() if scope in scopes), None)
    if found:
        return str(found)
    if RequestorScope.NOBODY in scopes:
        return _("Nobody asks for it: %(owner)s assigns it.") % {"owner": package.owner}
    return _("Nobody can ask for it at present: it has no policy that takes requests.")


def _closed(package: AccessPackage, *, person: User) -> str:
    if not package.is_enabled:
        return _("It is disabled: no requests are taken at present.")
    if not package.catalog.is_enabled:
        return _("Its catalog is disabled: no requests are taken at present.")
    if person.is_guest and not package.catalog.is_externally_visible:
        return _("Its catalog is not open to guests.")
    return ""


def _applying(package: AccessPackage, *, policies: list[Any], person: User) -> tuple[Any, ...]:
    return () if _closed(package, person=person) else tuple(policy for policy in policies if policy.applies)


def _in_emergency(package: AccessPackage, *, policies: list[Any], person: User) -> bool:
    return not _closed(package, person=person) and any(policy.is_for_emergency for policy in policies)


def _open_requests(person: User, package_ids: list[UUID]) -> Iterable[AccessRequest]:
    return AccessRequest.objects.open().adding().filter(person=person, package__in=package_ids)


def _policies(person: User, package_ids: list[UUID]) -> dict[UUID, list[Any]]:
    """Every enabled policy of the packages, with whether it `applies` to this person, `is_for_emergency` of theirs, and
    `needs_approval`."""
    rows = (
        Policy.objects.enabled()
        .filter(package__in=package_ids)
        .annotate(
            applies=Exists(Policy.objects.applicable(person).filter(pk=OuterRef("pk"))),
            is_for_emergency=Exists(Policy.objects.for_emergencies(person).filter(pk=OuterRef("pk"))),
            needs_approval=Exists(stages_needed_by(person).filter(policy=OuterRef("pk"))),
        )
        .order_by("tier", "name", "pk")
    )
    by_package: dict[UUID, list[Any]] = defaultdict(list)
    for policy in rows:
        by_package[policy.package_id].append(policy)
    return by_package
