"""What cannot be held together with a package, as far as its reader may know of it."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from directory.models import Group, User
from directory.permissions import can_read_everything

from .models import AccessPackage, Incompatibility
from .permissions import can_manage_assignments


@dataclass
class Separation:
    """The other packages and groups; `hidden` counts those that the reader may not see, `is_empty` where is nothing."""

    packages: list[AccessPackage] = field(default_factory=list)
    """Whoever has one of these cannot get it."""
    groups: list[Group] = field(default_factory=list)
    """Nor can whoever belongs to one of these."""
    ruled_out: list[AccessPackage] = field(default_factory=list)
    """Whoever has it cannot get these; of those, whoever has one of them can get it."""
    hidden: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether it can be held together with everything."""
        return not (self.packages or self.groups or self.ruled_out or self.hidden)


def separation_of(package: AccessPackage, *, reader: User) -> Separation:
    """What cannot be held together with the package, by one statement (and one that asks who looks after it).

    Packages are named to those who may see them; groups to their members, and to those who look after the package.
    """
    told = Separation()
    sees_groups = can_read_everything(reader) or can_manage_assignments(reader, package)
    for rule in _rules(package, reader=reader):
        if rule.group:
            _add(told, told.groups, rule.group, is_visible=sees_groups or rule.is_member)
        elif rule.package_id == package.pk:
            _add(told, told.packages, rule.other_package, is_visible=rule.sees_other)
        else:
            _add(told, told.packages if rule.is_mutual else told.ruled_out, rule.package, is_visible=rule.sees_own)
    return told


def _rules(package: AccessPackage, *, reader: User) -> Any:
    visible = AccessPackage.objects.visible_to(reader)
    about = Incompatibility.objects.filter(Q(package=package) | Q(other_package=package)).with_names()
    return about.annotate(
        is_member=Exists(Group.objects.enclosing(reader.pk).filter(pk=OuterRef("group"))),
        sees_other=Exists(visible.filter(pk=OuterRef("other_package"))),
        sees_own=Exists(visible.filter(pk=OuterRef("package"))),
    ).order_by("other_package__name", "group__name", "pk")


def _add(told: Separation, things: list[Any], thing: Any, *, is_visible: bool) -> None:
    if not is_visible:
        told.hidden += 1
    elif thing not in things:
        things.append(thing)
