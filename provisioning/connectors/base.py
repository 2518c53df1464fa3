"""The interface of a connector, small enough to be written in an afternoon.

Each call speaks of one person and one role, may be made twice without harm, and either does what it says or raises
`ConnectorError` with a sentence that an administrator can act on. Calls are made outside any database transaction, and
must come back within `TIMEOUT` seconds a request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone

from directory.models import User

from ..models import Connector as ConnectorRow

Clock = Callable[[], datetime]
"""Tells what time it is, where a change is written with its time."""

TIMEOUT = 10.0
"""Seconds that one request to a target may take; well below the lease of an operation."""


@dataclass(frozen=True)
class Entitlement:
    """One role on one resource, by the ids that the target system gave them, with names for messages."""

    resource_id: str
    role_id: str
    name: str


class ConnectorError(Exception):
    """The target did not do it. `retry_after` is the wait that the target asked for, where it did."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Connector(Protocol):
    """What AccessGov asks of a target system."""

    def __init__(self, row: ConnectorRow, *, clock: Clock = timezone.now) -> None: ...

    def read(self, person: User, entitlement: Entitlement) -> bool:
        """Whether the person holds the role in the target right now; a person without an account holds nothing."""

    def grant(self, person: User, entitlement: Entitlement) -> None:
        """Give the role, creating the person's account where there is none; having it already is success."""

    def revoke(self, person: User, entitlement: Entitlement) -> None:
        """Take the role; not having it, or having no account, is success."""

    def check(self) -> str:
        """Try the connection, change nothing, and say in a few words what answered."""
