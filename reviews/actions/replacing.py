"""Somebody for every open item: others where reviewers were disabled, or where nobody in a panel may answer on it.

Others of the panel go on; where none of them can, whoever the stage falls back to is asked.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from catalog.models import Catalog, Resource
from directory.models import User

from .. import events, reviewers
from ..lifecycle import IllegalMove
from ..models import Campaign, CampaignStage, Panel, PanelMember
from ..permissions import catalog_of
from .holding import hold_open
from .standing_in import seat_delegates

logger = logging.getLogger(__name__)

__all__ = ["replace_absent", "seat_delegates"]

BATCH = 200
"""So many panels of a kind are looked at by one sweep, whichever they are: where nobody can be found for some, they do
not hold up the others for good."""


@dataclass(frozen=True)
class Heirs:
    """Who is asked instead, and as what; nobody where the others of the panel are enough."""

    people: Sequence[User] = ()
    via: str = ""


def replace_absent(*, now: datetime) -> int:
    """Take those who are disabled out of open panels, and seat somebody where nobody may answer on what is open; each
    panel in a transaction of its own. Returns how many changed.

    Where there is nobody to ask, a panel stays as it is, and the next sweep tries again.
    """
    panels = _wanting()
    return sum(_try_to_replace(panel, campaign_id=campaign, now=now) for panel, campaign in panels.items())


def _wanting() -> dict[UUID, UUID]:
    """Panels of open stages with somebody who is disabled, with nobody, or with nobody but the person concerned; with
    their campaigns."""
    seats = PanelMember.objects.current()
    absent, alone = seats.filter(person__is_active=False), seats.left_alone()
    found: dict[UUID, UUID] = {}
    for panels in (
        Panel.objects.filter(pk__in=absent.order_by().values("panel")),
        Panel.objects.filter(pk__in=alone.order_by().values("panel")),
        Panel.objects.abandoned(),
    ):
        found |= dict(panels.order_by("?").values_list("pk", "campaign")[:BATCH])
    return found


def _try_to_replace(panel_id: UUID, *, campaign_id: UUID, now: datetime) -> bool:
    """One panel that cannot be mended keeps no other from it."""
    try:
        return _replace(panel_id, campaign_id=campaign_id, now=now)
    except Exception:
        logger.exception("Nobody could be asked instead in the panel %s", panel_id)
        return False


@transaction.atomic
def _replace(panel_id: UUID, *, campaign_id: UUID, now: datetime) -> bool:
    try:
        campaign, stage = hold_open(campaign_id, now=now)
    except IllegalMove:
        return False
    panel = Panel.objects.select_for_update(of=("self",), no_key=True).get(pk=panel_id)
    seats = list(panel.members.filter(left_at=None).select_related("person", "in_place_of").order_by("asked_at", "pk"))
    absent = {seat.person for seat in seats if not seat.person.is_active}
    leaving = [seat for seat in seats if seat.person in absent or seat.in_place_of in absent]
    staying = [seat.person for seat in seats if seat not in leaving]
    heirs = _heirs(panel, campaign=campaign, stage=stage, staying=staying)
    if heirs is None or not (leaving or heirs.people):
        return False
    PanelMember.objects.filter(pk__in=[seat.pk for seat in leaving]).update(left_at=now)
    PanelMember.objects.bulk_create(PanelMember(panel=panel, person=person, asked_at=now) for person in heirs.people)
    if heirs.people:
        panel.reroute([*staying, *heirs.people], via=heirs.via)
    _tell(campaign, absent=absent, staying=staying, heirs=heirs, now=now)
    return True


def _heirs(panel: Panel, *, campaign: Campaign, stage: CampaignStage, staying: Sequence[User]) -> Heirs | None:
    """Who is asked beside those who stay, until there is somebody for each item; None where nobody can be."""
    if _is_answered_by(staying, panel=panel, stage=stage):
        return Heirs()
    found: dict[UUID, User] = {}
    for ids, via in _fallbacks(campaign, stage=stage):
        found |= User.objects.enabled().exclude(pk__in=[person.pk for person in staying]).in_bulk(ids)
        if _is_answered_by([*staying, *found.values()], panel=panel, stage=stage):
            return Heirs(list(found.values()), via)
    return None


def _is_answered_by(people: Sequence[User], *, panel: Panel, stage: CampaignStage) -> bool:
    """Whether these people can answer on everything in the panel that is open and still there."""
    asked = panel.items.open().standing()
    if len(people) > 1 or (people and stage.is_self_review):
        return True
    return not asked.filter(person=people[0]).exists() if people else not asked.exists()


def _fallbacks(campaign: Campaign, *, stage: CampaignStage) -> Iterator[tuple[Sequence[UUID], str]]:
    """Who is asked where the stage finds nobody, one way after the other (behaviour 2)."""
    review = campaign.review
    yield reviewers.named(stage.fallback), _("fallback")
    package = review.policy.package if review.policy else review.package
    if package:
        yield [package.owner_id], _("the package's owner")
    if catalog := catalog_of(review):
        yield (
            reviewers.of_catalogs(Catalog.objects.filter(pk=catalog.pk)).get(catalog.pk, []),
            _("the catalog's owners"),
        )
    resource = review.resource or (review.resource_role.resource if review.resource_role else None)
    if resource:
        owners = reviewers.of_resources(Resource.objects.filter(pk=resource.pk), or_of_their_catalogs=True)
        yield owners.get(resource.pk, []), _("the resource's owners")
    yield list(User.objects.administrators().values_list("pk", flat=True)), _("administrators")


def _tell(campaign: Campaign, *, absent: set[User], staying: Sequence[User], heirs: Heirs, now: datetime) -> None:
    asked = [*staying, *heirs.people] if absent else heirs.people
    details = {
        "absent": ", ".join(sorted(str(person) for person in absent)),
        "reviewers": ", ".join(str(person) for person in asked) or _("nobody, for nothing is open"),
        "asked": [str(person.pk) for person in heirs.people],
        "via": heirs.via,
    }
    journal.record(
        events.REVIEWER_REPLACED if absent else events.REVIEWER_FOUND,
        actor=None,
        target=campaign,
        person=next(iter(absent)) if len(absent) == 1 else None,
        at=now,
        details=details,
        correlation_id=campaign.pk,
    )
