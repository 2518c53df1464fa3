"""Who reviews in whose place while that one is away: seated beside them, and taken off when it is over."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from audit import journal
from directory.models import User
from requests_app.models import Delegation
from requests_app.querysets import DelegationQuerySet

from .. import events
from ..lifecycle import CampaignStatus
from ..models import Campaign, PanelMember

BATCH = 500
SEATING = 7_340_012
"""The number of the advisory lock under which delegates are seated; SQLite has one writer anyway."""
ABOUT = "panel__campaign__review"
CATALOG = Coalesce(f"{ABOUT}__policy__package__catalog", f"{ABOUT}__package__catalog", f"{ABOUT}__catalog")
"""The catalog that a campaign is about; whoever reviews a resource's holders or a person's access is replaced by those
alone who stand in everywhere."""


@transaction.atomic
def seat_delegates(*, now: datetime) -> int:
    """Bring open panels into line with the delegations that hold now; returns how many seats changed.

    Who stands in reviews beside the one who is away, never on their own access, and does not pass it on.
    """
    _one_at_a_time()
    lent = _seats().filter(in_place_of__isnull=False)
    over = lent.annotate(catalog=CATALOG).exclude(Exists(_of_place(now)))
    left = PanelMember.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:BATCH])).update(left_at=now)
    wanting = _seats().filter(in_place_of=None, person__in=Delegation.objects.in_force(now).values("delegator"))
    heirs = wanting.annotate(catalog=CATALOG).annotate(heir=_heir(now)).filter(heir__isnull=False)
    found = heirs.exclude(Exists(_there())).select_related("panel__campaign", "person").order_by("pk")[:BATCH]
    return left + _seat(list(found), now=now)


def whose_places(actor: User, *, panels: Collection[UUID], now: datetime) -> dict[UUID, User | None]:
    """In whose place the actor sits in each of these panels; None where they are asked themselves.

    Raises PermissionDenied where they no longer stand in: the delegation may have ended since they were seated.
    """
    seats = PanelMember.objects.filter(person=actor, panel__in=panels, left_at=None)
    named = list(seats.select_related("in_place_of"))
    lent = [seat for seat in named if seat.in_place_of_id]
    if lent:
        holding = seats.annotate(catalog=CATALOG).filter(Exists(_of_place(now))).values_list("pk", flat=True)
        if over := {seat.pk for seat in lent} - set(holding):
            away = next(seat.in_place_of for seat in lent if seat.pk in over)
            raise PermissionDenied(_("You no longer review in the place of %(person)s.") % {"person": away})
    return {seat.panel_id: seat.in_place_of for seat in named}


def _seats() -> "QuerySet[PanelMember]":
    """Whoever sits in a panel of a stage that is open; what people answer about themselves nobody answers for them."""
    current = Q(panel__stage=F("panel__campaign__stage"), panel__campaign__status=CampaignStatus.IN_PROGRESS)
    return PanelMember.objects.filter(current, left_at=None).exclude(panel__key__startswith="self:")


def _of_place(now: datetime) -> DelegationQuerySet:
    """What seats somebody in another's place, for rows of seats that know their `catalog`."""
    held = Delegation.objects.in_force(now).covering(OuterRef(OuterRef("catalog")))
    return held.filter(delegator=OuterRef("in_place_of"), delegate=OuterRef("person"))


def _heir(now: datetime) -> Subquery:
    """Who stands in for the person of a seat, since before they were asked or also for what was waiting."""
    held = Delegation.objects.in_force(now).covering(OuterRef(OuterRef("catalog"))).filter(delegator=OuterRef("person"))
    since = held.filter(Q(takes_waiting=True) | Q(starts_at__lte=OuterRef("asked_at")))
    return Subquery(since.order_by("pk").values("delegate")[:1], output_field=UUIDField())


def _there() -> "QuerySet[PanelMember]":
    return PanelMember.objects.filter(panel=OuterRef("panel"), person=OuterRef("heir"), left_at=None)


def _one_at_a_time() -> None:
    """Two that seat at once, neither seeing the other's, would give one person two seats in a panel."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEATING])


def _seat(found: list[Any], *, now: datetime) -> int:
    """Seat the heirs beside these, each once in a panel, and tell it once for each campaign."""
    once = {(seat.panel_id, seat.heir): seat for seat in reversed(found)}
    seats = [
        PanelMember(panel_id=panel, person_id=heir, in_place_of=seat.person, asked_at=now)
        for (panel, heir), seat in once.items()
    ]
    PanelMember.objects.bulk_create(seats)
    people = User.objects.in_bulk({heir for _panel, heir in once})
    told = {(seat.panel.campaign, people[seat.heir], seat.person) for seat in once.values()}
    journal.record_many(_told(*facts, now=now) for facts in sorted(told, key=lambda facts: str(facts[0].pk)))
    return len(seats)


def _told(campaign: Campaign, delegate: User, delegator: User, *, now: datetime) -> Any:
    return journal.entry(
        events.REVIEWER_DELEGATED,
        actor=None,
        target=campaign,
        person=delegator,
        at=now,
        details={"delegate": str(delegate), "delegator": str(delegator), "asked": [str(delegate.pk)]},
        correlation_id=campaign.pk,
    )
