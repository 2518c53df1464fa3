"""Recommendations: what is known of each item, as expressions that the database freezes with it, and why in words.

The rule, in this order (docs/reviews.md):

1. What cannot be held beside something else that the person has is to be removed: the package that the rule keeps them
   from; of two that rule each other out, the one that came later. An exception in force lifts it.
2. What was used within `recommends_after` days is to stay.
3. What was not is to be removed, unless it is newer than that, or one of its systems was not asked for as long.
4. Where use says nothing, it is to stay if at least half of the people like them have it. That few have it is told, and
   recommends nothing by itself.
5. Otherwise nothing is recommended.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import (
    Case,
    CharField,
    Expression,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import TargetSystem
from provisioning.models import Connector, UseReading

from . import beside
from .choices import NoResponse, Recommendation, ReviewScope
from .models import EVERYBODY, Campaign, PeerCount
from .peers import JOB, MANAGER
from .terms import Terms
from .use import Use, of_assignments, of_grants

if TYPE_CHECKING:
    from .models import ReviewItem

FEWEST_PEERS = 4
"""Of fewer people nothing follows."""
LONG = timedelta(days=730)
"""What is held for longer is said to be."""
Facts = dict[str, Expression]


def are_wanted(terms: Terms) -> bool:
    """Whether anybody sees recommendations, or anything follows from them."""
    return terms.shows_recommendations or terms.if_no_response == NoResponse.RECOMMENDATION


# --- Frozen with the items --------------------------------------------------------------------------------------------


def facts_of_assignments(terms: Terms, now: datetime, *, campaign: Campaign | None = None) -> Facts:
    """What is known of each row of a query of assignments; peers where they were counted for the campaign."""
    use = Use(partial(of_assignments, terms), _cutoff(terms, now))
    if not are_wanted(terms):
        return {"last_used_at": use.last_used_at()}
    peers, peers_with = _peers(campaign, "package")
    return {
        "last_used_at": use.last_used_at(),
        "peers": peers,
        "peers_with": peers_with,
        "covered_by": beside.covered_by(),
        "conflicts_with": beside.conflicts_with(),
        "recommendation": _recommended(
            use,
            is_old=Q(delivered_at__lte=use.cutoff),
            gives_way=beside.is_to_give_way(),
            by_peers=_by_peers(peers, peers_with),
        ),
    }


def facts_of_grants(terms: Terms, now: datetime, *, campaign: Campaign | None = None) -> Facts:
    """The same of grants; what was there before AccessGov counts as old."""
    use = Use(of_grants, _cutoff(terms, now))
    if not are_wanted(terms):
        return {"last_used_at": use.last_used_at()}
    peers, peers_with = _peers(campaign, "resource_role")
    return {
        "last_used_at": use.last_used_at(),
        "peers": peers,
        "peers_with": peers_with,
        "covered_by": beside.also_given_by(),
        "recommendation": _recommended(
            use,
            is_old=Q(is_adopted=True) | Q(changed_at__lte=use.cutoff),
            gives_way=None,
            by_peers=_by_peers(peers, peers_with),
        ),
    }


def _cutoff(terms: Terms, now: datetime) -> datetime:
    return now - timedelta(days=terms.recommends_after)


def _recommended(use: Use, *, is_old: Q, gives_way: Q | None, by_peers: Expression) -> Expression:
    """Each part is asked for once, and only where the one before it said nothing."""
    of_old, of_new = (use.verdict(may_deny=may_deny) for may_deny in (True, False))
    first = [When(gives_way, then=Value(Recommendation.DENY))] if gives_way is not None else []
    second = [When(is_old, then=Coalesce(of_old, by_peers))] if of_old is not None else []
    last = Coalesce(of_new, by_peers) if of_new is not None else by_peers
    return Case(*first, *second, default=last, output_field=CharField())


def _peers(campaign: Campaign | None, what: str) -> tuple[Expression, Expression]:
    """How many others are like the person, and how many of them have the same."""
    if campaign is None:
        return (Value(0, output_field=IntegerField()),) * 2
    counts = campaign.peer_counts.order_by()
    return _others(counts.filter(what=EVERYBODY)), _others(counts.filter(what=OuterRef(what)))


def _others(counts: "QuerySet[PeerCount]") -> Expression:
    found = [
        When(
            likeness.concerns("person__"),
            then=Subquery(counts.filter(alike=likeness.key(_outer_person)).values("people")),
        )
        for likeness in (MANAGER, JOB)
    ]
    everybody = Coalesce(Case(*found, default=0, output_field=IntegerField()), 0)
    themselves = Case(When(person__is_active=True, then=1), default=0, output_field=IntegerField())
    return Greatest(everybody - themselves, 0, output_field=IntegerField())


def _outer_person(name: str) -> OuterRef:
    return OuterRef(f"person__{name}")


def _by_peers(peers: Expression, peers_with: Expression) -> Expression:
    are_most = Q(GreaterThanOrEqual(peers, FEWEST_PEERS)) & Q(GreaterThanOrEqual(peers_with * 2, peers))
    kept = When(are_most, then=Value(Recommendation.APPROVE))
    return Case(kept, default=Value(Recommendation.NONE), output_field=CharField())


# --- In words ---------------------------------------------------------------------------------------------------------


def in_words(item: "ReviewItem") -> list[str]:
    """Why an item is recommended to stay or to go, from what was frozen with it; its campaign should be loaded."""
    terms, at = item.campaign.rules, item.campaign.created_at
    told = [_conflict_in_words(item), _use_in_words(item, terms, at), _peers_in_words(item)]
    told += [_cover_in_words(item), _age_in_words(item, at)]
    return [sentence for sentence in told if sentence]


def _conflict_in_words(item: "ReviewItem") -> str:
    if not item.conflicts_with:
        return ""
    return _("Incompatible with %(other)s, which they have as well") % {"other": item.conflicts_with}


def _use_in_words(item: "ReviewItem", terms: Terms, at: datetime) -> str:
    """That it was never used follows where it is to go, and nothing else says so."""
    if item.last_used_at:
        is_recent = item.last_used_at >= _cutoff(terms, at)
        text = _("Last used on %(day)s") if is_recent else _("Not used since %(day)s")
        return text % {"day": _day(item.last_used_at)}
    if item.recommendation == Recommendation.DENY and not item.conflicts_with:
        return _("Never used")
    return ""


def _peers_in_words(item: "ReviewItem") -> str:
    if not item.peers:
        return ""
    facts = {"having": item.peers_with, "count": item.peers}
    if item.manager_name:
        return (
            ngettext(
                "%(having)d of %(count)d other person with the same manager has it",
                "%(having)d of %(count)d other people with the same manager have it",
                item.peers,
            )
            % facts
        )
    return (
        ngettext(
            "%(having)d of %(count)d other person with the same job in the same department has it",
            "%(having)d of %(count)d other people with the same job in the same department have it",
            item.peers,
        )
        % facts
    )


def _cover_in_words(item: "ReviewItem") -> str:
    return _("Also given by %(package)s") % {"package": item.covered_by} if item.covered_by else ""


def _age_in_words(item: "ReviewItem", at: datetime) -> str:
    if item.held_since is None or item.is_adopted or item.held_since > at - LONG:
        return ""
    return _("Held since %(day)s, for more than two years") % {"day": _day(item.held_since)}


def _day(moment: datetime) -> str:
    return date_format(localtime(moment), "j M Y")


# --- How old it is ----------------------------------------------------------------------------------------------------


def freshness(terms: Terms, now: datetime) -> dict[str, str | None]:
    """When what is known was last read, by source: who uses each system, and who holds what in it."""
    found: dict[str, str | None] = {}
    systems = _systems(terms).select_related("connector", "use_reading").order_by("name")
    for system in systems:
        connector: Connector | None = getattr(system, "connector", None)
        reading: UseReading | None = getattr(system, "use_reading", None)
        compared_at, used_at = connector and connector.reconciled_at, reading and reading.seen_at
        found[_("holders in %(system)s") % {"system": system}] = compared_at.isoformat() if compared_at else None
        found[_("use of %(system)s") % {"system": system}] = used_at.isoformat() if used_at else None
    return found


def _systems(terms: Terms) -> "QuerySet[TargetSystem]":
    """The systems in which the reviewed access is."""
    about = {
        ReviewScope.POLICY: "resources__roles__package_roles__package__policies",
        ReviewScope.PACKAGE: "resources__roles__package_roles__package",
        ReviewScope.CATALOG: "resources__catalogs",
        ReviewScope.RESOURCE: "resources",
        ReviewScope.ROLE: "resources__roles",
    }.get(ReviewScope(terms.scope), "resources__roles__grants__person")
    return TargetSystem.objects.filter(**{about: terms.about}).distinct()
