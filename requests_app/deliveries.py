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
from provisioning.models import Grant, GrantReason, Operation

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
    return Delivery(
        error=grant.last_error,
        next_try=operation.due_at if operation.attempts else None,
        attempts=operation.attempts,
        is_stuck=operation.status == WorkStatus.STUCK,
        **facts,
    )


def _why_kept(grant: Grant) -> str:
    return _("It was there before.") if grant.is_adopted else _("Other access gives it too.")
