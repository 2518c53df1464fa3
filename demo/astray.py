"""Stories of what goes astray in target systems: access given and taken by hand, a role nobody governs, a late task."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2

from catalog.models import AccessPackage, ResourceRole
from directory import actions as directory_actions
from directory.models import Group
from provisioning import actions, discovering, reconciling
from provisioning.lifecycle import GrantStatus
from provisioning.models import Account, Connector, Grant
from requests_app import actions as request_actions

from .facts import DIRECTORY
from .history import History
from .offer import CRM
from .organisation import ADMINISTRATOR, ENGINEER, GUEST, REQUESTER
from .roll import Roll

FOUND = "Price Approvers"
"""A group that somebody made in the application, and of which nobody here knew."""
STRANGER = "atlas.importer"
GROUP_SCHEMA, USER_SCHEMA, PATCH_SCHEMA = (
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:api:messages:2.0:PatchOp",
)


def _drift(history: History, roll: Roll) -> None:
    """In the CRM somebody was added by hand, and an account of nobody; in the directory somebody was taken out."""
    history.at(history.now - timedelta(hours=30), _add_by_hand)
    history.at(history.now - timedelta(hours=28), lambda now: _remove_by_hand(roll, now))
    history.at(history.now - timedelta(hours=3), _reconcile)


def _add_by_hand(now: datetime) -> None:
    groups = {role.name: role.origin_id for role in ResourceRole.objects.filter(resource__name=CRM)}
    sellers = _held(CRM).filter(resource_role__name="Seller").values("person")
    accounts = Account.objects.filter(connector__system__name=CRM, person__in=sellers).order_by("person__username")
    with _application() as http:
        if account := accounts.first():
            _put_into(http, groups["Campaigner"], account.external_id)
        stranger = {"schemas": [USER_SCHEMA], "userName": STRANGER, "displayName": "Nightly import"}
        made = http.post("/Users", json=stranger).raise_for_status().json()
        _put_into(http, groups["Reader"], made["id"])


def _remove_by_hand(roll: Roll, now: datetime) -> None:
    held = _held("Price Lists").order_by("-person__username").select_related("person", "resource_role__resource")
    if grant := held.first():
        group = Group.objects.get(pk=grant.resource_role.resource.origin_id)
        administrator = roll.person(ADMINISTRATOR)
        directory_actions.remove_member(group=group, person=grant.person, actor=administrator, now=now)


def _held(resource: str) -> Any:
    """What people of no other story have there."""
    found = Grant.objects.filter(resource_role__resource__name=resource, status=GrantStatus.VERIFIED)
    return found.filter(person__is_active=True).exclude(person__username__in=(REQUESTER, GUEST))


def _reconcile(now: datetime) -> None:
    for connector in Connector.objects.filter(system__name__in=(CRM, DIRECTORY)):
        actions.start_reconciliation(connector=connector, actor=None, now=now)
    reconciling.perform_all_due(now=now)


def _a_discovery(history: History, roll: Roll) -> None:
    """Somebody made a group in the CRM; the daily look found it, and no package gives it yet."""

    def look(now: datetime) -> None:
        with _application() as http:
            http.post("/Groups", json={"schemas": [GROUP_SCHEMA], "displayName": FOUND}).raise_for_status()
        connector = Connector.objects.get(system__name=CRM)
        connector.discover_every = 24
        administrator = roll.person(ADMINISTRATOR)
        actions.configure_connector(connector=connector, secret=connector.secret, actor=administrator, now=now)
        actions.start_discovery(connector=connector, actor=administrator, now=now)
        discovering.perform_all_due(now=now)

    history.at(history.now - timedelta(hours=8), look)


def _a_late_badge(history: History, roll: Roll) -> None:
    """The front desk has forgotten a badge: its task is overdue."""
    waits = next(one for one in roll.reports_of(roll.person(ENGINEER)) if "Reliability" in one.job_title)
    package = AccessPackage.objects.get(name="Server Room: Badge")
    why = "I swap the backup drives every Monday."
    history.at(
        history.now - timedelta(days=4),
        lambda now: request_actions.submit(package=package, actor=waits, justification=why, now=now),
    )


@contextmanager
def _application() -> Iterator[httpx2.Client]:
    """The CRM as one of its own administrators reaches it, past AccessGov."""
    connector = Connector.objects.get(system__name=CRM)
    headers = {"Authorization": f"Bearer {connector.secret}"}
    with httpx2.Client(base_url=connector.base_url, headers=headers, timeout=10, trust_env=False) as http:
        yield http


def _put_into(http: httpx2.Client, group: str, account: str) -> None:
    change = {"op": "add", "path": "members", "value": [{"value": account}]}
    http.patch(f"/Groups/{group}", json={"schemas": [PATCH_SCHEMA], "Operations": [change]}).raise_for_status()


ASTRAY = (_drift, _a_discovery, _a_late_badge)
