"""Each role of an assignment with the truth about it: what the target has, the last error, the next try."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accessgov.outbox import WorkStatus
from catalog.models import AccessPackage, ResourceRole
from provisioning.lifecycle import PRESENT, GrantStatus
from provisioning.models import Connector, ConnectorKind, Grant, GrantReason, Operation

from .templatetags.states import tone


@dataclass(frozen=True)
class Delivery:
    """One role as it stands in its target system; without a state where nothing was begun yet."""

    role: ResourceRole
    state: str = ""
    tone: str = "neutral"
    note: str = ""
    error: str = ""
    since: datetime | None = None
    verified_at: datetime | None = None
    next_try: datetime | None = None
    attempts: int = 0
    is_stuck: bool = False


def planned(package: AccessPackage) -> list[Delivery]:
    """What a package gives, before anything is delivered; the package comes `with_contents()`."""
    return [Delivery(role=entry.resource_role) for entry in package.package_roles.all()]


def deliveries_of(assignment_ids: Iterable[UUID]) -> dict[UUID, list[Delivery]]:
    """The roles of these assignments, by two statements, however many there are."""
    reasons = list(GrantReason.objects.of(assignment_ids))
    work = {operation.grant_id: operation for operation in _unfinished(reasons)}
    found: defaultdict[UUID, list[Delivery]] = defaultdict(list)
    for reason in reasons:
        found[reason.reference].append(_delivery(reason, operation=work.get(reason.grant_id)))
    return found


def _unfinished(reasons: list[GrantReason]) -> Iterable[Operation]:
    unfinished = Operation.objects.filter(status__in=(WorkStatus.PENDING, WorkStatus.STUCK))
    return unfinished.filter(grant__in=[reason.grant_id for reason in reasons])


def _delivery(reason: GrantReason, *, operation: Operation | None) -> Delivery:
    grant = reason.grant
    facts: dict[str, Any] = {"role": grant.resource_role, "since": grant.changed_at}
    if reason.ended_at and grant.status in PRESENT:
        return Delivery(state=_("Kept"), note=_why_kept(grant), **facts)
    note = _("It was there before, and stays when this access ends.") if grant.is_adopted else ""
    facts |= {"state": capfirst(grant.get_status_display()), "tone": tone(grant.status), "note": note}
    if operation is None:
        if grant.status == GrantStatus.DRIFTED:
            facts["note"] = _("Somebody took it away there; the owner of the resource says what becomes of it.")
        return Delivery(verified_at=None if grant.status == GrantStatus.DRIFTED else grant.seen_at, **facts)
    if operation.status == WorkStatus.STUCK:
        return Delivery(error=grant.last_error, attempts=operation.attempts, is_stuck=True, **facts)
    return _waiting(grant, operation=operation, facts=facts)


def _waiting(grant: Grant, *, operation: Operation, facts: dict[str, Any]) -> Delivery:
    """What is still to be done; where it is the system as a whole for which it waits, it says so."""
    system = grant.resource_role.resource.system
    connector: Connector | None = getattr(system, "connector", None)
    error, next_try = grant.last_error, operation.due_at if operation.attempts else None
    if connector is not None and not connector.is_enabled:
        said = _("The connection to %(system)s is switched off: this waits until it is switched on again.")
        facts["note"], next_try = said % {"system": system}, None
    elif connector is not None and connector.failures:
        said = _("%(system)s does not answer at the moment; it is tried again by itself.")
        facts["note"], error = said % {"system": system}, error or connector.last_error
        next_try = max(operation.due_at, connector.held_until or operation.due_at)
    elif connector is not None and connector.kind == ConnectorKind.MANUAL and not error:
        facts["note"] = _("This is done by hand, and counts as soon as somebody says that it is done.")
    return Delivery(error=error, next_try=next_try, attempts=operation.attempts, **facts)


def _why_kept(grant: Grant) -> str:
    return _("It was there before.") if grant.is_adopted else _("Other access gives it too.")
