"""Convenes the panels of a stage before anything is put to them, by sets: who reviews what, and who instead of whom.

What an item is put to is decided by the database when the item is written (`panel_of`): to the panel of whom its stage
names; else to the stage's fallback, the owner of the package (of a role: of the resource), the catalog's owners, the
administrators (behaviour 2). A panel whose only member would be asked about themselves is passed over, unless people
review themselves in this stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext as _

from catalog.models import AccessPackage, Catalog
from directory.models import User

from .. import reviewers
from ..choices import ReviewerKind
from ..inserting import insert_select, refresh_statistics
from ..models import Campaign, CampaignStage, Panel, PanelMember, ReviewItem
from ..population import ASSIGNMENTS, GRANTS, sources_of

NAMED, FALLBACK, ADMINISTRATORS = "people", "fallback", "administrators"
ANCHORS: dict[str, dict[str, str]] = {
    ASSIGNMENTS: {
        ReviewerKind.MANAGER: "person__manager",
        ReviewerKind.SELF: "person",
        ReviewerKind.SPONSORS: "person",
        ReviewerKind.PACKAGE_OWNER: "package",
        ReviewerKind.CATALOG_OWNERS: "package__catalog",
        ReviewerKind.RESOURCE_OWNERS: "package",
    },
    GRANTS: {
        ReviewerKind.MANAGER: "person__manager",
        ReviewerKind.SELF: "person",
        ReviewerKind.SPONSORS: "person",
        ReviewerKind.RESOURCE_OWNERS: "resource_role__resource",
    },
}
"""By what of a row its panel is found, where it is not one panel for all."""
OWNERS = {ASSIGNMENTS: ("package", "package__catalog"), GRANTS: ("resource_role__resource",)}
"""By what of a row those are found who are asked where the stage finds nobody, before the administrators."""

Held = Mapping[str, "QuerySet[Any]"]
"""What is put to the panels: assignments and grants, by the name of their source."""


@dataclass(frozen=True)
class Round:
    """A stage whose panels are being convened."""

    campaign: Campaign
    stage: CampaignStage
    now: datetime

    @property
    def panels(self) -> "QuerySet[Panel]":
        return Panel.objects.filter(campaign=self.campaign, stage=self.stage.position)

    def of(self, held: Held, paths: Mapping[str, str]) -> Q:
        """The ids that these rows name, by each source's own path."""
        found = Q(pk__in=[])
        for name, rows in held.items():
            if path := paths.get(name):
                found |= Q(pk__in=rows.order_by().values(path))
        return found


def convene(*, campaign: Campaign, stage: CampaignStage, now: datetime, held: Held | None = None) -> None:
    """Write the panels of a stage with their members, for all that the campaign looks at or for what is `held`.

    A fixed number of statements, but for members of panels of several, who are written in batches. Panels to which
    nothing comes are taken away by `count`.
    """
    about = Round(campaign, stage, now)
    held = {source.name: source.rows for source in sources_of(campaign)} if held is None else held
    _seat_primary(about, held)
    _seat_fallback(about, held)
    single = about.panels.filter(only_member__isnull=False)
    insert_select(PanelMember, single, panel=F("pk"), person=F("only_member"), asked_at=now)
    refresh_statistics(Panel)


def panel_of(source: str, *, stage: CampaignStage) -> Coalesce:
    """The panel of a row of this source (`population.ASSIGNMENTS`, `GRANTS`), as an expression over such rows."""
    panels = Panel.objects.filter(campaign=stage.campaign_id, stage=stage.position)
    shared = {panel.key: panel for panel in panels.filter(key__in=(NAMED, FALLBACK, ADMINISTRATORS))}
    path = ANCHORS[source].get(stage.reviewers)
    ways: list[Any] = []
    if path:
        ways.append(_anchored(panels.filter(is_rerouted=False), path, may_be_self=stage.is_self_review))
    ways += [_shared(shared[key]) for key in (NAMED, FALLBACK) if key in shared]
    ways += [_anchored(panels.filter(is_rerouted=True), owner) for owner in OWNERS[source]]
    last = shared[ADMINISTRATORS]
    return Coalesce(*ways, Value(last.pk, output_field=UUIDField()))


def count(*, stage: CampaignStage) -> None:
    """Write how many items each panel of the stage has, and take away those to which none came."""
    panels = Panel.objects.filter(campaign=stage.campaign_id, stage=stage.position)
    items = ReviewItem.objects.filter(panel=OuterRef("pk")).order_by().values("panel")
    total = Subquery(items.annotate(number=Count("pk")).values("number"))
    is_open = Subquery(items.filter(is_open=True).annotate(number=Count("pk")).values("number"))
    panels.update(total=Coalesce(total, 0), open_items=Coalesce(is_open, 0))
    empty = panels.filter(total=0)
    PanelMember.objects.filter(panel__in=empty.values("pk")).delete()
    empty.delete()


# --- Whom the stage names ---------------------------------------------------------------------------------------------


