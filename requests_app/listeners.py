"""What requests hear from the apps below: grants that were settled, people who were disabled."""

from typing import Any

from accessgov import outbox
from audit import journal
from audit.models import Event
from catalog import events as catalog_events
from catalog.models import AccessPackage
from directory import events as directory_events
from provisioning import events as provisioning_events

from . import actions, tasks


@journal.listen(
    provisioning_events.GRANT_DELIVERED, provisioning_events.GRANT_FAILED, provisioning_events.GRANT_REMOVED
)
def follow_grants(heard: list[Event]) -> None:
    """An assignment shows what its grants show."""
    actions.refresh([event.subject for event in heard], now=heard[0].occurred_at)


@journal.listen(directory_events.PERSON_DISABLED)
def end_access_of_leavers(heard: list[Event]) -> None:
    """Whoever is disabled loses everything at once, and others are asked to decide in their place."""
    actions.end_everything_of([event.subject for event in heard], now=heard[0].occurred_at)
    outbox.wake(tasks.replace_absent_approvers)


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


def _by_package(heard: list[Event]) -> dict[AccessPackage, list[Event]]:
    packages = AccessPackage.objects.in_bulk([event.package_id for event in heard])
    return {package: [e for e in heard if e.package_id == package.pk] for package in packages.values()}


def _when(told: list[Event]) -> dict[str, Any]:
    return {"story": told[0].correlation_id, "now": told[0].occurred_at}
