"""Every change to requests and assignments.

Each action locks the person first and the request, approval or assignment afterwards (docs/adr/0002).
"""

from .asking import assign_directly, submit
from .deciding import approve, cancel, deny, expire_overdue, replace_absent_approvers
from .delivering import refresh
from .ending import end_everything_of, expire_due, give_back, revoke
from .escalating import ask_alternates
from .extending import extend
from .handing_over import hand_over
from .repackaging import give_roles, take_roles
from .rescheduling import change_end

__all__ = [
    "approve",
    "ask_alternates",
    "assign_directly",
    "cancel",
    "change_end",
    "deny",
    "end_everything_of",
    "expire_due",
    "expire_overdue",
    "extend",
    "give_back",
    "give_roles",
    "hand_over",
    "refresh",
    "replace_absent_approvers",
    "revoke",
    "submit",
    "take_roles",
]
