"""Connectors, accounts and their changes, grants, operations, reconciliations and what they found."""

from .account_changes import AccountChange, AccountChangeKind
from .aliases import Alias
from .connectors import Account, Connector, ConnectorKind
from .discoveries import Discovery
from .drift import DriftCase, DriftRule
from .grants import Grant, GrantReason
from .hand_tasks import HandTask, HolderList, ListedHolder
from .operations import Operation, OperationKind
from .reconciliations import Reconciliation, RoleReading, StagedPage
from .usage import LastUse, UseReading, UseSource

__all__ = [
    "Account",
    "AccountChange",
    "AccountChangeKind",
    "Alias",
    "Connector",
    "ConnectorKind",
    "Discovery",
    "DriftCase",
    "DriftRule",
    "Grant",
    "GrantReason",
    "HandTask",
    "HolderList",
    "LastUse",
    "ListedHolder",
    "Operation",
    "OperationKind",
    "Reconciliation",
    "RoleReading",
    "StagedPage",
    "UseReading",
    "UseSource",
]
