"""What proves that reviewed access is gone: the target systems' own words, by item."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accessgov.outbox import WorkStatus
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, GrantReason, Operation, OperationKind

from .choices import Result
from .models import ReviewItem


@dataclass(frozen=True)
class Removal:
    """When an operation took something from a target system."""

    operation: UUID
    at: datetime


@dataclass(frozen=True)
class Proof:
    """What is known of one role of a target system that an item's access gave."""

    role: str
    system: str
    status: str
    removal: Removal | None

    @property
    def in_words(self) -> str:
        """“Member of Sales EMEA: removed from Directory on 3 Mar 2026, 09:00:12, by operation …”."""
        facts = {"role": self.role, "system": self.system}
        if self.removal is None:
            return _("%(role)s in %(system)s: %(status)s") % {**facts, "status": GrantStatus(self.status).label}
        at = date_format(timezone.localtime(self.removal.at), "j M Y, H:i:s")
        facts |= {"when": at, "operation": str(self.removal.operation)}
        return _("%(role)s: removed from %(system)s on %(when)s by operation %(operation)s") % facts


def proofs_of(items: Sequence[ReviewItem]) -> dict[UUID, list[Proof]]:
    """The proofs for those of the items that were to go, by three statements however many there are."""
    wanted = [item for item in items if item.result == Result.REMOVE]
    if not wanted:
        return {}
    by_assignment = _grants_of(item.assignment_id for item in wanted if item.assignment_id)
    ids = {item.pk: [item.grant_id] if item.grant_id else by_assignment[item.assignment_id] for item in wanted}
    flat = {grant for grants in ids.values() for grant in grants}
    grants = Grant.objects.filter(pk__in=flat).select_related("resource_role__resource__system").in_bulk()
    removals = _removals(flat)
    return {
        item.pk: [_proof(grants[grant], removals, before=item.applied_at) for grant in ids[item.pk]] for item in wanted
    }


def _grants_of(assignments: Iterable[UUID | None]) -> Mapping[UUID | None, list[UUID]]:
    found = defaultdict[UUID | None, list[UUID]](list)
    reasons = GrantReason.objects.filter(reference__in=list(assignments)).order_by("pk")
    for reference, grant in reasons.values_list("reference", "grant"):
        found[reference].append(grant)
    return found


def _removals(grants: Iterable[UUID]) -> Mapping[UUID, list[Removal]]:
    """What was taken away, the latest first."""
    found = defaultdict[UUID, list[Removal]](list)
    done = Operation.objects.filter(grant__in=list(grants), kind=OperationKind.REVOKE, status=WorkStatus.DONE)
    for grant, pk, at in done.order_by("-settled_at", "-pk").values_list("grant", "pk", "settled_at"):
        if at:
            found[grant].append(Removal(operation=pk, at=at))
    return found


def _proof(grant: Grant, removals: Mapping[UUID, list[Removal]], *, before: datetime | None) -> Proof:
    """The last removal until the item was known to be applied: what was given and taken again later proves nothing."""
    until_then = (one for one in removals.get(grant.pk, ()) if before is not None and one.at <= before)
    role = grant.resource_role
    return Proof(
        role=_("%(role)s of %(resource)s") % {"role": role.name, "resource": role.resource.name},
        system=role.resource.system.name,
        status=grant.status,
        removal=next(until_then, None),
    )
