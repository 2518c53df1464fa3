"""Dry runs: what delivering once more would change, by looking into the target systems and changing nothing.

Reads only, outside any transaction, role by role and a few dozen people at a time.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, islice
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from catalog.models import AccessPackage, TargetSystem
from provisioning.connectors import open_connector
from provisioning.connectors.base import Capability, Connector, ConnectorError, Entitlement
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, GrantReason
from provisioning.querysets import GrantQuerySet

from .models import Assignment

TOGETHER = 50
"""People whom a connector is asked about in one call."""
MOST_SHOWN = 500
"""Lines on a page; the command knows no such limit."""
PATIENCE = 20.0
"""Seconds for which a page asks the target systems."""


class Step(Enum):
    """What would be done."""

    GIVE = _("give")
    TAKE = _("take")
    NOTHING = _("nothing")
    UNKNOWN = _("unknown")

    @property
    def word(self) -> str:
        """By what programs know it."""
        return self.name.lower()


@dataclass(frozen=True)
class Line:
    """One grant: what is wanted of it, what the target shows (None: it cannot be read), and what would be done."""

    grant: Grant
    is_wanted: bool
    is_shown: bool | None
    why_unknown: str = ""

    @property
    def step(self) -> Step:
        """What would be done."""
        if self.is_shown is None:
            return Step.UNKNOWN
        if self.is_wanted == self.is_shown:
            return Step.NOTHING
        return Step.GIVE if self.is_wanted else Step.TAKE

    @property
    def is_change(self) -> bool:
        """Whether anything would be done."""
        return self.step in (Step.GIVE, Step.TAKE)

    @property
    def wanted(self) -> str:
        """In a word."""
        return _now("yes") if self.is_wanted else _now("no")

    @property
    def shown(self) -> str:
        """In a word, or why it is not known."""
        if self.is_shown is None:
            return self.why_unknown
        return _now("yes") if self.is_shown else _now("no")

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table: system, role, person, wanted, shown, what would be done."""
        role = self.grant.resource_role
        names = (str(role.resource.system), str(role), str(self.grant.person))
        return (*names, self.wanted, self.shown, str(self.step.value))


@dataclass(frozen=True)
class Table:
    """The lines that a page shows; `is_cut` where there are more."""

    lines: Sequence[Line]
    is_cut: bool

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many lines there are of each step."""
        return [(str(step.value), sum(line.step is step for line in self.lines)) for step in Step]


def rehearse_assignments(ids: Iterable[UUID], *, until: float | None = None) -> Iterator[Line]:
    """What delivering these assignments again would change."""
    return _rehearse(_concerning(GrantReason.objects.filter(reference__in=list(ids))), until=until)


def rehearse_package(package: AccessPackage, *, until: float | None = None) -> Iterator[Line]:
    """What delivering the package again to everybody would change."""
    references = Assignment.objects.filter(package=package).order_by().values("pk")
    return _rehearse(_concerning(GrantReason.objects.filter(reference__in=references)), until=until)


def rehearse_system(system: TargetSystem, *, until: float | None = None) -> Iterator[Line]:
    """What putting everything in the system in place again would change."""
    rows = _concerning(GrantReason.objects.all()).filter(resource_role__resource__system=system)
    return _rehearse(rows, until=until)


def table_of(lines: Iterator[Line], *, most: int = MOST_SHOWN) -> Table:
    """The first lines, those that say something before those that need nothing, and whether there are more."""
    found = list(islice(lines, most + 1))
    shown = sorted(found[:most], key=lambda line: (not line.is_change, line.step is Step.NOTHING))
    return Table(shown, is_cut=len(found) > most)


def a_while() -> float:
    """Until when a page has the time to ask, by the monotonic clock."""
    return time.monotonic() + PATIENCE


def _concerning(reasons: QuerySet[GrantReason]) -> GrantQuerySet:
    """What these reasons ask for, and what still is to go though they ask for it no longer."""
    theirs = reasons.filter(grant=OuterRef("pk"))
    return Grant.objects.filter(
        Q(Exists(theirs.filter(ended_at=None))) | Q(Exists(theirs), status=GrantStatus.REMOVAL_PENDING)
    )


def _rehearse(grants: GrantQuerySet, *, until: float | None) -> Iterator[Line]:
    """The lines, ordered by system, role and person; a connector is opened once for each role's people."""
    named = grants.with_names().select_related("resource_role__resource__system__connector")
    order = ("resource_role__resource__system__name", "resource_role__resource__name", "resource_role", "pk")
    rows = named.order_by(*order).iterator(chunk_size=TOGETHER * 10)
    for _role, of_role in groupby(rows, key=lambda grant: grant.resource_role_id):
        while some := list(islice(of_role, TOGETHER)):
            yield from _look(some, until=until)


def _look(grants: Sequence[Grant], *, until: float | None) -> Iterator[Line]:
    present, why = _read(grants, until=until)
    for grant in grants:
        is_wanted = grant.status != GrantStatus.REMOVAL_PENDING
        is_shown = None if present is None else grant.person_id in present
        yield Line(grant, is_wanted, is_shown, why)


def _read(grants: Sequence[Grant], *, until: float | None) -> tuple[set[UUID] | None, str]:
    """Who of them holds the role in the target; or None, and why that is not known."""
    if until is not None and time.monotonic() > until:
        return None, _now("not asked: the systems took too long before")
    role = grants[0].resource_role
    system = role.resource.system
    entitlement = Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
    try:
        with open_connector(getattr(system, "connector", None), system=str(system)) as connector:
            return _asked(connector, grants, entitlement)
    except (ConnectorError, ImproperlyConfigured) as error:
        return None, str(error)


def _asked(connector: Connector, grants: Sequence[Grant], entitlement: Entitlement) -> tuple[set[UUID] | None, str]:
    if Capability.READ_BACK not in connector.capabilities:
        return None, _now("the system does not tell")
    return connector.read_many([grant.person for grant in grants], entitlement), ""
