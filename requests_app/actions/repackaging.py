"""What a change of a package's roles means for those who hold it (behaviour 14): always set-based."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.models import AccessPackage, ResourceRole
from directory.actions import lock_people
from provisioning.actions import Reason, provide, withdraw

from ..models import Assignment
from .delivering import follow


@transaction.atomic
def give_roles(*, package: AccessPackage, roles: Sequence[ResourceRole], story: UUID, now: datetime) -> int:
    """Have everyone who holds the package hold these roles too; returns how many people that are."""
    holders = _lock_holders(package)
    provide(
        [
            Reason(person=holder.person, role=role, reference=holder.pk, correlation_id=story)
            for holder in holders
            for role in roles
        ],
        now=now,
    )
    follow([holder.pk for holder in holders], now=now)
    return len(holders)


@transaction.atomic
def take_roles(*, package: AccessPackage, roles: Sequence[ResourceRole], story: UUID, now: datetime) -> int:
    """Have everyone who holds the package hold these roles no longer by it; returns how many people that are.

    What another assignment gives, or what was there before, stays.
    """
    holders = _lock_holders(package)
    for role in roles:
        withdraw({holder.pk: story for holder in holders}, role=role, now=now)
    follow([holder.pk for holder in holders], now=now)
    return len(holders)


def _lock_holders(package: AccessPackage) -> list[Assignment]:
    """Lock everyone who holds the package, and then the package, so that nobody begins to hold it meanwhile.

    Whose assignment begins at this moment either shows up here, or waits for this transaction and finds the roles as
    they are afterwards (`delivering.begin` holds them still). People come first (docs/adr/0002); where somebody turns
    up who is not locked yet, everything is let go and locked again with them.
    """
    people: set[UUID] = set(Assignment.objects.live().filter(package=package).values_list("person_id", flat=True))
    while True:
        with transaction.atomic():
            lock_people(people)
            AccessPackage.objects.select_for_update().get(pk=package.pk)
            holders = list(Assignment.objects.live().filter(package=package).select_related("person").order_by("pk"))
            unlocked = {holder.person_id for holder in holders} - people
            transaction.set_rollback(bool(unlocked))
        if not unlocked:
            return holders
        people |= unlocked
