"""Rollouts: one change for many people, begun with its cause and carried in committed batches, each in key order.

A batch locks its people, then the package, then the rollout (docs/adr/0002). What it did and how far it came are
committed together: whoever goes on, after whatever came between, begins where the last committed batch ended.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import LeaseLostError, WorkStatus
from audit import journal
from catalog.models import AccessPackage, ResourceRole
from directory.actions import lock_people
from directory.models import User
from provisioning.actions import Reason, provide, repeat, withdraw
from provisioning.actions.repeating import repeat_grants
from provisioning.models import Grant, GrantReason

from .. import events
from ..models import Assignment, Rollout, RolloutKind
from ..permissions import can_retry_rollout
from .delivering import follow, hold_roles_still

BATCH = 500
"""Assignments, or grants of a system, that are dealt with in one transaction."""


def begin_rollouts(
    kind: RolloutKind,
    *,
    package: AccessPackage,
    roles: Sequence[ResourceRole],
    actor: User | None,
    story: UUID,
    now: datetime,
) -> int:
    """Write down what is to be carried to everybody who holds the package; returns how many people that are."""
    total = Assignment.objects.live().filter(package=package).count()
    rows = [Rollout(kind=kind, package=package, role=role, actor=actor, total=total) for role in roles]
    start(rows, story=story, now=now)
    journal.record_many(
        journal.entry(
            events.ROLLOUT_STARTED,
            actor=actor,
            target=row.about,
            package=row.package,
            at=now,
            details=_facts(row),
            correlation_id=story,
        )
        for row in rows
    )
    return total


def start(rollouts: Sequence[Rollout], *, story: UUID, now: datetime) -> None:
    """Store them, and hint at them after the commit."""
    from ..tasks import carry_rollout

    for rollout in rollouts:
        rollout.idempotency_key, rollout.correlation_id = str(rollout.pk), story
        rollout.created_at = rollout.due_at = now
    Rollout.objects.bulk_create(rollouts)
    outbox.dispatch(carry_rollout, [rollout.pk for rollout in rollouts])


def supersede_rollouts(package: AccessPackage, roles: Sequence[ResourceRole], *, now: datetime) -> None:
    """What was under way for these roles of the package is not wanted any more; a batch of it ends first."""
    outbox.supersede(Rollout.objects.filter(package=package, role__in=[role.pk for role in roles]), now=now)


@transaction.atomic
def carry_batch(*, rollout: Rollout, now: datetime) -> bool:
    """Deal with the next of those concerned; returns whether there are more.

    A fixed number of statements. Raises LeaseLostError, with nothing done, where the rollout is no longer wanted or
    another worker has it.
    """
    reached = _carry_package(rollout, now=now) if rollout.package else _carry_system(rollout, now=now)
    rollout.done += len(reached)
    rollout.cursor = max(reached, default=rollout.cursor)
    _keep(rollout, now=now)
    if len(reached) == BATCH:
        return True
    _finish(rollout, now=now)
    return False


@transaction.atomic
def note_rollout_failed(*, rollout: Rollout, error: str, now: datetime) -> None:
    """A batch could not be carried: it is tried again later, or stuck. Raises LeaseLostError."""
    outbox.postpone(rollout, error=error, now=now)
    if rollout.status == WorkStatus.STUCK:
        _record(events.ROLLOUT_STUCK, rollout, actor=None, now=now, error=error)


@transaction.atomic
def retry_rollouts(*, rollouts: Sequence[Rollout], actor: User, now: datetime) -> int:
    """Have stuck rollouts go on where they stopped; returns how many. Raises PermissionDenied."""
    from ..tasks import carry_rollout

    wanted = Rollout.objects.with_names().stuck().filter(pk__in=[rollout.pk for rollout in rollouts])
    stuck = list(wanted.select_for_update(of=("self",)).order_by("pk"))
    if not all(can_retry_rollout(actor, rollout) for rollout in stuck):
        raise PermissionDenied(_("Only those who look after the package have it go on."))
    outbox.retry(Rollout.objects.filter(pk__in=[rollout.pk for rollout in stuck]), now=now)
    for rollout in stuck:
        _record(events.ROLLOUT_RETRIED, rollout, actor=actor, now=now)
    outbox.dispatch(carry_rollout, [rollout.pk for rollout in stuck])
    return len(stuck)


# --- One batch ------------------------------------------------------------------------------------------------------


def _carry_package(rollout: Rollout, *, now: datetime) -> list[UUID]:
    """The assignments that were dealt with: those of the package that live, behind the cursor, in the order of keys.

    Those that begin meanwhile have the roles as they are by now; where one is met all the same, nothing is doubled.
    """
    assert rollout.package is not None  # nosec B101  # told apart by the caller
    rows = Assignment.objects.live().filter(package=rollout.package)
    behind = rows.filter(pk__gt=rollout.cursor) if rollout.cursor else rows
    found = dict(behind.order_by("pk").values_list("pk", "person_id")[:BATCH])
    lock_people(found.values())
    hold_roles_still(rollout.package)
    _hold(rollout)
    live = list(Assignment.objects.live().filter(pk__in=found).select_related("person").order_by("pk"))
    _carry(rollout, live, now=now)
    follow([assignment.pk for assignment in live], now=now)
    return list(found)


def _carry(rollout: Rollout, assignments: Sequence[Assignment], *, now: datetime) -> None:
    story = rollout.correlation_id or rollout.pk
    if rollout.role is None:
        repeat([assignment.pk for assignment in assignments], story=story, now=now)
    elif rollout.kind == RolloutKind.ADD:
        reasons = [
            Reason(person=one.person, role=rollout.role, reference=one.pk, correlation_id=story) for one in assignments
        ]
        provide(reasons, now=now)
    else:
        withdraw({assignment.pk: story for assignment in assignments}, role=rollout.role, now=now)


def _carry_system(rollout: Rollout, *, now: datetime) -> list[UUID]:
    """The grants that were dealt with: those of the system that a reason asks for, in the order of keys."""
    rows = Grant.objects.asked_for().filter(resource_role__resource__system=rollout.system)
    behind = rows.filter(pk__gt=rollout.cursor) if rollout.cursor else rows
    found = dict(behind.order_by("pk").values_list("pk", "person_id")[:BATCH])
    lock_people(found.values())
    _hold(rollout)
    grants = repeat_grants(found, story=rollout.correlation_id or rollout.pk, now=now)
    reasons = GrantReason.objects.living().filter(grant__in=[grant.pk for grant in grants])
    follow(set(reasons.values_list("reference", flat=True)), now=now)
    return list(found)


def _hold(rollout: Rollout) -> None:
    """Lock it, where it is still ours to carry."""
    if not outbox.still_held([rollout]):
        raise LeaseLostError(f"The rollout {rollout.pk} is not wanted any more, or another worker has it.")


def _keep(rollout: Rollout, *, now: datetime) -> None:
    """How far it came, with a new lease and its attempts counted anew: it is locked."""
    rollout.attempts, rollout.leased_until = 1, now + outbox.LEASE
    rollout.save(update_fields=["done", "cursor", "attempts", "leased_until"])


def _finish(rollout: Rollout, *, now: datetime) -> None:
    """Some may have left meanwhile, and others come: those who were reached are all there were."""
    rollout.total = rollout.done
    rollout.save(update_fields=["total"])
    outbox.settle(rollout, now=now)
    _record(events.ROLLOUT_DONE, rollout, actor=None, now=now)


def _record(verb: str, rollout: Rollout, *, actor: User | None, now: datetime, **details: object) -> None:
    journal.record(
        verb,
        actor=actor,
        target=rollout.about,
        package=rollout.package,
        at=now,
        details=_facts(rollout) | details,
        correlation_id=rollout.correlation_id,
    )


def _facts(rollout: Rollout) -> dict[str, object]:
    facts = {"what": rollout.in_words, "total": rollout.total, "done": rollout.done, "rollout": str(rollout.pk)}
    return facts | ({"why": rollout.why} if rollout.why else {})
