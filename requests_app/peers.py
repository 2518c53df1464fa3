"""Who else has a package: among those with the same manager, and those with the same job in the same department."""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from directory.models import User

from .models import Assignment


@dataclass(frozen=True)
class Peers:
    """How many there are beside the person, and how many of them have the package."""

    team: int = 0
    team_having: int = 0
    alike: int = 0
    alike_having: int = 0


def of(person: User, package_id: UUID) -> Peers:
    """The peers of a person and those of them who have the package, by one statement; by none where there are none."""
    groups = {}
    if person.manager_id:
        groups["team"] = Q(manager=person.manager_id)
    if person.department and person.job_title:
        groups["alike"] = Q(department=person.department, job_title=person.job_title)
    if not groups:
        return Peers()
    having = Assignment.objects.live().filter(person=OuterRef("pk"), package=package_id).order_by()
    others = User.objects.enabled().exclude(pk=person.pk)
    found = others.filter(reduce(or_, groups.values())).annotate(has_it=Exists(having)).order_by()
    counts = {}
    for name, who in groups.items():
        counts[name] = Count("pk", filter=who)
        counts[f"{name}_having"] = Count("pk", filter=who & Q(has_it=True))
    return Peers(**found.aggregate(**counts))
