"""What a package gives, in words, system by system."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from catalog.models import ResourceRole, TargetSystem
from provisioning.lifecycle import PRESENT, GrantStatus
from provisioning.models import GrantReason


@dataclass
class System:
    """A target system with the roles in it, each with a remark where there is one."""

    name: str
    url: str
    roles: list[tuple[str, str]] = field(default_factory=list)


def by_system(roles: Iterable[ResourceRole]) -> list[System]:
    """The roles that a package gives."""
    return _grouped((role, "") for role in roles)


def held_by_system(reasons: Iterable[GrantReason]) -> list[System]:
    """What an assignment gives, with a remark on what is not there yet."""
    return _grouped(
        (reason.grant.resource_role, "" if reason.grant.status in PRESENT else _("being delivered"))
        for reason in reasons
    )


def ended_by_system(reasons: Iterable[GrantReason]) -> list[System]:
    """What an assignment gave, with what became of each role."""
    return _grouped((reason.grant.resource_role, _what_became_of(reason)) for reason in reasons)


def _what_became_of(reason: GrantReason) -> str:
    if reason.grant.status == GrantStatus.REMOVED:
        return _("removed")
    if reason.grant.status == GrantStatus.REMOVAL_PENDING:
        return _("being removed")
    return _("stays: it was there before") if reason.grant.is_adopted else _("stays: you have it for another reason")


def _grouped(roles: Iterable[tuple[ResourceRole, str]]) -> list[System]:
    systems: dict[object, System] = {}
    for role, remark in roles:
        place: TargetSystem = role.resource.system
        system = systems.setdefault(place.pk, System(name=place.name, url=place.launch_url))
        system.roles.append((str(role), remark))
    return sorted(systems.values(), key=lambda system: system.name)
