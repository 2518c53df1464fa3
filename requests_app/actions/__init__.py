"""Every change to requests and assignments.

Each action locks the person first and the request, approval or assignment afterwards (docs/adr/0002).
"""

from .asking import assign_directly, submit
from .deciding import approve, cancel, deny, expire_overdue, replace_absent_approvers
from .delivering import refresh
from .ending import end_everything_of, expire_due, give_back, revoke
from .repackaging import give_roles, take_roles

__all__ = [
    "approve",
    "assign_directly",
    "cancel",
    "deny",
    "end_everything_of",
    "expire_due",
    "expire_overdue",
    "give_back",
    "give_roles",
    "refresh",
    "replace_absent_approvers",
    "revoke",
    "submit",
    "take_roles",
]
