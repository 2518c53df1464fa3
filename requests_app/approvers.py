"""Finds who is asked in a stage: never the parties, never somebody disabled, and never nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from catalog.choices import ApproverKind, ApproverUse
from catalog.models import AccessPackage, ApprovalStage
from directory.models import User


@dataclass(frozen=True)
class Found:
    """The people who are asked, and as what; `is_rerouted` where none of those that the policy names could be."""

    people: list[User]
    via: str
    is_rerouted: bool


def quorum(required: int | None, *, of: int) -> int:
    """How many approvals end a stage: as many as are asked for (None: all), where there are as many to give them."""
    return max(1, of if required is None else min(required, of))


def rules_of(stage: ApprovalStage) -> list[dict[str, Any]]:
    """The approvers of a stage as plain values, to be kept with a request."""
    return [
        {"use": approver.use, "kind": approver.kind, "id": str(approver.person_id or approver.group_id or "")}
        for approver in stage.approvers.all()
    ]


def find(
    rules: list[dict[str, Any]],
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
    ways: list[tuple[str, Callable[[], list[User]]]] = [
        (first, lambda: _named(rules, use=use, person=person)),
        (_("fallback approvers"), lambda: _named(rules, use=ApproverUse.FALLBACK, person=person)),
        (_("the package's owner"), lambda: [package.owner]),
        (_("the catalog's owners"), lambda: list(package.catalog.owners.all())),
        (_("administrators"), lambda: list(User.objects.administrators())),
    ]
    others = set(left_out)
    for position, (via, people) in enumerate(ways):
        found = {user.pk: user for user in people() if user.is_active and user.pk not in others}
        if found:
            return Found(people=list(found.values()), via=via, is_rerouted=position > 0)
    return Found(people=[], via=_("nobody"), is_rerouted=True)


def preview(stage: ApprovalStage, *, person: User, package: AccessPackage) -> Found:
    """Who would decide this stage if the person asked now, for themselves."""
    return find(rules_of(stage), person=person, package=package, left_out=[person.pk])


def _named(rules: list[dict[str, Any]], *, use: str, person: User) -> list[User]:
    mine = [rule for rule in rules if rule["use"] == use]
    people = [rule["id"] for rule in mine if rule["kind"] == ApproverKind.PERSON]
    groups = [rule["id"] for rule in mine if rule["kind"] == ApproverKind.GROUP]
    found: list[User] = []
    if any(rule["kind"] == ApproverKind.MANAGER for rule in mine) and person.manager:
        found.append(person.manager)
    if people:
        found.extend(User.objects.filter(pk__in=people))
    if groups:
        found.extend(User.objects.in_groups(groups))
    return found
