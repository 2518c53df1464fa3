"""Every change to grants, operations and connectors.

Callers that change what somebody is to have lock the person first (`directory.actions.lock_people`).
"""

from .answering import MOST as MOST_ANSWERED
from .answering import answer_cases, reopen_ignored
from .connecting import configure_connector, note_connection_test
from .finding import preview
from .helping import retry_stuck, skip_stuck
from .holding import note_answer, note_outage
from .queueing import OPEN
from .reconciling import finish, give_up, set_drift_rule, settle_step, start_due, start_reconciliation
from .repeating import repeat
from .settling import Failure, begin, note_presence, settle_delivered, settle_failed, settle_removed, settle_waiting
from .wanting import Reason, provide, withdraw

__all__ = [
    "MOST_ANSWERED",
    "OPEN",
    "Failure",
    "Reason",
    "answer_cases",
    "begin",
    "configure_connector",
    "finish",
    "give_up",
    "note_answer",
    "note_connection_test",
    "note_outage",
    "note_presence",
    "preview",
    "provide",
    "reopen_ignored",
    "repeat",
    "retry_stuck",
    "set_drift_rule",
    "settle_delivered",
    "settle_failed",
    "settle_removed",
    "settle_step",
    "settle_waiting",
    "skip_stuck",
    "start_due",
    "start_reconciliation",
    "withdraw",
]
