"""Separation of duties (behaviour 9): what keeps a person from a package, said to whoever reads it.

What a person may hold together by an exception (docs/adr/0008) is no conflict while the exception is in force.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from catalog.models import AccessPackage, Incompatibility
from catalog.roles import Right
from directory.models import Group, User

from .lifecycle import AssignmentStatus
from .models import AccessRequest, Assignment, SeparationException

INCOMPATIBLE = "incompatible"
"""The code of the refusal."""


@dataclass(frozen=True)
class Conflict:
    """One thing that a person has, has asked for or belongs to, and the package that they cannot get beside it."""

    package: str
    other: str
    assignment: UUID | None = None
    access_request: UUID | None = None
    rule: UUID | None = None
    """The incompatibility that is violated: what an exception can be asked for."""

    def sentence(self, person: User, *, reader: User | None = None) -> str:
        """What conflicts, and why, said to the reader; to the person themselves as “you”."""
        facts = {"person": person, "other": self.other, "package": self.package}
        is_self = reader is not None and reader.pk == person.pk
        if self.assignment and is_self:
            return _("You have %(other)s, which is incompatible with %(package)s.") % facts
        if self.assignment:
            return _("%(person)s has %(other)s, which is incompatible with %(package)s.") % facts
        if self.access_request and is_self:
            return _("You have asked for %(other)s, which is incompatible with %(package)s.") % facts
        if self.access_request:
            return _("%(person)s has asked for %(other)s, which is incompatible with %(package)s.") % facts
        if is_self:
            return _("You belong to %(other)s, whose members cannot get %(package)s.") % facts
        return _("%(person)s belongs to %(other)s, whose members cannot get %(package)s.") % facts


def of(
    person: User, *, packages: Iterable[UUID], with_requests: bool, lasting: bool = False
) -> dict[UUID, list[Conflict]]:
    """What keeps this person from each of the packages, by one statement; nothing is an empty list.

    Access counts until nothing of it is left in any target system. `with_requests`: what they asked for counts too, as
    it does when they ask; where somebody decides or assigns, only what is held stands against it. `lasting`: as for
    `against_lasting`.
    """
    ids = set(packages)
    found: defaultdict[UUID, list[Conflict]] = defaultdict(list)
    for rule in _violated(person.pk, ids, with_requests=with_requests, lasting=lasting):
        package, other = str(rule.package), str(rule)
        if rule.package_id in ids and (rule.is_member or rule.other_held or rule.other_asked):
            found[rule.package_id].append(Conflict(package, other, rule.other_held, rule.other_asked, rule.pk))
        if rule.is_either_way and rule.other_package_id in ids and (rule.own_held or rule.own_asked):
            found[rule.other_package_id].append(Conflict(other, package, rule.own_held, rule.own_asked, rule.pk))
    return {pk: _once(found[pk]) for pk in ids}


def between(person: User, package_id: UUID, *, with_requests: bool = False) -> list[Conflict]:
    """What keeps this person from one package."""
    return of(person, packages=[package_id], with_requests=with_requests)[package_id]


def against_lasting(person: User, package_id: UUID) -> list[Conflict]:
    """What keeps this person from having one package for longer.

    Where an exception let them hold a pair and is over, both sides are left to their end, whichever rules out which.
    """
    return of(person, packages=[package_id], with_requests=False, lasting=True)[package_id]


def open_to_exceptions_by(user: User) -> "QuerySet[Incompatibility]":
    """The incompatibilities to which this person may ask for an exception, with names and catalogs.

    Those that stand against themselves where they see the package, and those of packages that they look after.
    """
    mine = AccessPackage.objects.with_right(user, Right.ASSIGNMENTS).order_by().values("pk")
    seen = AccessPackage.objects.visible_to(user).order_by().values("pk")
    judged, forward, reverse = _judged(user.pk, with_requests=True)
    against = judged.filter(Q(package__in=seen) & forward | Q(other_package__in=seen) & reverse).values("pk")
    rules = Incompatibility.objects.with_names().select_related("package__catalog", "other_package__catalog")
    return rules.filter(Q(package__in=mine) | Q(other_package__in=mine) | Q(pk__in=against))


def exist(person_id: UUID, package_id: UUID, *, with_requests: bool = False, lasting: bool = False) -> Exists:
    """Whether anything keeps this person from the package: a part of a statement that asks more than that."""
    return Exists(_violated(person_id, {package_id}, with_requests=with_requests, lasting=lasting))


def refuse(
    package_id: UUID, *, person: User, reader: User | None, with_requests: bool = False, lasting: bool = False
) -> NoReturn:
    """Raises the refusal, which names everything that conflicts; for where `exist` found that something does."""
    found = of(person, packages=[package_id], with_requests=with_requests, lasting=lasting)[package_id]
    raise ValidationError(in_words(found, person=person, reader=reader), code=INCOMPATIBLE)


def in_words(conflicts: Iterable[Conflict], *, person: User, reader: User | None = None) -> str:
    """Everything that conflicts, one sentence after the other; empty where nothing does."""
    return " ".join(conflict.sentence(person, reader=reader) for conflict in conflicts)


def _violated(
    person_id: UUID, package_ids: set[UUID], *, with_requests: bool, lasting: bool = False
) -> "QuerySet[Any]":
    """The incompatibilities that keep the person from any of the packages, with what violates each."""
    rules, forward, reverse = _judged(person_id, with_requests=with_requests, lasting=lasting)
    return rules.filter(Q(package__in=package_ids) & forward | Q(other_package__in=package_ids) & reverse)


def _judged(person_id: UUID, *, with_requests: bool, lasting: bool = False) -> "tuple[QuerySet[Any], Q, Q]":
    """All incompatibilities with what of each the person has, and what keeps them from its first and second package."""
    exceptions = SeparationException.objects.filter(person=person_id).of_the_pair()
    is_either_way = Q(is_mutual=True) | Q(Exists(exceptions.over())) if lasting else Q(is_mutual=True)
    held = Assignment.objects.filter(person=person_id).exclude(status=AssignmentStatus.ENDED).order_by()
    asked = AccessRequest.objects.open().adding().filter(person=person_id).order_by()
    asked = asked if with_requests else asked.none()
    rules: Any = Incompatibility.objects.filter(~Exists(exceptions.in_force())).with_names()
    rules = rules.annotate(
        is_either_way=ExpressionWrapper(is_either_way, output_field=BooleanField()),
        is_member=Exists(Group.objects.enclosing(person_id).filter(pk=OuterRef("group"))),
        other_held=_first(held, "other_package"),
        other_asked=_first(asked, "other_package"),
        own_held=_first(held, "package"),
        own_asked=_first(asked, "package"),
    )
    forward = Q(is_member=True) | Q(other_held__isnull=False) | Q(other_asked__isnull=False)
    reverse = Q(is_either_way=True) & (Q(own_held__isnull=False) | Q(own_asked__isnull=False))
    return rules, forward, reverse


def _first(rows: "QuerySet[Any]", field: str) -> Subquery:
    return Subquery(rows.filter(package=OuterRef(field)).values("pk")[:1])


def _once(conflicts: list[Conflict]) -> list[Conflict]:
    """Two packages that name each other conflict once."""
    return list({conflict.other: conflict for conflict in conflicts}.values())