def _seat_primary(about: Round, held: Held) -> None:
    kind = ReviewerKind(about.stage.reviewers)
    via = str(kind.label)
    if kind == ReviewerKind.PEOPLE:
        _seat(about, {None: reviewers.named(about.stage.named)}, key=NAMED, via=via)
        return
    wanted = about.of(held, {name: paths[kind] for name, paths in ANCHORS.items() if kind in paths})
    if kind in (ReviewerKind.MANAGER, ReviewerKind.SELF):
        _seat_each(about, User.objects.enabled().filter(wanted), F("pk"), key=kind, via=via)
    elif kind == ReviewerKind.PACKAGE_OWNER:
        owned = AccessPackage.objects.filter(wanted, owner__is_active=True)
        _seat_each(about, owned, F("owner"), key="package", via=via)
    elif kind == ReviewerKind.CATALOG_OWNERS:
        _seat(about, reviewers.of_catalogs(Catalog.objects.filter(wanted)), key="catalog", via=via)
    elif kind == ReviewerKind.SPONSORS:
        _seat(about, reviewers.sponsors(User.objects.filter(wanted)), key="sponsors", via=via)
    else:
        _seat(about, _owners_of_resources(about, held), key="resource", via=via)


def _owners_of_resources(about: Round, held: Held) -> reviewers.Seats:
    """Of the resources that a package gives, by the package; of a role's resource, by the resource."""
    packages = AccessPackage.objects.filter(about.of(held, {ASSIGNMENTS: "package"}))
    return {
        **reviewers.of_resources_in(packages),
        **reviewers.of_resources(_resources(about, held)),
    }


# --- Who is asked where that finds nobody -----------------------------------------------------------------------------


def _seat_fallback(about: Round, held: Held) -> None:
    _seat(about, {None: reviewers.named(about.stage.fallback)}, key=FALLBACK, via=_("fallback"), is_rerouted=True)
    if ASSIGNMENTS in held:
        packages = AccessPackage.objects.filter(about.of(held, {ASSIGNMENTS: "package"}))
        owned, via = packages.filter(owner__is_active=True), _("the package's owner")
        _seat_each(about, owned, F("owner"), key="owner", via=via, is_rerouted=True)
        catalogs = reviewers.of_catalogs(Catalog.objects.filter(packages__in=packages.values("pk")).distinct())
        _seat(about, catalogs, key="owners", via=_("the catalog's owners"), is_rerouted=True)
    if GRANTS in held:
        owners = reviewers.of_resources(_resources(about, held), or_of_their_catalogs=True)
        _seat(about, owners, key="owners", via=_("the resource's owners"), is_rerouted=True)
    _seat_administrators(about)


def _resources(about: Round, held: Held) -> "QuerySet[Any]":
    from catalog.models import Resource

    return Resource.objects.filter(about.of(held, {GRANTS: "resource_role__resource"}))


def _seat_administrators(about: Round) -> None:
    """Even where there are none: then somebody has to be made one, and nothing is lost meanwhile."""
    everybody = list(User.objects.administrators().order_by("pk").values_list("pk", flat=True))
    _write(about, {None: everybody}, key=ADMINISTRATORS, via=_("administrators"), is_rerouted=True)


# --- Panels of one, written by the database; of several, row by row ---------------------------------------------------


def _seat_each(
    about: Round, anchors: "QuerySet[Any]", member: F, *, key: str, via: str, is_rerouted: bool = False
) -> None:
    insert_select(
        Panel,
        anchors.order_by(),
        campaign=about.campaign.pk,
        stage=about.stage.position,
        key=Concat(Value(f"{key}:"), Cast("pk", CharField())),
        anchor=F("pk"),
        only_member=member,
        is_rerouted=is_rerouted,
        via=via,
    )


def _seat(about: Round, seats: reviewers.Seats, *, key: str, via: str, is_rerouted: bool = False) -> None:
    filled = {anchor: people for anchor, people in seats.items() if people}
    _write(about, filled, key=key, via=via, is_rerouted=is_rerouted)


def _write(about: Round, seats: reviewers.Seats, *, key: str, via: str, is_rerouted: bool) -> None:
    panels = [
        Panel(
            campaign=about.campaign,
            stage=about.stage.position,
            key=f"{key}:{anchor}" if anchor else key,
            anchor=anchor,
            only_member_id=people[0] if len(people) == 1 else None,
            is_rerouted=is_rerouted,
            via=via,
        )
        for anchor, people in seats.items()
    ]
    Panel.objects.bulk_create(panels, batch_size=1000)
    members = [
        PanelMember(panel=panel, person_id=person, asked_at=about.now)
        for panel in panels
        for person in seats[panel.anchor]
        if panel.only_member_id is None
    ]
    PanelMember.objects.bulk_create(members, batch_size=1000)


# --- Which panel an item is put to ------------------------------------------------------------------------------------


def _anchored(panels: "QuerySet[Panel]", path: str, *, may_be_self: bool = False) -> Subquery:
    found = panels.filter(anchor=OuterRef(path))
    if not may_be_self:
        found = found.filter(Q(only_member=None) | ~Q(only_member=OuterRef("person")))
    return Subquery(found.order_by().values("pk"))


def _shared(panel: Panel) -> Any:
    chosen = Value(panel.pk, output_field=UUIDField())
    if panel.only_member_id is None:
        return chosen
    return Case(When(~Q(person=panel.only_member_id), then=chosen), output_field=UUIDField())
