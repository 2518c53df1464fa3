"""Separation of duties (behaviour 9): what keeps a person from a package, said to whoever reads it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from catalog.models import Incompatibility
from directory.models import Group, User

from .lifecycle import AssignmentStatus
from .models import AccessRequest, Assignment

INCOMPATIBLE = "incompatible"
"""The code of the refusal."""


@dataclass(frozen=True)
class Conflict:
    """One thing that a person has, has asked for or belongs to, and the package that they cannot get beside it."""

    package: str
    other: str
    assignment: UUID | None = None
    access_request: UUID | None = None

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


def of(person: User, *, packages: Iterable[UUID], with_requests: bool) -> dict[UUID, list[Conflict]]:
    """What keeps this person from each of the packages, by one statement; nothing is an empty list.

    Access counts until nothing of it is left in any target system. `with_requests`: what they asked for counts too, as
    it does when they ask; where somebody decides or assigns, only what is held stands against it.
    """
    ids = set(packages)
    found: defaultdict[UUID, list[Conflict]] = defaultdict(list)
    for rule in _violated(person.pk, ids, with_requests=with_requests):
        package, other = str(rule.package), str(rule)
        if rule.package_id in ids and (rule.is_member or rule.other_held or rule.other_asked):
            found[rule.package_id].append(Conflict(package, other, rule.other_held, rule.other_asked))
        if rule.is_mutual and rule.other_package_id in ids and (rule.own_held or rule.own_asked):
            found[rule.other_package_id].append(Conflict(other, package, rule.own_held, rule.own_asked))
    return {pk: _once(found[pk]) for pk in ids}


def between(person: User, package_id: UUID, *, with_requests: bool = False) -> list[Conflict]:
    """What keeps this person from one package."""
    return of(person, packages=[package_id], with_requests=with_requests)[package_id]


def exist(person_id: UUID, package_id: UUID, *, with_requests: bool = False) -> Exists:
    """Whether anything keeps this person from the package: a part of a statement that asks more than that."""
    return Exists(_violated(person_id, {package_id}, with_requests=with_requests))


def refuse(package_id: UUID, *, person: User, reader: User | None, with_requests: bool = False) -> NoReturn:
    """Raises the refusal, which names everything that conflicts; for where `exist` found that something does."""
    found = between(person, package_id, with_requests=with_requests)
    raise ValidationError(in_words(found, person=person, reader=reader), code=INCOMPATIBLE)


def in_words(conflicts: Iterable[Conflict], *, person: User, reader: User | None = None) -> str:
    """Everything that conflicts, one sentence after the other; empty where nothing does."""
    return " ".join(conflict.sentence(person, reader=reader) for conflict in conflicts)


def _violated(person_id: UUID, package_ids: set[UUID], *, with_requests: bool) -> "QuerySet[Any]":
    """The incompatibilities that keep the person from any of the packages, with what violates each."""
    held = Assignment.objects.filter(person=person_id).exclude(status=AssignmentStatus.ENDED).order_by()
    asked = AccessRequest.objects.open().adding().filter(person=person_id).order_by()
    asked = asked if with_requests else asked.none()
    rules: Any = (
        Incompatibility.objects.about(package_ids)
        .with_names()
        .annotate(
            is_member=Exists(Group.objects.enclosing(person_id).filter(pk=OuterRef("group"))),
            other_held=_first(held, "other_package"),
            other_asked=_first(asked, "other_package"),
            own_held=_first(held, "package"),
            own_asked=_first(asked, "package"),
        )
    )
    forward = Q(is_member=True) | Q(other_held__isnull=False) | Q(other_asked__isnull=False)
    reverse = Q(is_mutual=True) & (Q(own_held__isnull=False) | Q(own_asked__isnull=False))
    return rules.filter(Q(package__in=package_ids) & forward | Q(other_package__in=package_ids) & reverse)


def _first(rows: "QuerySet[Any]", field: str) -> Subquery:
    return Subquery(rows.filter(package=OuterRef(field)).values("pk")[:1])


def _once(conflicts: list[Conflict]) -> list[Conflict]:
    """Two packages that name each other conflict once."""
    return list({conflict.other: conflict for conflict in conflicts}.values())
