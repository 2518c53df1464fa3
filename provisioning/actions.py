"""Every change to grants: what is wanted, what was found in the target, and what came of an operation.

Callers that change what somebody is to have lock the person first (`directory.actions.lock_people`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import outbox
from accessgov.outbox import WorkStatus
from audit import journal
from audit.changes import Facts, changes, facts_of
from audit.models import Event
from catalog.models import ResourceRole
from directory.actions import lock_people
from directory.models import User
from directory.permissions import is_administrator

from . import events
from .lifecycle import GrantStatus, sources_of
from .models import Connector, ConnectorKind, Grant, GrantReason, Operation, OperationKind

OPEN = (WorkStatus.PENDING, WorkStatus.STUCK)
"""An operation in one of these states is the only one of its grant."""


@dataclass(frozen=True)
class Reason:
    """Why somebody is to hold a role: the assignment `reference` gives `role` to `person`."""

    person: User
    role: ResourceRole
    reference: UUID
    correlation_id: UUID


@transaction.atomic
def provide(reasons: Sequence[Reason], *, now: datetime) -> list[Grant]:
    """Have these people hold these roles, and return their grants as they stand now.

    What they hold already only gains a reason (one that ended lives again); for the rest an operation is queued. A
    fixed number of statements, however many reasons there are.
    """
    grants = _lock_grants(reasons, now=now)
    GrantReason.objects.bulk_create(
        [
            GrantReason(grant=grants[reason.person.pk, reason.role.pk], reference=reason.reference, starts_at=now)
            for reason in reasons
        ],
        update_conflicts=True,
        unique_fields=["reference", "grant"],
        update_fields=["ended_at"],
        batch_size=journal.BATCH,
    )
    absent = [grant for grant in grants.values() if grant.status in (GrantStatus.REMOVED, GrantStatus.REMOVAL_PENDING)]
    _turn(absent, status=GrantStatus.PENDING, now=now)
    new = [grant for grant in grants.values() if grant.status == GrantStatus.PENDING]
    stories = {grants[reason.person.pk, reason.role.pk].pk: reason.correlation_id for reason in reasons}
    _queue(new, kind=OperationKind.GRANT, now=now, stories=stories)
    return list(grants.values())


@transaction.atomic
def withdraw(stories: Mapping[UUID, UUID], *, now: datetime, role: ResourceRole | None = None) -> list[Grant]:
    """End what these references give (or only one role of it), and return the grants that are to go.

    `stories` maps each reference to the correlation id of its ending. What was there before AccessGov stays
    (behaviour 12), and so does what another assignment gives (behaviour 13). A fixed number of statements, however
    many references there are.
    """
    reasons = GrantReason.objects.living().filter(reference__in=list(stories)).select_related("grant")
    # The role is compared here: in the query it tempts SQLite to try each reference with each grant of the role.
    ending = [reason for reason in reasons if role is None or reason.grant.resource_role_id == role.pk]
    affected = {reason.grant_id: stories[reason.reference] for reason in ending}
    GrantReason.objects.filter(pk__in=[reason.pk for reason in ending]).update(ended_at=now)
    rows = Grant.objects.filter(pk__in=affected, status__in=sources_of(GrantStatus.REMOVAL_PENDING))
    going = list(rows.unwanted().with_names().select_for_update(of=("self",)).order_by("pk"))
    _turn(going, status=GrantStatus.REMOVAL_PENDING, now=now)
    _queue(going, kind=OperationKind.REVOKE, now=now, stories=affected)
    _tell_kept(affected.keys() - {grant.pk for grant in going}, now=now, stories=affected)
    return going


@transaction.atomic
def note_presence(*, operation: Operation, was_present: bool, now: datetime) -> bool:
    """Remember, before anything is changed there, whether the target had the grant already.

    Committed before the call to the target, so that an attempt that is repeated after a crash does not take its own
    work for access that was there before. Returns False, with the operation settled, where the grant is not wanted
    any more: then nothing may be done in the target. Raises LeaseLostError.
    """
    if settle_outdated(operation=operation, now=now):
        return False
    grant = operation.grant
    grant.was_present = grant.is_adopted = was_present
    grant.save(update_fields=["was_present", "is_adopted"])
    if was_present:
        _record(events.GRANT_ADOPTED, operation, now=now)
    return True


@transaction.atomic
def settle_outdated(*, operation: Operation, now: datetime) -> bool:
    """Settle an operation that no longer says what is wanted, and queue what is; False where it still does.

    Raises LeaseLostError.
    """
    grant = _lock_for_settling(operation)
    if operation.generation == grant.generation:
        return False
    outbox.settle(operation, now=now, status=WorkStatus.SUPERSEDED)
    return _changed_meanwhile(operation, grant, now=now)


@transaction.atomic
def settle_delivered(*, operation: Operation, is_verified: bool, now: datetime) -> None:
    """The target has it. Raises LeaseLostError."""
    grant = _lock_for_settling(operation)
    outbox.settle(operation, now=now)
    if _changed_meanwhile(operation, grant, now=now):
        return
    grant.move_to(GrantStatus.VERIFIED if is_verified else GrantStatus.DELIVERED, at=now)
    proof = _("read back from %(system)s") if is_verified else _("%(system)s said so")
    _record(events.GRANT_DELIVERED, operation, now=now, proof=proof % {"system": _system(grant)})


@transaction.atomic
def settle_removed(*, operation: Operation, is_verified: bool, now: datetime) -> None:
    """The target no longer has it. Raises LeaseLostError."""
    grant = _lock_for_settling(operation)
    outbox.settle(operation, now=now)
    if _changed_meanwhile(operation, grant, now=now):
        return
    grant.was_present = None
    grant.verified_at = None
    grant.save(update_fields=["was_present", "verified_at"])
    grant.move_to(GrantStatus.REMOVED, at=now)
    proof = _("read back from %(system)s") if is_verified else _("nothing was ever changed in %(system)s")
    _record(events.GRANT_REMOVED, operation, now=now, proof=proof % {"system": _system(grant)})


@transaction.atomic
def settle_failed(*, operation: Operation, error: str, retry_after: timedelta | None, now: datetime) -> None:
    """The target did not do it: try again later, or make it stuck. Raises LeaseLostError.

    The journal keeps the first failure and the giving up, not each attempt in between.
    """
    grant = _lock_for_settling(operation)
    outbox.postpone(operation, error=error, now=now, delay=retry_after)
    if _changed_meanwhile(operation, grant, now=now):
        return
    is_grant = operation.kind == OperationKind.GRANT
    is_news = not grant.last_error
    if is_grant:
        grant.move_to(GrantStatus.FAILED, at=now, error=error)
    else:
        grant.last_error = error
        grant.save(update_fields=["last_error"])
    if is_news:
        _record(events.GRANT_FAILED if is_grant else events.REMOVAL_FAILED, operation, now=now, error=error)
    if operation.status == WorkStatus.STUCK:
        _record(events.OPERATION_STUCK, operation, now=now, error=error, attempts=operation.attempts)


@transaction.atomic
def retry_stuck(*, operations: "Sequence[Operation]", actor: User, now: datetime) -> int:
    """Put stuck operations back to work; returns how many. Raises PermissionDenied."""
    if not is_administrator(actor):
        raise PermissionDenied(_("Only administrators put stuck work back."))
    stuck = list(Operation.objects.with_grants().filter(pk__in=[o.pk for o in operations], status=WorkStatus.STUCK))
    count = outbox.retry(Operation.objects.filter(pk__in=[o.pk for o in stuck]), now=now)
    for operation in stuck:
        _record(events.OPERATION_RETRIED, operation, now=now, actor=actor)
    _dispatch(stuck)
    return count


@transaction.atomic
def configure_connector(
    *, connector: Connector, actor: User | None, now: datetime, secret: str | None = None
) -> Connector:
    """Create or change a connector; `secret` None keeps the one that it has. The journal says that it changed, no more.

    Raises PermissionDenied and ValidationError.
    """
    _require_administrator(actor)
    is_new = connector._state.adding
    old = None if is_new else Connector.objects.select_for_update().get(pk=connector.pk)
    connector.sealed_secret = old.sealed_secret if old else ""
    if secret is not None:
        connector.set_secret(secret)
    connector.full_clean()
    if connector.kind == ConnectorKind.SCIM and not connector.base_url:
        raise ValidationError({"base_url": _("Say where the application answers SCIM.")})
    connector.save()
    replaced: Facts = {} if secret is None else {"secret": (_("secret"), _("a new one"))}
    if details := changes(facts_of(old) if old else {}, facts_of(connector, **replaced)):
        verb = events.CONNECTOR_CREATED if is_new else events.CONNECTOR_CHANGED
        journal.record(verb, actor=actor, target=connector, at=now, details=details)
    return connector


@transaction.atomic
def note_connection_test(
    *, connector: Connector, answer: str, error: str, actor: User | None, now: datetime
) -> Connector:
    """Keep what the target answered to a test, or why it did not. Raises PermissionDenied."""
    _require_administrator(actor)
    locked = Connector.objects.select_for_update().get(pk=connector.pk)
    locked.last_error = error
    locked.last_answer_at = locked.last_answer_at if error else now
    locked.save(update_fields=["last_error", "last_answer_at"])
    journal.record(events.CONNECTOR_TESTED, actor=actor, target=locked, at=now, details={"result": error or answer})
    return locked


def _require_administrator(actor: User | None) -> None:
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators change connectors."))


def _lock_grants(reasons: Sequence[Reason], *, now: datetime) -> dict[tuple[UUID, UUID], Grant]:
    wanted = {(reason.person.pk, reason.role.pk): reason for reason in reasons}
    Grant.objects.bulk_create(
        [Grant(person=reason.person, resource_role=reason.role, changed_at=now) for reason in wanted.values()],
        ignore_conflicts=True,
        batch_size=journal.BATCH,
    )
    people, roles = {key[0] for key in wanted}, {key[1] for key in wanted}
    rows = Grant.objects.filter(person__in=people, resource_role__in=roles).with_names()
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    return {key: grant for grant in locked if (key := (grant.person_id, grant.resource_role_id)) in wanted}


def _turn(grants: Sequence[Grant], *, status: GrantStatus, now: datetime) -> None:
    """Change direction: a new generation, by one statement; operations of the older one no longer count."""
    if not grants:
        return
    Grant.turn_all(grants, status=status, at=now)
    outdated = Operation.objects.filter(grant__in=[grant.pk for grant in grants], status__in=OPEN, leased_until=None)
    outbox.supersede(outdated, now=now)


def _queue(grants: Sequence[Grant], *, kind: OperationKind, now: datetime, stories: Mapping[UUID, UUID | None]) -> None:
    """Add an operation for each grant that has none under way; one that is under way is followed up when it settles."""
    if not grants:
        return
    under_way = Operation.objects.filter(grant__in=[grant.pk for grant in grants], status__in=OPEN)
    busy = set(under_way.values_list("grant_id", flat=True))
    idle = [grant for grant in grants if grant.pk not in busy]
    rows = [
        Operation(
            grant=grant,
            kind=kind,
            generation=grant.generation,
            due_at=now,
            created_at=now,
            correlation_id=stories[grant.pk],
            idempotency_key=f"{grant.pk}:{grant.generation}",
        )
        for grant in idle
    ]
    Operation.objects.bulk_create(rows, batch_size=journal.BATCH)
    verb = events.GRANT_QUEUED if kind == OperationKind.GRANT else events.REMOVAL_QUEUED
    journal.record_many(_tell(verb, grant, now=now, story=stories[grant.pk]) for grant in idle)
    _dispatch(rows)


def _tell_kept(grant_ids: Iterable[UUID], *, now: datetime, stories: Mapping[UUID, UUID]) -> None:
    """Journal why these grants outlive the reason that has just ended."""
    kept = Grant.objects.filter(pk__in=list(grant_ids)).wanted().with_names() if grant_ids else []
    journal.record_many(
        _tell(events.GRANT_KEPT, grant, now=now, story=stories[grant.pk], why=_why_kept(grant)) for grant in kept
    )


def _why_kept(grant: Grant) -> str:
    return _("it was there before") if grant.is_adopted else _("another assignment gives it too")


def _tell(verb: str, grant: Grant, *, now: datetime, story: UUID | None, **details: object) -> Event:
    return journal.entry(
        verb, actor=None, target=grant, person=grant.person, at=now, details=details, correlation_id=story
    )


def _dispatch(operations: Sequence[Operation]) -> None:
    from .tasks import carry_out

    outbox.dispatch(carry_out, [operation.pk for operation in operations])


def _lock_for_settling(operation: Operation) -> Grant:
    lock_people([operation.grant.person_id])
    grant = Grant.objects.with_names().select_for_update(of=("self",)).get(pk=operation.grant_id)
    operation.grant = grant
    return grant


def _changed_meanwhile(operation: Operation, grant: Grant, *, now: datetime) -> bool:
    """Whether what is wanted changed while the target was being called; then queue what is wanted now."""
    if operation.generation == grant.generation:
        return False
    if operation.status in OPEN:
        outbox.supersede(Operation.objects.filter(pk=operation.pk), now=now)
    kind = OperationKind.GRANT if grant.status == GrantStatus.PENDING else OperationKind.REVOKE
    _queue([grant], kind=kind, now=now, stories={grant.pk: operation.correlation_id})
    return True


def _record(verb: str, operation: Operation, *, now: datetime, actor: User | None = None, **details: object) -> None:
    journal.record(
        verb,
        actor=actor,
        target=operation.grant,
        person=operation.grant.person,
        at=now,
        details={"operation": str(operation.pk), **details},
        correlation_id=operation.correlation_id,
    )


def _system(grant: Grant) -> str:
    return str(grant.resource_role.resource.system)
