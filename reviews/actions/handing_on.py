"""Handing items on to somebody else: to one who knows better, for a reason; what was answered stays answered."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, Count, F, Q, Value, When
from django.utils.translation import gettext as _

from audit import journal
from directory.models import PersonKind, User

from .. import events
from ..lifecycle import ApplyState
from ..models import Campaign, Panel, ReviewItem
from ..permissions import can_steer
from ..querysets import ItemQuerySet
from .holding import hold_open

MOST = 1000
"""More items than these are handed on in several goes, unless it is everything that is open."""


@transaction.atomic
def hand_on(*, items: Iterable[ReviewItem | UUID], to: User, why: str, actor: User, now: datetime) -> int:
    """Have another person answer on items of one campaign in its open stage; returns how many.

    Raises PermissionDenied for whoever is neither asked about all of them nor steers the campaign, IllegalMove where
    the stage or the campaign is over, and ValidationError (of `to`, `why` or `items`).
    """
    ids = {item.pk if isinstance(item, ReviewItem) else item for item in items}
    if len(ids) > MOST:
        raise ValidationError(_("Hand on %(most)d at most at once.") % {"most": MOST}, code="too_many")
    chosen = ReviewItem.objects.filter(pk__in=ids)
    campaigns = list(Campaign.objects.select_related("review").filter(pk__in=chosen.order_by().values("campaign"))[:2])
    if len(campaigns) > 1:
        raise ValidationError(_("These belong to several reviews: hand them on one review after the other."))
    if not campaigns:
        raise PermissionDenied(_("You are not asked about this access."))
    campaign, _stage = hold_open(campaigns[0].pk, now=now)
    may_all = can_steer(actor, campaigns[0])
    mine = (chosen.filter(stage=campaign.stage) if may_all else chosen.asked_of(actor)).exclude(person=actor)
    if mine.count() < len(ids):
        raise PermissionDenied(_("You are not asked about this access."))
    if chosen.filter(person=to).exists():
        raise ValidationError({"to": _("%(person)s would answer on their own access.") % {"person": to}})
    return _hand(mine, campaign=campaign, to=to, why=why, actor=actor, now=now)


@transaction.atomic
def hand_on_open(*, campaign: Campaign, to: User, why: str, actor: User, now: datetime) -> int:
    """Have another person answer on everything that is still open for the actor; returns how many items those are.

    What they would answer about themselves stays. Raises as `hand_on` does.
    """
    held, _stage = hold_open(campaign.pk, now=now)
    mine = ReviewItem.objects.asked_of(actor).filter(campaign=held).open().exclude(Q(person=actor) | Q(person=to))
    if not mine.exists():
        raise ValidationError(_("There is nothing open that you could hand on to them."))
    return _hand(mine, campaign=held, to=to, why=why, actor=actor, now=now)


def _hand(rows: ItemQuerySet, *, campaign: Campaign, to: User, why: str, actor: User, now: datetime) -> int:
    if not why.strip():
        raise ValidationError({"why": _("Say why you hand it on.")})
    heir = User.objects.enabled().filter(pk=to.pk).first()
    if heir is None or heir.kind == PersonKind.GUEST:
        raise ValidationError({"to": _("%(person)s is disabled, or a guest.") % {"person": to}})
    movable = rows.filter(state=ApplyState.NEW)
    moved = move_to_panel(movable, _panel_of(heir, campaign=campaign, now=now))
    if not moved:
        raise ValidationError({"to": _("%(person)s is asked about this already.") % {"person": heir}})
    details = {
        "count": moved,
        "reviewer": str(heir),
        "asked": [str(heir.pk)],
        "why": why.strip(),
        "campaign": str(campaign.pk),
    }
    journal.record(
        events.ITEM_HANDED_ON, actor=actor, target=campaign, at=now, details=details, correlation_id=campaign.pk
    )
    return moved


def _panel_of(heir: User, *, campaign: Campaign, now: datetime) -> Panel:
    """The panel of what was handed on to this person in the open stage."""
    panel, _is_new = Panel.objects.get_or_create(
        campaign=campaign,
        stage=campaign.stage,
        key=f"given:{heir.pk}",
        defaults={"anchor": heir.pk, "only_member": heir, "via": _("handed on")},
    )
    panel.members.get_or_create(person=heir, left_at=None, defaults={"asked_at": now})
    return panel


def move_to_panel(rows: ItemQuerySet, panel: Panel) -> int:
    """Put items of a held campaign to another panel of their stage, both panels' counts with them; returns how many.

    Six statements however many there are. Panels are locked first, in one order; while they are, nobody answers.
    """
    elsewhere = rows.exclude(panel=panel).order_by()
    sources = list(elsewhere.values_list("panel_id", flat=True).distinct())
    panels = Panel.objects.filter(pk__in=[*sources, panel.pk]).order_by("pk")
    list(panels.select_for_update(of=("self",), no_key=True).values_list("pk"))
    moving = elsewhere.filter(panel__in=sources)
    counts = moving.values("panel").annotate(all=Count("pk"), unanswered=Count("pk", filter=Q(is_open=True)))
    numbers = {row["panel"]: (row["all"], row["unanswered"]) for row in counts}
    moving.update(panel=panel)
    moved = sum(total for total, _open in numbers.values())
    _add({pk: (-total, -unanswered) for pk, (total, unanswered) in numbers.items()})
    _add({panel.pk: (moved, sum(unanswered for _all, unanswered in numbers.values()))})
    return moved


def _add(numbers: dict[UUID, tuple[int, int]]) -> None:
    if not numbers:
        return
    total = Case(*(When(pk=pk, then=Value(number)) for pk, (number, _open) in numbers.items()))
    unanswered = Case(*(When(pk=pk, then=Value(number)) for pk, (_all, number) in numbers.items()))
    panels = Panel.objects.filter(pk__in=numbers)
    panels.update(total=F("total") + total, open_items=F("open_items") + unanswered)
