"""Carries out one operation, outside any transaction: looks into the target, changes it, reads back, settles."""

import logging
from datetime import datetime
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings

from . import actions
from .connectors import open_connector
from .connectors.base import Clock, Connector, ConnectorError, Entitlement
from .models import Connector as ConnectorRow
from .models import Grant, Operation, OperationKind

logger = logging.getLogger(__name__)


def perform(operation: Operation, *, clock: Clock = timezone.now) -> None:
    """Carry out a claimed operation and settle it, at the times that `clock` tells.

    Nothing that the target does is raised.
    """
    with surroundings(source=Source.WORKER, correlation_id=operation.correlation_id):
        try:
            _perform(operation, clock=clock)
        except ConnectorError as error:
            actions.settle_failed(operation=operation, error=str(error), retry_after=error.retry_after, now=clock())
        except outbox.LeaseLostError as error:
            logger.warning("%s; its outcome is left to them.", error)


def _perform(operation: Operation, *, clock: Clock) -> None:
    if actions.settle_outdated(operation=operation, now=clock()):
        return
    grant = operation.grant
    if operation.kind == OperationKind.REVOKE and grant.was_present is None:
        actions.settle_removed(operation=operation, is_verified=False, now=clock())
        return
    system = str(grant.resource_role.resource.system)
    connector = open_connector(_connector_row(grant), system=system, clock=clock)
    settle = _grant if operation.kind == OperationKind.GRANT else _revoke
    settle(operation, connector, _entitlement(grant), clock=clock)


def _grant(operation: Operation, connector: Connector, entitlement: Entitlement, *, clock: Clock) -> None:
    person = operation.grant.person
    if operation.grant.was_present is None:
        was_present = connector.read(person, entitlement)
        if not actions.note_presence(operation=operation, was_present=was_present, now=clock()):
            return
    connector.grant(person, entitlement)
    if not connector.read(person, entitlement):
        raise ConnectorError(_("The target answered that it was done, but does not show it."))
    actions.settle_delivered(operation=operation, is_verified=True, now=clock())


def _revoke(operation: Operation, connector: Connector, entitlement: Entitlement, *, clock: Clock) -> None:
    person = operation.grant.person
    connector.revoke(person, entitlement)
    if connector.read(person, entitlement):
        raise ConnectorError(_("The target answered that it was removed, but still shows it."))
    actions.settle_removed(operation=operation, is_verified=True, now=clock())


def perform_all_due(*, now: datetime) -> int:
    """Carry out everything that is due at `now`, one after the other and as if it were `now`; returns how many.

    For commands and tests.
    """
    return outbox.drain(Operation.objects.with_grants(), perform=partial(perform, clock=lambda: now), now=now)


def _connector_row(grant: Grant) -> ConnectorRow | None:
    return getattr(grant.resource_role.resource.system, "connector", None)


def _entitlement(grant: Grant) -> Entitlement:
    role = grant.resource_role
    return Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
