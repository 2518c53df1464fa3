"""What keeps the invented organisation safe: what is kept apart, who looks after what, and what is for emergencies."""

from dataclasses import dataclass
from datetime import datetime

from catalog import actions
from catalog.choices import DelegatedRole, DurationKind, RequestorScope
from catalog.models import AccessPackage, Catalog, Incompatibility, Policy, RoleAssignment
from directory.models import User

from .offer import ENG, FIN, PEOPLE, SALES
from .roll import GROUP, Roll

INVOICES, BANK = "Accounts Payable: Invoice Approval", "Treasury: Bank Portal"
SIGNING, SOURCE = "Firmware Release: Signing for a Day", "Firmware Engineer: Laboratory and Source"
ON_CALL = "Production Systems: On Call"
APART = ((INVOICES, BANK, "team:Finance"), (SIGNING, SOURCE, "team:Technology"))
"""Packages that nobody holds together, and who decides on exceptions."""


@dataclass(frozen=True)
class Appointment:
    """Who has a role in a catalog: a person as the roll names them, or a group."""

    role: DelegatedRole
    catalog: str
    who: str


APPOINTMENTS = (
    Appointment(DelegatedRole.PACKAGE_MANAGER, SALES, "team:Sales Europe"),
    Appointment(DelegatedRole.ASSIGNMENT_MANAGER, ENG, "team:Quality Assurance"),
    Appointment(DelegatedRole.CATALOG_READER, FIN, f"{GROUP}Everybody in Internal Audit"),
    Appointment(DelegatedRole.CATALOG_READER, PEOPLE, f"{GROUP}Everybody in Internal Audit"),
)


def set_up(roll: Roll, *, actor: User, now: datetime) -> None:
    """Make all of it, after the packages."""
    for package, other, decider in APART:
        _keep_apart(package, other, decider=roll.person(decider), actor=actor, now=now)
    for appointment in APPOINTMENTS:
        _appoint(appointment, roll, actor=actor, now=now)
    _open_for_emergencies(roll, actor=actor, now=now)


def _keep_apart(package: str, other: str, *, decider: User, actor: User, now: datetime) -> None:
    rule = Incompatibility(
        package=AccessPackage.objects.get(name=package),
        other_package=AccessPackage.objects.get(name=other),
        is_mutual=True,
    )
    actions.save_incompatibility(incompatibility=rule, exception_people=[decider], actor=actor, now=now)


def _appoint(appointment: Appointment, roll: Roll, *, actor: User, now: datetime) -> None:
    given = RoleAssignment(role=appointment.role, catalog=Catalog.objects.get(name=appointment.catalog))
    if appointment.who.startswith(GROUP):
        given.group = roll.groups[appointment.who.removeprefix(GROUP)]
    else:
        given.person = roll.person(appointment.who)
    actions.grant_role(given=given, actor=actor, now=now)


def _open_for_emergencies(roll: Roll, *, actor: User, now: datetime) -> None:
    policy = Policy(
        package=AccessPackage.objects.get(name=ON_CALL),
        name="In an emergency",
        description="When something is on fire and nobody can be asked. The owner looks at it afterwards.",
        scope=RequestorScope.EMERGENCY,
        duration_kind=DurationKind.HOURS,
        duration_amount=4,
        is_extension_allowed=False,
    )
    groups = [roll.groups["Everybody in Engineering"]]
    actions.save_policy(policy=policy, groups=groups, stages=[], questions=[], actor=actor, now=now)
