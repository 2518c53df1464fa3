"""A campaign's items as rows of a report: what was frozen, what was answered and by whom, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from audit.models import Event

from .. import events
from ..lifecycle import ApplyState
from ..listing import first_key
from ..models import Campaign, ReviewItem
from ..proofs import Proof, proofs_of
from ..querysets import ItemQuerySet

BATCH = 1000
"""Items that are read at a time; the memory of a report is that of a batch."""
COLUMNS = (
    "campaign_id", "campaign", "review_id", "review", "began_at", "closed_at",
    "item_id", "person_id", "person", "account", "department", "job_title", "manager", "is_guest",
    "access", "within", "policy", "owner", "is_privileged", "was_there_before", "held_since", "held_until",
    "last_used_at", "peers", "peers_who_have_it", "also_given_by", "incompatible_with", "recommendation",
    "asked", "stage", "answer", "reason", "reviewer", "reviewed_at",
    "result", "application", "applied_by", "applied_at", "problem", "proof",
)  # fmt: skip
NOBODY_APPLIES = (ApplyState.NEW, ApplyState.NOT_NEEDED)


@dataclass(frozen=True)
class Line:
    """An item with what a report says of it beyond its own columns."""

    item: ReviewItem
    owner: str
    asked: str
    applied_by: str
    proofs: list[Proof] = field(default_factory=list)


def lines_of(campaign: Campaign, *, wanted: Q | None = None, most: int | None = None) -> Iterator[Line]:
    """The campaign's items in the order in which they were frozen, read in batches of a fixed number of statements."""
    applied_by = _who_applied(campaign)
    items = campaign.items.filter(wanted or Q())
    for batch in _batches(items, campaign=campaign, most=most):
        yield from _lines(batch, applied_by=applied_by)


def lines_for(campaign: Campaign, items: Sequence[ReviewItem]) -> list[dict[str, Any]]:
    """These items, read `with_everybody`, as rows."""
    return [row_of(campaign, line) for line in _lines(items, applied_by=_who_applied(campaign))]


def _lines(items: Sequence[ReviewItem], *, applied_by: str) -> Iterator[Line]:
    proofs = proofs_of(items)
    for item in items:
        yield Line(
            item=item,
            owner=", ".join(_owners(item)),
            asked=", ".join(str(member.person) for member in item.panel.members.all() if member.left_at is None),
            applied_by="" if item.state in NOBODY_APPLIES else applied_by,
            proofs=proofs.get(item.pk, []),
        )


def row_of(campaign: Campaign, line: Line) -> dict[str, Any]:
    """A line as a file tells it, in the order of COLUMNS; values as they are."""
    item = line.item
    values = (
        campaign.pk, campaign.name, campaign.review_id, campaign.review.name, campaign.starts_at, campaign.closed_at,
        item.pk, item.person_id, item.person_name, item.person.username, item.department, item.job_title,
        item.manager_name, item.is_guest,
        item.what, item.where, item.under, line.owner, item.is_privileged, item.is_adopted, item.held_since,
        item.held_until, item.last_used_at, item.peers, item.peers_with, item.covered_by, item.conflicts_with,
        item.recommendation,
        line.asked, item.decided_in, item.verdict, item.reason, str(item.decided_by or ""), item.decided_at,
        item.result, item.state, line.applied_by, item.applied_at, item.problem,
        "; ".join(proof.in_words for proof in line.proofs),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _batches(items: ItemQuerySet, *, campaign: Campaign, most: int | None) -> Iterator[list[ReviewItem]]:
    """By key: no transaction and no cursor stays open between batches, so that a slow reader holds nobody up."""
    first = first_key(campaign)
    if first is None:
        return
    rows, rest, left = with_everybody(items).order_by("pk"), Q(pk__gte=first), most
    while left != 0:
        size = BATCH if left is None else min(BATCH, left)
        yield (batch := list(rows.filter(rest)[:size]))
        if len(batch) < size:
            return
        rest = Q(pk__gt=batch[-1].pk)
        left = None if left is None else left - size


def with_everybody(items: ItemQuerySet) -> ItemQuerySet:
    """Items with who answered, who was asked, and who owns what they are about."""
    return items.select_related(
        "person", "decided_by", "panel", "assignment__package__owner", "grant__resource_role__resource"
    ).prefetch_related("panel__members__person", "grant__resource_role__resource__owners")


def _owners(item: ReviewItem) -> Iterable[str]:
    if item.assignment:
        owner = item.assignment.package.owner
        return [] if owner is None else [str(owner)]
    return [str(owner) for owner in item.grant.resource_role.resource.owners.all()] if item.grant else []


def _who_applied(campaign: Campaign) -> str:
    """Who had the results applied, as the journal has it; the system where nobody had to."""
    applied = Event.objects.filter(target_id=str(campaign.pk), verb=events.CAMPAIGN_APPLYING).order_by("-occurred_at")
    return applied.values_list("actor_label", flat=True).first() or "AccessGov"
