"""The figures of the governance overview, each by one statement, however much there is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.models import Catalog
from catalog.roles import Right
from directory.models import User
from directory.permissions import can_read_everything
from provisioning.lifecycle import CaseKind, GrantStatus
from provisioning.models import Connector, DriftCase
from requests_app.lifecycle import DECIDABLE, RequestStatus
from requests_app.templatetags.states import tone
from reviews.models import Campaign, CampaignStage, Panel, PanelMember

from . import scope

MOST = 5
"""Campaigns and connectors on the overview; their own pages have all."""
ENDING_WITHIN = timedelta(days=30)
DAY, WEEK = timedelta(days=1), timedelta(days=7)

STATES = (
    GrantStatus.VERIFIED,
    GrantStatus.DELIVERED,
    GrantStatus.PENDING,
    GrantStatus.FAILED,
    GrantStatus.DRIFTED,
    GrantStatus.REMOVAL_PENDING,
)
"""How a role that somebody holds can stand in its system, from what is well to what is not."""
UNSETTLED = STATES[2:]
"""Those that are listed: something is still to happen."""


@dataclass(frozen=True)
class Bar:
    """How many of all; where that leads, and the tone in which it is drawn."""

    label: str
    count: int
    total: int
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Figure:
    """A number, and what it is made of."""

    total: int
    bars: list[Bar]
    facts: dict[str, Any] = field(default_factory=dict)


def catalogs_of(user: User) -> list[str] | None:
    """The names of the catalogs that this person looks after; None where they look over everything."""
    if can_read_everything(user):
        return None
    return list(Catalog.objects.with_right(user, Right.READ).order_by("name").values_list("name", flat=True))


def open_requests(user: User, *, now: datetime) -> Figure:
    """Requests that wait for somebody, by how long ago they were made; what begins later waits for nobody."""
    rows = waiting_requests(scope.access_requests(user))
    bands = (
        (_("up to a day"), Q(submitted_at__gt=now - DAY), ""),
        (_("2 or 3 days"), Q(submitted_at__lte=now - DAY, submitted_at__gt=now - 3 * DAY), ""),
        (_("up to a week"), Q(submitted_at__lte=now - 3 * DAY, submitted_at__gt=now - WEEK), ""),
        (_("more than a week"), Q(submitted_at__lte=now - WEEK), "warn"),
    )
    undecided = Count("pk", filter=Q(status__in=DECIDABLE))
    return _in_bands(rows, bands, oldest=Min("submitted_at"), undecided=undecided)


def waiting_requests(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Open requests but for those that begin later."""
    return rows.open().exclude(status=RequestStatus.SCHEDULED)  # type: ignore[attr-defined]  # of requests


def deliveries(user: User) -> Figure:
    """Roles that people hold, each by how it stands in its system; what is gone is not counted."""
    found = scope.grants(user).filter(status__in=STATES).order_by().values_list("status")
    counts = dict(found.annotate(number=Count("pk")))
    total = sum(counts.values())
    address = reverse("evidence:delivery")
    bars = [
        Bar(
            label=capfirst(str(state.label)),
            count=counts.get(state, 0),
            total=total,
            url=f"{address}?state={state}" if state in UNSETTLED and counts.get(state) else "",
            tone=tone(state),
        )
        for state in STATES
    ]
    return Figure(total, bars)


def drift(user: User) -> Figure:
    """Cases that wait for an answer, by how the system differs."""
    found = DriftCase.objects.visible_to(user).open().order_by().values_list("kind")
    counts = dict(found.annotate(number=Count("pk")))
    total = sum(counts.values())
    bars = [Bar(capfirst(str(kind.label)), counts.get(kind, 0), total, tone="warn") for kind in CaseKind]
    return Figure(total, bars)


def stuck(user: User) -> int:
    """How many changes were given up."""
    return scope.stuck_operations(user).count()


def stuck_accounts(user: User) -> int:
    """How many accounts are not disabled, or enabled again, as they should be."""
    return scope.stuck_accounts(user).count()


def troubled(user: User) -> list[Connector]:
    """Connectors that do not answer, those that are paused first; one more than is shown where there are more."""
    found = scope.troubled_connectors(user).select_related("system")
    return list(found.order_by(F("paused_at").asc(nulls_last=True), "pk")[: MOST + 1])


def ending(user: User, *, now: datetime) -> Figure:
    """Access that ends within thirty days, by weeks."""
    edges = [now, *(now + number * WEEK for number in (1, 2, 3)), now + ENDING_WITHIN]
    labels = (_("within a week"), _("in the second week"), _("in the third week"), _("after that, up to 30 days"))
    bands = tuple(
        (label, Q(ends_at__gt=after, ends_at__lte=until), "")
        for label, after, until in zip(labels, edges, edges[1:], strict=False)
    )
    return _in_bands(ending_soon(scope.assignments(user), now=now), bands)


def ending_soon(rows: QuerySet[Any], *, now: datetime) -> QuerySet[Any]:
    """Live access that ends within thirty days."""
    return rows.live().filter(ends_at__gt=now, ends_at__lte=now + ENDING_WITHIN)  # type: ignore[attr-defined]


def campaigns(user: User) -> list[Campaign]:
    """Running campaigns, what closes first at first; one more than is shown where there are more.

    With `asked` and `answered`: items of the open stage; `behind`: reviewers for whose answers it waits; `closes_at`:
    when the stage does.
    """
    here = Panel.objects.filter(campaign=OuterRef("pk"), stage=OuterRef("stage")).order_by()
    late = PanelMember.objects.waiting().filter(panel__campaign=OuterRef("pk")).order_by()
    stage = CampaignStage.objects.filter(campaign=OuterRef("pk"), position=OuterRef("stage"))
    found = scope.running_campaigns(user).annotate(
        asked=_number(here, Sum("total")),
        unanswered=_number(here, Sum("open_items")),
        answered=F("asked") - F("unanswered"),
        behind=_number(late, Count("person", distinct=True)),
        closes_at=Subquery(stage.values("ends_at")),
    )
    return list(found.order_by(F("closes_at").asc(nulls_last=True), "pk")[: MOST + 1])


def unreviewed(user: User) -> Figure:
    """Packages at which no review looks, of all that are enabled."""
    lacks = Q(pk__in=scope.unreviewed_packages(user).order_by().values("pk"))
    counts = scope.packages(user).order_by().aggregate(total=Count("pk"), without=Count("pk", filter=lacks))
    without, total = counts["without"], counts["total"]
    bars = [Bar(_("under review"), total - without, total, tone="good"), Bar(_("without a review"), without, total)]
    return Figure(without, bars)


def _number(rows: QuerySet[Any], number: Any) -> Coalesce:
    """A number over rows of the outer statement's row."""
    found = rows.annotate(all=Value(1)).values("all").annotate(number=number).values("number")
    return Coalesce(Subquery(found, output_field=IntegerField()), 0)


def _in_bands(rows: QuerySet[Any], bands: Sequence[tuple[str, Q, str]], **more: Any) -> Figure:
    """How many rows are in each band, and in all."""
    counts = {f"band{number}": Count("pk", filter=band) for number, (_label, band, _tone) in enumerate(bands)}
    found = rows.order_by().aggregate(total=Count("pk"), **counts, **more)
    bars = [
        Bar(label, found[f"band{number}"], found["total"], tone=look)
        for number, (label, _band, look) in enumerate(bands)
    ]
    return Figure(found["total"], bars, {name: found[name] for name in more})
