"""Runs that compare a system with what is wanted: started, carried on step by step, finished, given up."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from accessgov import outbox
from audit import journal
from audit.changes import changes, facts_of
from catalog.models import Resource
from directory.models import User
from directory.permissions import is_administrator

from .. import events, staging
from ..comparing import Reading
from ..lifecycle import CaseKind, IllegalMove
from ..models import Connector, DriftRule, Reconciliation, RoleReading
from .finding import Found, take_in


@transaction.atomic
def start_reconciliation(*, connector: Connector, actor: User | None, now: datetime) -> Reconciliation:
    """Have a system reconciled now. Raises PermissionDenied, and IllegalMove while that is being done already."""
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators have a system reconciled."))
    Connector.objects.select_for_update(of=("self",)).get(pk=connector.pk)
    if connector.reconciliations.pending().exists():
        raise IllegalMove(_("%(system)s is being reconciled already.") % {"system": connector})
    run = _start(connector, actor=actor, now=now)
    journal.record(
        events.RECONCILIATION_STARTED, actor=actor, target=connector, at=now, correlation_id=run.correlation_id
    )
    return run


def start_due(*, now: datetime) -> int:
    """Start the reconciliations that are due, one of each system however many were missed; returns how many."""
    return sum(_start_if_due(connector, now=now) for connector in due_connectors(now))


def due_connectors(now: datetime) -> list[Connector]:
    """Connectors of which none was begun for as long as they say; those that never answered are left alone."""
    wanted = Connector.objects.filter(is_enabled=True, reconcile_every__isnull=False, last_answer_at__isnull=False)
    running = Reconciliation.objects.pending().filter(connector=OuterRef("pk")).order_by()
    idle = wanted.filter(~Exists(running)).annotate(last_begun=Max("reconciliations__created_at"))
    return [one for one in idle.order_by("pk") if one.last_begun is None or one.last_begun + _every(one) <= now]


@transaction.atomic
def settle_step(
    *,
    run: Reconciliation,
    reading: Reading,
    holders: Mapping[UUID, int],
    errors: Mapping[UUID, str],
    began: datetime,
    cursor: UUID,
    now: datetime,
) -> Found:
    """Judge what a step has read, and go on behind it. Raises LeaseLostError where another worker has the run."""
    _require_lease(run)
    found = take_in(reading, run=run, holders=holders, began=began, now=now)
    _note_readings(holders, errors=errors, began=began)
    staging.clear(run.pk)
    counted = {
        "roles": len(holders),
        "unread": len(errors),
        "holders": sum(holders.values()),
        "closed": found.closed,
        **{str(kind): found.number(kind) for kind in CaseKind},
    }
    Reconciliation.objects.filter(pk=run.pk).update(
        cursor=cursor, attempts=1, **{name: F(name) + number for name, number in counted.items()}
    )
    run.cursor, run.attempts = cursor, 1
    return found


@transaction.atomic
def hold(*, run: Reconciliation, now: datetime) -> None:
    """Say that the run is still carried on: a large group takes longer than a lease. Raises LeaseLostError."""
    _require_lease(run)
    outbox.renew([run], now=now)


@transaction.atomic
def lay_down(*, run: Reconciliation, now: datetime) -> None:
    """Let others have their turn; the run is due at once. Raises LeaseLostError."""
    _require_lease(run)
    outbox.wait([run], now=now, delay=timedelta())


@transaction.atomic
def finish(*, run: Reconciliation, now: datetime, remark: str = "") -> None:
    """Everything was read. Raises LeaseLostError."""
    outbox.settle(run, now=now)
    run.refresh_from_db()
    run.remark = remark
    run.save(update_fields=["remark"])
    Connector.objects.filter(pk=run.connector_id).update(**({} if remark else {"reconciled_at": run.created_at}))
    details = {name: getattr(run, name) for name in ("roles", "unread", "holders", "missing", "extra", "unknown")}
    details["asked"] = [str(pk) for pk in _owners_of_cases(run)] if run.found else []
    journal.record(
        events.RECONCILIATION_FINISHED,
        actor=None,
        target=run,
        at=now,
        details=details,
        correlation_id=run.correlation_id,
    )


@transaction.atomic
def put_off(*, run: Reconciliation, error: str, now: datetime) -> None:
    """Something went wrong on our side: again later, and not for ever."""
    outbox.postpone(run, error=error, now=now)
    staging.clear(run.pk)


@transaction.atomic
def give_up(*, run: Reconciliation, error: str, now: datetime) -> None:
    """It cannot be done before somebody has changed something. Raises LeaseLostError."""
    outbox.give_up(run, error=error)
    staging.clear(run.pk)
    journal.record(
        events.RECONCILIATION_FAILED,
        actor=None,
        target=run,
        at=now,
        details={"error": error},
        correlation_id=run.correlation_id,
    )


@transaction.atomic
def set_drift_rule(*, rule: DriftRule, actor: User | None, now: datetime) -> DriftRule:
    """Say what is done by itself about drift at a resource. Raises PermissionDenied and ValidationError."""
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators say what is done by itself."))
    rule.full_clean(validate_unique=False)
    old = DriftRule.objects.select_for_update().filter(pk=rule.pk).first()
    before = facts_of(old or DriftRule(resource=rule.resource))
    if details := changes(before, facts_of(rule)):
        rule.save(force_insert=old is None)
        journal.record(events.DRIFT_RULE_CHANGED, actor=actor, target=rule, at=now, details=details)
    return rule


def _require_lease(run: Reconciliation) -> None:
    if not outbox.still_held([run]):
        raise outbox.LeaseLostError(_("%(system)s is being reconciled by another worker.") % {"system": run})


def _every(connector: Connector) -> timedelta:
    return timedelta(hours=connector.reconcile_every or 0)


def _start_if_due(connector: Connector, *, now: datetime) -> bool:
    """Two schedulers may start it at once: the constraint lets one of them."""
    try:
        with transaction.atomic():
            _start(connector, actor=None, now=now)
    except IntegrityError:
        return False
    return True


def _start(connector: Connector, *, actor: User | None, now: datetime) -> Reconciliation:
    from ..tasks import reconcile

    story = uuid7()
    run = Reconciliation.objects.create(
        connector=connector,
        started_by=actor,
        due_at=now,
        created_at=now,
        correlation_id=story,
        idempotency_key=f"reconciliation:{story}",
    )
    outbox.dispatch(reconcile, [run.pk])
    return run


def _note_readings(holders: Mapping[UUID, int], *, errors: Mapping[UUID, str], began: datetime) -> None:
    read = [RoleReading(resource_role_id=role, began_at=began, holders=count) for role, count in holders.items()]
    unread = [RoleReading(resource_role_id=role, last_error=error) for role, error in errors.items()]
    for rows, fields in ((read, ["began_at", "holders", "last_error"]), (unread, ["last_error"])):
        if rows:
            RoleReading.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["resource_role"], update_fields=fields
            )


def _owners_of_cases(run: Reconciliation) -> Collection[UUID]:
    """Who is told of new cases: enabled people who own one of the resources; where nobody does, administrators."""
    cases = run.cases.open().order_by()
    resources = Resource.objects.filter(roles__drift_cases__in=cases)
    groups = Resource.owner_groups.through.objects.filter(resource_id__in=resources.values("pk")).values("group_id")
    themselves = Resource.owners.through.objects.filter(resource_id__in=resources.values("pk")).values("user_id")
    through = User.objects.in_groups(groups)
    enabled = User.objects.enabled().filter(Q(pk__in=themselves) | Q(pk__in=through.values("pk")))
    owners = list(enabled.values_list("pk", flat=True))
    if owners or not cases.exists():
        return owners
    return list(User.objects.administrators().values_list("pk", flat=True))
