"""What gives a role that is to go: which assignments end with it, and which go on because of what else they give."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from provisioning.models import GrantReason
from requests_app.models import Assignment

from ..choices import Result
from ..models import Campaign, ReviewItem

Key = tuple[UUID, UUID]
"""A campaign and an assignment."""


@dataclass
class Giving:
    """What gives the roles that some items are about, by the items' ids."""

    ending: set[UUID] = field(default_factory=set)
    """Assignments that gave them when their review began, and of which nothing is to stay."""
    held: dict[UUID, str] = field(default_factory=dict)
    """Why an item's role is still given by what was there when the review began, in words."""
    anew: set[UUID] = field(default_factory=set)
    """What was approved since the review began gives it."""


def what_gives(items: Collection[ReviewItem]) -> Giving:
    """Look at the living reasons of the grants of these items; four statements at most.

    An assignment is left alone where it is itself among what its campaign lets stay, or gives such a role besides: what
    reviewers approved is not taken away by what they denied.
    """
    found = Giving()
    about = {item.grant_id for item in items if item.grant_id}
    reasons = GrantReason.objects.living().filter(grant__in=about).values_list("grant", "reference")
    references: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for grant, reference in reasons if about else ():
        references[grant].add(reference)
    wanted = {reference for given in references.values() for reference in given}
    if not wanted:
        return found
    live = Assignment.objects.live().select_related("package").in_bulk(wanted)
    stays = _what_stays(live, campaigns={item.campaign_id for item in items})
    for item in items:
        if item.grant_id:
            giving = [live[one] for one in references[item.grant_id] if one in live]
            _sort(item, giving, stays=stays, into=found)
    return found


def _sort(item: ReviewItem, giving: Sequence[Assignment], *, stays: Mapping[Key, str], into: Giving) -> None:
    before = [one for one in giving if _had_begun(one, item.campaign)]
    if len(before) < len(giving):
        into.anew.add(item.pk)
    for one in sorted(before, key=lambda one: (item.campaign_id, one.pk) in stays):
        also = stays.get((item.campaign_id, one.pk))
        if also is None:
            into.ending.add(one.pk)
        into.held[item.pk] = _why(one, also)


def _why(assignment: Assignment, also: str | None) -> str:
    told = {"package": assignment.package, "role": also}
    if also:
        words = _(
            "%(package)s gives it together with %(role)s, which stays: "
            "change the package or end the assignment by hand."
        )
        return words % told
    return _("%(package)s still gives it: end the assignment by hand.") % told


def _had_begun(assignment: Assignment, campaign: Campaign) -> bool:
    return assignment.starts_at <= (campaign.starts_at or campaign.created_at)


def _what_stays(assignments: Collection[UUID], *, campaigns: Collection[UUID]) -> dict[Key, str]:
    """What is in the same campaign and does not go, as far as is decided: the role in words, or "" of the assignment
    itself, by the assignment that gives it.
    """
    kept = ReviewItem.objects.filter(campaign__in=campaigns).exclude(result=Result.REMOVE)
    given = kept.filter(grant__reasons__reference__in=assignments, grant__reasons__ended_at=None)
    rows = given.values_list("campaign", "grant__reasons__reference", "what")
    stays = {(campaign, reference): what for campaign, reference, what in rows}
    themselves = kept.filter(assignment__in=assignments).values_list("campaign", "assignment")
    return stays | dict.fromkeys(themselves, "")
