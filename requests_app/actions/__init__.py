"""Every change to requests and assignments.

Each action locks the person first and the request, approval or assignment afterwards (docs/adr/0002).
"""

from .answering import CalloutAnswer, CalloutAnswered, CalloutTooLate, answer_callout, time_out_callout
from .asking import assign_directly, submit
from .baskets import Wish, ask_together, fill_in, put_in_basket, refuse_in_basket, take_out_of_basket
from .beginning import begin_scheduled
from .calling import (
    abandon,
    call_before_end,
    call_delivered,
    launch_all,
    retry_callouts,
    settle_failed,
    settle_sent,
    settle_unwanted,
)
from .deciding import approve, cancel, deny, expire_overdue, replace_absent_approvers
from .deciding_many import decide_many
from .delegating import change_delegation, end_delegation, end_delegations_of, follow_delegations, set_delegation
from .delivering import refresh
from .emergencies import emergency_policy, judge_emergency, take_in_emergency
from .ending import cancel_request, end_by_review, end_everything_of, end_what_gives, expire_due, give_back, revoke
from .escalating import ask_alternates
from .excepting import (
    approve_exception,
    ask_for_exception,
    deny_exception,
    expire_exceptions,
    revoke_exception,
    withdraw_exception,
)
from .extending import extend
from .handing_over import hand_over
from .inquiring import answer_inquiry, ask_for_information, go_on_unanswered
from .repackaging import give_roles, take_roles
from .reprocessing import reprocess
from .reprocessing_many import reprocess_package, reprocess_system
from .rescheduling import change_end
from .resubmitting import resubmit
from .rolling_out import carry_batch, note_rollout_failed, retry_rollouts
from .shortening import Shorter
from .withdrawing import withdraw_approval

__all__ = [
    "CalloutAnswer",
    "CalloutAnswered",
    "CalloutTooLate",
    "Shorter",
    "Wish",
    "abandon",
    "answer_callout",
    "answer_inquiry",
    "approve",
    "approve_exception",
    "ask_alternates",
    "ask_for_exception",
    "ask_for_information",
    "ask_together",
    "assign_directly",
    "begin_scheduled",
    "call_before_end",
    "call_delivered",
    "cancel",
    "cancel_request",
    "carry_batch",
    "change_delegation",
    "change_end",
    "decide_many",
    "deny",
    "deny_exception",
    "emergency_policy",
    "end_by_review",
    "end_delegation",
    "end_delegations_of",
    "end_everything_of",
    "end_what_gives",
    "expire_due",
    "expire_exceptions",
    "expire_overdue",
    "extend",
    "fill_in",
    "follow_delegations",
    "give_back",
    "give_roles",
    "go_on_unanswered",
    "hand_over",
    "judge_emergency",
    "launch_all",
    "note_rollout_failed",
    "put_in_basket",
    "refresh",
    "refuse_in_basket",
    "replace_absent_approvers",
    "reprocess",
    "reprocess_package",
    "reprocess_system",
    "resubmit",
    "retry_callouts",
    "retry_rollouts",
    "revoke",
    "revoke_exception",
    "set_delegation",
    "settle_failed",
    "settle_sent",
    "settle_unwanted",
    "submit",
    "take_in_emergency",
    "take_out_of_basket",
    "take_roles",
    "time_out_callout",
    "withdraw_approval",
    "withdraw_exception",
]
