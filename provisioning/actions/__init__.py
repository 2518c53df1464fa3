"""Every change to grants, operations and connectors.

Callers that change what somebody is to have lock the person first (`directory.actions.lock_people`).
"""

from .connecting import configure_connector, note_connection_test
from .queueing import OPEN
from .repeating import repeat
from .settling import note_presence, retry_stuck, settle_delivered, settle_failed, settle_outdated, settle_removed
from .wanting import Reason, provide, withdraw

__all__ = [
    "OPEN",
    "Reason",
    "configure_connector",
    "note_connection_test",
    "note_presence",
    "provide",
    "repeat",
    "retry_stuck",
    "settle_delivered",
    "settle_failed",
    "settle_outdated",
    "settle_removed",
    "withdraw",
]
