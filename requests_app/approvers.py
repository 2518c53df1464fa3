"""Finds who is asked in a stage: never the parties, never somebody disabled, and never nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from catalog.choices import ApproverKind, ApproverUse
from catalog.models import AccessPackage, ApprovalStage
from catalog.permissions import owners_of_resources
from directory.models import User

Rule = dict[str, Any]
"""One approver of a stage as a request keeps it: {use, kind, id, level}; level is of managers, id of who is named."""


@dataclass(frozen=True)
class Case:
    """Whose access is decided on, and to what."""

    person: User
    package: AccessPackage


@dataclass(frozen=True)
class Found:
    """The people who are asked, and as what; `is_rerouted` where none of those that the policy names could be."""

    people: list[User]
    via: str
    is_rerouted: bool


def quorum(required: int | None, *, of: int) -> int:
    """How many approvals end a stage: as many as are asked for (None: all), where there are as many to give them."""
    return max(1, of if required is None else min(required, of))


def rules_of(stage: ApprovalStage) -> list[Rule]:
    """The approvers of a stage as plain values, to be kept with a request."""
    return [
        {"use": one.use, "kind": one.kind, "id": str(one.person_id or one.group_id or ""), "level": one.level}
        for one in stage.approvers.all()
    ]


def find(
    rules: list[Rule],
    *,
    person: User,
    package: AccessPackage,
    left_out: Iterable[UUID | None],
    use: ApproverUse = ApproverUse.PRIMARY,
) -> Found:
    """Who decides for `person`: the primary approvers, else the fallbacks, the package's owner, the catalog's owners,
    and in the end the administrators (behaviour 2). Left out are the parties of the request (behaviour 3), and whoever
    decided already. With another `use`, those come in the place of the primary approvers.
    """
    first = _("alternates of the policy") if use == ApproverUse.ALTERNATE else _("approvers of the policy")
    case = Case(person=person, package=package)
    ways: list[tuple[str, Callable[[], Iterable[User]]]] = [
        (first, lambda: _named(rules, use=use, case=case)),
        (_("fallback approvers"), lambda: _named(rules, use=ApproverUse.FALLBACK, case=case)),
        (_("the package's owner"), lambda: _package_owners([], case)),
        (_("the catalog's owners"), lambda: _catalog_owners([], case)),
        (_("administrators"), User.objects.administrators),
    ]
    others = set(left_out)
    for position, (via, people) in enumerate(ways):
        found = {user.pk: user for user in people() if user.is_active and user.pk not in others}
        if found:
            return Found(people=list(found.values()), via=via, is_rerouted=position > 0)
    return Found(people=[], via=_("nobody"), is_rerouted=True)


def preview(stage: ApprovalStage, *, person: User, package: AccessPackage, asker: User | None = None) -> Found:
    """Who would decide this stage if the person asked now, or the asker for them."""
    left_out = [person.pk, asker.pk if asker else None]
    return find(rules_of(stage), person=person, package=package, left_out=left_out)


def _named(rules: list[Rule], *, use: str, case: Case) -> list[User]:
    """Everybody whom the rules of this use stand for, kind by kind."""
    mine = [rule for rule in rules if rule["use"] == use]
    of_kind = {kind: [rule for rule in mine if rule["kind"] == kind] for kind in FINDERS}
    return [user for kind, asked in of_kind.items() if asked for user in FINDERS[kind](asked, case)]


def _managers(rules: list[Rule], case: Case) -> Iterable[User]:
    """Those at the levels that the rules name, counted upwards from the person; further up costs a statement each."""
    levels = {rule.get("level", 1) for rule in rules}
    above: User | None = case.person
    for level in range(1, max(levels) + 1):
        above = above.manager if above else None
        if above and level in levels:
            yield above


def _people(rules: list[Rule], case: Case) -> Iterable[User]:
    return User.objects.filter(pk__in=[rule["id"] for rule in rules])


def _members(rules: list[Rule], case: Case) -> Iterable[User]:
    return User.objects.in_groups([rule["id"] for rule in rules])


def _sponsors(rules: list[Rule], case: Case) -> Iterable[User]:
    return case.person.sponsors.all()


def _internal_sponsors(rules: list[Rule], case: Case) -> Iterable[User]:
    organisation = case.person.organisation_id
    return User.objects.internal_sponsors_of(organisation) if organisation else []


def _external_sponsors(rules: list[Rule], case: Case) -> Iterable[User]:
    organisation = case.person.organisation_id
    return User.objects.external_sponsors_of(organisation) if organisation else []


def _package_owners(rules: list[Rule], case: Case) -> Iterable[User]:
    return [case.package.owner]


def _catalog_owners(rules: list[Rule], case: Case) -> Iterable[User]:
    return case.package.catalog.owners.all()


def _resource_owners(rules: list[Rule], case: Case) -> Iterable[User]:
    return owners_of_resources(case.package)


FINDERS: dict[str, Callable[[list[Rule], Case], Iterable[User]]] = {
    ApproverKind.MANAGER: _managers,
    ApproverKind.PERSON: _people,
    ApproverKind.GROUP: _members,
    ApproverKind.SPONSORS: _sponsors,
    ApproverKind.INTERNAL_SPONSORS: _internal_sponsors,
    ApproverKind.EXTERNAL_SPONSORS: _external_sponsors,
    ApproverKind.PACKAGE_OWNERS: _package_owners,
    ApproverKind.CATALOG_OWNERS: _catalog_owners,
    ApproverKind.RESOURCE_OWNERS: _resource_owners,
}
"""Whom each kind of approver stands for; of one kind all rules are looked up at once."""
