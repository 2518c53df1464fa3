"""Connectors, accounts, grants with their reasons, operations, reconciliations and what they found."""

from .connectors import Account, Connector, ConnectorKind
from .drift import DriftCase, DriftRule
from .grants import Grant, GrantReason
from .operations import Operation, OperationKind
from .reconciliations import Reconciliation, RoleReading, StagedHolder

__all__ = [
    "Account",
    "Connector",
    "ConnectorKind",
    "DriftCase",
    "DriftRule",
    "Grant",
    "GrantReason",
    "Operation",
    "OperationKind",
    "Reconciliation",
    "RoleReading",
    "StagedHolder",
]
