"""Finds who reviews, for many things at once: enabled people only, by a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from catalog.choices import DelegatedRole
from catalog.models import AccessPackage, Catalog, PackageRole, Resource, RoleAssignment
from directory.models import GroupClosure, User

Seats = Mapping[UUID | None, Sequence[UUID]]
"""The people of each panel, by what it is found by; None where it is one panel for all."""
Pairs = Iterable[tuple[Any, Any]]


def named(names: Mapping[str, Sequence[str]]) -> list[UUID]:
    """Those who are named, and whoever belongs to a group that is, directly or through nested groups."""
    people, groups = names.get("people", ()), names.get("groups", ())
    if not people and not groups:
        return []
    in_groups = User.objects.in_groups(groups).values("pk")
    found = User.objects.enabled().filter(Q(pk__in=people) | Q(pk__in=in_groups))
    return list(found.order_by("pk").values_list("pk", flat=True))


def sponsors(people: "QuerySet[User]") -> Seats:
    """The sponsors of each of these people."""
    links = User.sponsors.through.objects.filter(from_user__in=people.order_by().values("pk"), to_user__is_active=True)
    return _grouped(links.values_list("from_user", "to_user"))


def of_catalogs(catalogs: "QuerySet[Catalog]") -> Seats:
    """The owners of each of these catalogs, themselves or through a group."""
    owning = RoleAssignment.objects.filter(
        role=DelegatedRole.CATALOG_OWNER, catalog__in=catalogs.order_by().values("pk")
    )
    themselves = owning.filter(person__is_active=True).values_list("catalog", "person")
    through = owning.filter(group__isnull=False).values_list("catalog", "group")
    return _grouped([*themselves, *_members(through)])


def of_resources(resources: "QuerySet[Resource]", *, or_of_their_catalogs: bool = False) -> Seats:
    """The owners of each of these resources, themselves or through a group; where there are none, if that is asked
    for, those of all catalogs that hold it.
    """
    ids = resources.order_by().values("pk")
    themselves = Resource.owners.through.objects.filter(resource__in=ids, user__is_active=True)
    groups = Resource.owner_groups.through.objects.filter(resource__in=ids)
    seats = _grouped([*themselves.values_list("resource", "user"), *_members(groups.values_list("resource", "group"))])
    if not or_of_their_catalogs:
        return seats
    return {**_of_catalogs_around(resources), **seats}


def of_resources_in(packages: "QuerySet[AccessPackage]") -> Seats:
    """The owners of everything that each of these packages gives."""
    given = PackageRole.objects.filter(package__in=packages.order_by().values("pk"))
    pairs = set(given.order_by().values_list("package", "resource_role__resource"))
    owners = of_resources(Resource.objects.filter(pk__in=given.values("resource_role__resource")))
    return _grouped((package, owner) for package, resource in pairs for owner in owners.get(resource, ()))


def _of_catalogs_around(resources: "QuerySet[Resource]") -> Seats:
    holding = Catalog.resources.through.objects.filter(resource__in=resources.order_by().values("pk"))
    pairs = list(holding.values_list("resource", "catalog"))
    owners = of_catalogs(Catalog.objects.filter(pk__in=holding.values("catalog")))
    return _grouped((resource, owner) for resource, catalog in pairs for owner in owners.get(catalog, ()))


def _members(links: Pairs) -> list[tuple[UUID, UUID]]:
    """Of things with groups, the things with everybody who is enabled and belongs to the groups."""
    things = list(links)
    groups = {group for _thing, group in things}
    if not groups:
        return []
    found = GroupClosure.objects.filter(ancestor__in=groups, descendant__memberships__person__is_active=True)
    people = _grouped(found.values_list("ancestor", "descendant__memberships__person"))
    return [(thing, person) for thing, group in things for person in people.get(group, ())]


def _grouped(pairs: Pairs) -> dict[UUID | None, list[UUID]]:
    found: defaultdict[UUID | None, set[UUID]] = defaultdict(set)
    for thing, person in pairs:
        found[thing].add(person)
    return {thing: sorted(people) for thing, people in found.items()}
