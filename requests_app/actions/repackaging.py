"""What a change of a package's roles means for those who hold it (behaviour 14): always set-based.

For as many as one batch holds it is done in the transaction that changes the package. For more of them that only begins
a rollout for each role, which is carried in batches of their own (`rolling_out`).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.models import AccessPackage, ResourceRole
from directory.actions import lock_people
from directory.models import User
from provisioning.actions import Reason, provide, withdraw

from ..models import Assignment, RolloutKind
from .delivering import follow
from .rolling_out import BATCH, begin_rollouts, supersede_rollouts


@transaction.atomic
def give_roles(
    *, package: AccessPackage, roles: Sequence[ResourceRole], story: UUID, now: datetime, actor: User | None = None
) -> int:
    """Have everyone who holds the package hold these roles too; returns how many people that are."""
    people = _people(package)
    if len(people) > BATCH:
        return _roll_out(RolloutKind.ADD, package, roles, actor=actor, story=story, now=now)
    holders = _lock_holders(package, people)
    supersede_rollouts(package, roles, now=now)
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
def take_roles(
    *, package: AccessPackage, roles: Sequence[ResourceRole], story: UUID, now: datetime, actor: User | None = None
) -> int:
    """Have everyone who holds the package hold these roles no longer by it; returns how many people that are.

    What another assignment gives, or what was there before, stays.
    """
    people = _people(package)
    if len(people) > BATCH:
        return _roll_out(RolloutKind.REMOVE, package, roles, actor=actor, story=story, now=now)
    holders = _lock_holders(package, people)
    supersede_rollouts(package, roles, now=now)
    for role in roles:
        withdraw({holder.pk: story for holder in holders}, role=role, now=now)
    follow([holder.pk for holder in holders], now=now)
    return len(holders)


def _people(package: AccessPackage) -> set[UUID]:
    """Who holds the package; as many as show that it is too many for one batch."""
    return set(Assignment.objects.live().filter(package=package).values_list("person_id", flat=True)[: BATCH + 1])


def _roll_out(
    kind: RolloutKind,
    package: AccessPackage,
    roles: Sequence[ResourceRole],
    *,
    actor: User | None,
    story: UUID,
    now: datetime,
) -> int:
    """Begin in this transaction what is carried later; what ran the other way for the same roles goes no further.

    The package is locked, so that whoever begins to hold it either did before, and is reached, or waits for this
    transaction and finds the roles as they are afterwards (`delivering.hold_roles_still`).
    """
    AccessPackage.objects.select_for_update().get(pk=package.pk)
    supersede_rollouts(package, roles, now=now)
    return begin_rollouts(kind, package=package, roles=roles, actor=actor, story=story, now=now)


def _lock_holders(package: AccessPackage, people: set[UUID]) -> list[Assignment]:
    """Lock everyone who holds the package, and then the package, so that nobody begins to hold it meanwhile.

    Whose assignment begins at this moment either shows up here, or waits for this transaction and finds the roles as
    they are afterwards (`delivering.begin` holds them still). People come first (docs/adr/0002); where somebody turns
    up who is not locked yet, everything is let go and locked again with them.
    """
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
