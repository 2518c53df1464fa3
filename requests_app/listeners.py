"""What requests hear from the apps below: grants that were settled, people who were disabled."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accessgov import outbox
from audit import journal
from audit.models import Event
from catalog import events as catalog_events
from catalog.choices import CalloutMoment
from catalog.models import AccessPackage
from directory import events as directory_events
from provisioning import events as provisioning_events

from . import actions, events, tasks


@journal.listen(
    provisioning_events.GRANT_DELIVERED, provisioning_events.GRANT_FAILED, provisioning_events.GRANT_REMOVED
)
def follow_grants(heard: list[Event]) -> None:
    """An assignment shows what its grants show."""
    actions.refresh([event.subject for event in heard], now=heard[0].occurred_at)


@journal.listen(provisioning_events.DRIFT_ENDED)
def end_what_has_drifted(heard: list[Event]) -> None:
    """What somebody took away in a system, and is to stay away, ends here too; each for the reason of its own."""
    told: defaultdict[str, list[UUID]] = defaultdict(list)
    for event in heard:
        told[_("it was removed in %(system)s: %(why)s") % event.details].append(event.subject.grant_id)
    for why, grants in told.items():
        actions.end_what_gives(grants, why=why, now=heard[0].occurred_at)


@journal.listen(directory_events.PERSON_DISABLED)
def end_access_of_leavers(heard: list[Event]) -> None:
    """Whoever is disabled loses everything at once, and others are asked to decide in their place."""
    actions.end_everything_of([event.subject for event in heard], now=heard[0].occurred_at)
    outbox.wake(tasks.replace_absent_approvers)


@journal.listen(directory_events.PERSON_DISABLED)
def end_delegations_of_leavers(heard: list[Event]) -> None:
    """Nobody stands in for somebody who is disabled, and nobody who is disabled stands in for others."""
    actions.end_delegations_of([event.subject for event in heard], now=heard[0].occurred_at)


@journal.listen(events.APPROVAL_STARTED, events.ALTERNATES_ASKED, events.APPROVAL_REASSIGNED)
def ask_delegates(heard: list[Event]) -> None:
    """Whoever stands in for one of those who are asked is asked as soon as that is committed."""
    outbox.wake(tasks.follow_delegations)


@journal.listen(catalog_events.PACKAGE_ROLE_ADDED)
def give_added_roles(heard: list[Event]) -> None:
    """A role that a package gains is given to everyone who holds the package."""
    for package, told in _by_package(heard).items():
        actions.give_roles(package=package, roles=[event.subject for event in told], **_when(told))


@journal.listen(catalog_events.PACKAGE_ROLE_REMOVED)
def take_removed_roles(heard: list[Event]) -> None:
    """A role that a package loses is taken from everyone who holds the package."""
    for package, told in _by_package(heard).items():
        actions.take_roles(package=package, roles=[event.subject for event in told], **_when(told))


@journal.listen(events.ASSIGNMENT_DELIVERED)
def call_when_everything_is_there(heard: list[Event]) -> None:
    """Custom extensions are told that access is there."""
    actions.call_delivered([event.subject for event in heard], now=heard[0].occurred_at)


@journal.listen(events.ASSIGNMENT_ENDED)
def call_when_access_ends(heard: list[Event]) -> None:
    """Custom extensions are told that access ends; it ends whatever becomes of that."""
    plans = {event.correlation_id: event.subject.callout_plan for event in heard if event.subject.callout_plan}
    actions.launch_all(plans, CalloutMoment.REMOVED, now=heard[0].occurred_at)


@journal.listen(events.REQUEST_DENIED, events.REQUEST_EXPIRED, events.REQUEST_CANCELED, events.REQUEST_IN_CONFLICT)
def wait_no_longer(heard: list[Event]) -> None:
    """A request that is over waits for no extension any more."""
    actions.abandon([event.subject for event in heard], now=heard[0].occurred_at)


def _by_package(heard: list[Event]) -> dict[AccessPackage, list[Event]]:
    packages = AccessPackage.objects.in_bulk([event.package_id for event in heard])
    return {package: [e for e in heard if e.package_id == package.pk] for package in packages.values()}


def _when(told: list[Event]) -> dict[str, Any]:
    return {"actor": told[0].actor, "story": told[0].correlation_id, "now": told[0].occurred_at}
