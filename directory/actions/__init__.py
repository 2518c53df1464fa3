"""Every change to people, groups and connected organisations.

`actor` None means the system itself: an import or a connector.
"""

from .attributes import delete_attribute, save_attribute, set_attributes
from .groups import add_member, add_owner, nest_group, remove_member, remove_owner, save_group, unnest_group
from .guests import disable_guests, forget_guests
from .organisations import delete_organisation, save_organisation
from .people import (
    change_own_password,
    disable_person,
    enable_person,
    end_sessions,
    hold_people,
    lock_people,
    refuse_manager_circle,
    save_person,
    set_password,
    set_risk,
)

__all__ = [
    "add_member",
    "add_owner",
    "change_own_password",
    "delete_attribute",
    "delete_organisation",
    "disable_guests",
    "disable_person",
    "enable_person",
    "end_sessions",
    "forget_guests",
    "hold_people",
    "lock_people",
    "nest_group",
    "refuse_manager_circle",
    "remove_member",
    "remove_owner",
    "save_attribute",
    "save_group",
    "save_organisation",
    "save_person",
    "set_attributes",
    "set_password",
    "set_risk",
    "unnest_group",
]
