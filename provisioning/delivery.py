"""Carries out one operation, outside any transaction: looks into the target, changes it, reads back, settles."""

import logging
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accessgov import outbox
from audit.context import Source, surroundings
from directory.models import User

from . import actions
from .connectors import open_connector
from .connectors.base import Connector, ConnectorError, Entitlement
from .models import Connector as ConnectorRow
from .models import Grant, Operation, OperationKind

logger = logging.getLogger(__name__)


def perform(operation: Operation) -> None:
    """Carry out a claimed operation and settle it; nothing that the target does is raised."""
    with surroundings(source=Source.WORKER, correlation_id=operation.correlation_id):
        try:
            _perform(operation)
        except ConnectorError as error:
            actions.settle_failed(
                operation=operation, error=str(error), retry_after=error.retry_after, now=timezone.now()
            )
        except outbox.LeaseLostError as error:
            logger.warning("%s; its outcome is left to them.", error)


def _perform(operation: Operation) -> None:
    if actions.settle_outdated(operation=operation, now=timezone.now()):
        return
    grant = operation.grant
    if operation.kind == OperationKind.REVOKE and grant.was_present is None:
        actions.settle_removed(operation=operation, is_verified=False, now=timezone.now())
        return
    connector = open_connector(_connector_row(grant), system=str(grant.resource_role.resource.system))
    settle = _grant if operation.kind == OperationKind.GRANT else _revoke
    settle(operation, connector, grant.person, _entitlement(grant))


def _grant(operation: Operation, connector: Connector, person: User, entitlement: Entitlement) -> None:
    if operation.grant.was_present is None:
        was_present = connector.read(person, entitlement)
        if not actions.note_presence(operation=operation, was_present=was_present, now=timezone.now()):
            return
    connector.grant(person, entitlement)
    if not connector.read(person, entitlement):
        raise ConnectorError(_("The target answered that it was done, but does not show it."))
    actions.settle_delivered(operation=operation, is_verified=True, now=timezone.now())


def _revoke(operation: Operation, connector: Connector, person: User, entitlement: Entitlement) -> None:
    connector.revoke(person, entitlement)
    if connector.read(person, entitlement):
        raise ConnectorError(_("The target answered that it was removed, but still shows it."))
    actions.settle_removed(operation=operation, is_verified=True, now=timezone.now())


def perform_all_due(*, now: datetime) -> int:
    """Carry out everything that is due, one after the other; for commands and tests. Returns how many."""
    return outbox.drain(Operation.objects.with_grants(), perform=perform, now=now)


def _connector_row(grant: Grant) -> ConnectorRow | None:
    return getattr(grant.resource_role.resource.system, "connector", None)


def _entitlement(grant: Grant) -> Entitlement:
    role = grant.resource_role
    return Entitlement(resource_id=role.resource.origin_id, role_id=role.origin_id, name=str(role))
