"""Every change to grants, operations and connectors.

Callers that change what somebody is to have lock the person first (`directory.actions.lock_people`).
"""

from .answering import MOST as MOST_ANSWERED
from .answering import answer_cases, reopen_ignored
from .connecting import configure_connector, note_connection_test
from .discovering import finish_discovery, postpone_discovery, settle_page, start_discovery, start_due_discoveries
from .finding import preview
from .hand_tasks import MOST as MOST_TASKS
from .hand_tasks import ask_by_hand, finish_tasks, note_overdue, note_refusal_heard, refuse_tasks
from .helping import retry_stuck, skip_stuck
from .holding import note_answer, note_outage
from .listing import take_in_holders
from .queueing import OPEN
from .reconciling import (
    finish,
    give_up,
    hold,
    lay_down,
    put_off,
    set_drift_rule,
    settle_step,
    start_due,
    start_reconciliation,
)
from .removing import remove_adopted
from .repeating import repeat
from .settling import (
    Failure,
    begin,
    granting_took_its_time,
    note_presence,
    settle_delivered,
    settle_failed,
    settle_removed,
    settle_waiting,
)
from .using import note_use_reading, note_use_unread, take_in_uses
from .wanting import Reason, provide, withdraw

__all__ = [
    "MOST_ANSWERED",
    "MOST_TASKS",
    "OPEN",
    "Failure",
    "Reason",
    "answer_cases",
    "ask_by_hand",
    "begin",
    "configure_connector",
    "finish",
    "finish_discovery",
    "finish_tasks",
    "give_up",
    "granting_took_its_time",
    "hold",
    "lay_down",
    "note_answer",
    "note_connection_test",
    "note_outage",
    "note_overdue",
    "note_presence",
    "note_refusal_heard",
    "note_use_reading",
    "note_use_unread",
    "postpone_discovery",
    "preview",
    "provide",
    "put_off",
    "refuse_tasks",
    "remove_adopted",
    "reopen_ignored",
    "repeat",
    "retry_stuck",
    "set_drift_rule",
    "settle_delivered",
    "settle_failed",
    "settle_page",
    "settle_removed",
    "settle_step",
    "settle_waiting",
    "skip_stuck",
    "start_discovery",
    "start_due",
    "start_due_discoveries",
    "start_reconciliation",
    "take_in_holders",
    "take_in_uses",
    "withdraw",
]
