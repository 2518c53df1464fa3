"""Who stands in for whom in the stages that are open: put on the rows of those who are asked, and taken off again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery, UUIDField
from django.db.models.functions import Coalesce

from audit import journal
from audit.models import Event

from .. import events
from ..models import ApprovalAssignee, Delegation
from .deciding import tell

BATCH = 500
SEATING = 7_340_011
"""The number of the advisory lock under which delegates are seated; SQLite has one writer anyway."""
CATALOG = "approval__access_request__package__catalog"


def seat_delegates(*, now: datetime, delegators: Collection[UUID] | None = None) -> int:
    """Bring the open stages into line with the delegations that hold now; returns how many rows changed.

    Nobody stands in any longer where the delegation is over or does not cover the catalog, or where they came to be
    asked themselves; whoever stands in newly is asked and told. It is never a party of the request.
    """
    _one_at_a_time()
    undecided = ApprovalAssignee.objects.undecided()
    if delegators is not None:
        undecided = undecided.filter(person__in=delegators)
    changed = undecided.filter(delegate__isnull=False).exclude(_is_still_wanted(now)).update(delegate=None)
    wanting = undecided.filter(delegate=None, person__in=Delegation.objects.in_force(now).values("delegator"))
    heir, delegation = _by_delegation(now, "delegate"), _by_delegation(now, "pk")
    heirs = wanting.annotate(heir=heir, delegation=delegation).filter(heir__isnull=False).exclude(_is_there("heir"))
    found = heirs.select_related("person", "approval__access_request__person", "approval__access_request__package")
    return changed + _seat(list(found.select_for_update(of=("self",)).order_by("pk")[:BATCH]), now=now)


def _one_at_a_time() -> None:
    """Two that seat at once, neither seeing the other's, would give one person two seats of a stage."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEATING])


def _is_still_wanted(now: datetime) -> Q:
    held = Delegation.objects.in_force(now).covering(OuterRef(OuterRef(CATALOG)))
    holds = held.filter(delegator=OuterRef("person"), delegate=OuterRef("delegate"))
    return Q(Exists(holds)) & ~_is_there("delegate")


def _by_delegation(now: datetime, name: str) -> Subquery:
    """A column of the delegation that covers what the person is asked; who stands in is no party of the request."""
    held = Delegation.objects.in_force(now).covering(OuterRef(OuterRef(CATALOG))).filter(delegator=OuterRef("person"))
    since = held.filter(Q(takes_waiting=True) | Q(starts_at__lte=OuterRef("asked_at")))
    target = OuterRef("approval__access_request__person")
    submitter = Coalesce(OuterRef("approval__access_request__requested_by"), target)
    others = since.exclude(delegate=target).exclude(delegate=submitter)
    return Subquery(others.order_by("pk").values(name)[:1], output_field=UUIDField())


def _is_there(name: str) -> Q:
    """Whether the person of this column is in the stage by another row, in whatever way."""
    others = ApprovalAssignee.objects.filter(approval=OuterRef("approval")).exclude(pk=OuterRef("pk"))
    somebody = OuterRef(name)
    return Q(Exists(others.filter(Q(person=somebody) | Q(delegate=somebody) | Q(decided_by=somebody))))


def _seat(found: Sequence[Any], *, now: datetime) -> int:
    """Ask the heirs on these rows, which are locked; each once in a stage."""
    delegations = Delegation.objects.select_related("delegate").in_bulk({seat.delegation for seat in found})
    once = {(seat.approval_id, seat.heir): seat for seat in reversed(found)}.values()
    for heir in {seat.heir for seat in once}:
        ApprovalAssignee.objects.filter(pk__in=[seat.pk for seat in once if seat.heir == heir]).update(delegate=heir)
    journal.record_many(_told(seat, delegation=delegations[seat.delegation], now=now) for seat in once)
    return len(once)


def _told(seat: ApprovalAssignee, *, delegation: Delegation, now: datetime) -> Event:
    """That somebody stands in; `was_waiting`: whoever is told of the delegation is told there how much waits."""
    began_at_once = delegation.set_at == delegation.starts_at
    facts = {
        "delegate": str(delegation.delegate),
        "delegator": str(seat.person),
        "asked": [str(delegation.delegate_id)],
        "was_waiting": began_at_once and seat.asked_at < delegation.starts_at,
    }
    request = seat.approval.access_request
    return tell(events.APPROVAL_DELEGATED, request, actor=None, now=now, approval=str(seat.approval_id), **facts)
