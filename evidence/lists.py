"""The lists behind the figures of the governance overview: which rows, in which order, and what they are called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from audit.pagination import Keyset
from directory.models import User
from directory.permissions import can_read_everything
from provisioning.models import GrantReason

from . import scope
from .overview import UNSETTLED, ending_soon, waiting_requests


@dataclass(frozen=True)
class Listing:
    """A list of things that a figure counted; `row` names the template of one of them."""

    title: Any
    lead: Any
    none: Any
    """What is said where there is nothing."""
    rows: Callable[[User, datetime], QuerySet[Any]]
    row: str
    keyset: Keyset


def _requests(user: User, now: datetime) -> QuerySet[Any]:
    return waiting_requests(scope.access_requests(user)).with_deciders()  # type: ignore[attr-defined]  # of requests


def _deliveries(user: User, now: datetime) -> QuerySet[Any]:
    """With `reference`: the access that gave it last, of what they look after."""
    reasons = GrantReason.objects.filter(grant=OuterRef("pk"))
    if not can_read_everything(user):
        reasons = reasons.filter(reference__in=scope.assignments(user).order_by().values("pk"))
    latest = reasons.order_by("-starts_at", "-pk").values("reference")[:1]
    found = scope.grants(user).filter(status__in=UNSETTLED).with_names()  # type: ignore[attr-defined]  # of grants
    return found.annotate(reference=Subquery(latest))


def _stuck(user: User, now: datetime) -> QuerySet[Any]:
    return scope.stuck_operations(user).select_related("grant__person", "grant__resource_role__resource", "system")


def _stuck_accounts(user: User, now: datetime) -> QuerySet[Any]:
    return scope.stuck_accounts(user).select_related("person", "system")


def _ending(user: User, now: datetime) -> QuerySet[Any]:
    return ending_soon(scope.assignments(user), now=now).select_related("person", "package__catalog")


def _unreviewed(user: User, now: datetime) -> QuerySet[Any]:
    return scope.unreviewed_packages(user).select_related("catalog", "owner")


LISTS: Mapping[str, Listing] = {
    "requests": Listing(
        title=_("Open requests"),
        lead=_("What waits for a decision or is being delivered, the oldest first."),
        none=_("Every request is decided, and what was approved is delivered."),
        rows=_requests,
        row="evidence/_request.html",
        keyset=Keyset("submitted_at", oldest_first=True),
    ),
    "delivery": Listing(
        title=_("Access that is not as it should be"),
        lead=_("Roles that are still to be given or taken away in their systems, the latest change first."),
        none=_("What people should have they have, and what ended is gone."),
        rows=_deliveries,
        row="evidence/_grant.html",
        keyset=Keyset("changed_at"),
    ),
    "stuck": Listing(
        title=_("Stuck operations"),
        lead=_("Changes that were tried too often in vain, and wait for a person."),
        none=_("Nothing was given up."),
        rows=_stuck,
        row="evidence/_operation.html",
        keyset=Keyset("created_at"),
    ),
    "accounts": Listing(
        title=_("Stuck accounts of leavers"),
        lead=_("Accounts that could not be disabled, or enabled again, and wait for a person."),
        none=_("Nothing was given up."),
        rows=_stuck_accounts,
        row="evidence/_account.html",
        keyset=Keyset("created_at"),
    ),
    "ending": Listing(
        title=_("Access ending within 30 days"),
        lead=_("What ends first comes first."),
        none=_("No access ends within 30 days."),
        rows=_ending,
        row="evidence/_assignment.html",
        keyset=Keyset("ends_at", oldest_first=True),
    ),
    "unreviewed": Listing(
        title=_("Packages without a review"),
        lead=_("No review looks at them by the calendar: neither at the package, nor at a policy or the catalog."),
        none=_("Every package that is enabled is under review."),
        rows=_unreviewed,
        row="evidence/_package.html",
        keyset=Keyset("created_at"),
    ),
}
