"""Every change to grants, operations and connectors.

Callers that change what somebody is to have lock the person first (`directory.actions.lock_people`).
"""

from .account_helping import retry_accounts, skip_accounts
from .account_settling import (
    begin_account_changes,
    fail_accounts,
    may_be_created_just_now,
    note_account,
    settle_account,
    wait_for_account,
)
from .answering import MOST as MOST_ANSWERED
from .answering import answer_cases, reopen_ignored
from .connecting import configure_connector, note_connection_test
from .disabling import disable_accounts_of, enable_accounts_of
from .discovering import (
    finish_discovery,
    hold_discovery,
    postpone_discovery,
    settle_page,
    start_discovery,
    start_due_discoveries,
)
from .finding import preview
from .forgetting import forget_aliases
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
from .renaming import note_renamed
from .repeating import repeat
from .settling import (
    Failure,
    begin,
    granting_took_its_time,
    hold_on,
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
    "begin_account_changes",
    "configure_connector",
    "disable_accounts_of",
    "enable_accounts_of",
    "fail_accounts",
    "finish",
    "finish_discovery",
    "finish_tasks",
    "forget_aliases",
    "give_up",
    "granting_took_its_time",
    "hold",
    "hold_discovery",
    "hold_on",
    "lay_down",
    "may_be_created_just_now",
    "note_account",
    "note_answer",
    "note_connection_test",
    "note_outage",
    "note_overdue",
    "note_presence",
    "note_refusal_heard",
    "note_renamed",
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
    "retry_accounts",
    "retry_stuck",
    "set_drift_rule",
    "settle_account",
    "settle_delivered",
    "settle_failed",
    "settle_page",
    "settle_removed",
    "settle_step",
    "settle_waiting",
    "skip_accounts",
    "skip_stuck",
    "start_discovery",
    "start_due",
    "start_due_discoveries",
    "start_reconciliation",
    "take_in_holders",
    "take_in_uses",
    "wait_for_account",
    "withdraw",
]
