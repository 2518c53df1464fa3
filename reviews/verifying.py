"""Hashes a frozen population again, part by part, and compares it with its digest, and with the one in the journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Q

from audit.models import Event

from . import events
from .freezing import digest_of
from .hashing import hash_items
from .models import Campaign, PopulationPart, ReviewItem
from .population import ASSIGNMENTS
from .querysets import ItemQuerySet


@dataclass(frozen=True)
class Verified:
    """What the population says now."""

    digest: str
    items: int
    changed: list[int] = field(default_factory=list)
    """The numbers of the parts of which something was changed, added or taken away."""
    is_in_journal: bool = False
    """Whether the journal has this very digest."""
    is_as_kept: bool = False

    @property
    def is_whole(self) -> bool:
        return self.is_in_journal and self.is_as_kept and not self.changed


def verify(campaign: Campaign) -> Verified:
    """Hash every item again: one statement for each part of the population, and three more."""
    hashed, changed = [], []
    number = 0
    for part, items in _parts(campaign):
        found = hash_items(items)
        hashed.append(found.digest)
        number += found.items
        if (found.items, found.digest) != (part.items, part.digest):
            changed.append(part.number)
    digest = digest_of(hashed)
    return Verified(
        digest=digest,
        items=number,
        changed=changed,
        is_as_kept=digest == campaign.digest and number == campaign.items.count(),
        is_in_journal=digest in _journalled(campaign),
    )


def _parts(campaign: Campaign) -> Iterator[tuple[PopulationPart, ItemQuerySet]]:
    """Each part with its items: those behind the last one's cursor."""
    behind: dict[str, Q] = {}
    for part in campaign.parts.order_by("number"):
        key = "assignment" if part.source == ASSIGNMENTS else "grant"
        within = behind.get(part.source, Q(**{f"{key}__isnull": False}))
        if part.cursor:
            behind[part.source] = Q(**{f"{key}__gt": part.cursor})
            within &= Q(**{f"{key}__lte": part.cursor})
        yield part, ReviewItem.objects.filter(within, campaign=campaign)


def _journalled(campaign: Campaign) -> set[str]:
    told = Event.objects.filter(
        target_id=str(campaign.pk), verb__in=(events.CAMPAIGN_OPENED, events.CAMPAIGN_EMPTY)
    ).values_list("details", flat=True)
    return {details.get("digest", "") for details in told}
