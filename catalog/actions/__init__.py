"""Every change to what can be asked for: catalogs, target systems, resources, packages and policies.

Each takes a row as it is to be, filled in but not saved, and checks, saves and journals it in one transaction: forms,
the API and imports change the catalog in this one way (docs/adr/0004).
"""

from .catalogs import delete_catalog, save_catalog
from .custom_extensions import delete_custom_extension, note_extension_test, save_custom_extension
from .discovering import note_gone, note_unseen, take_in
from .incompatibilities import delete_incompatibility, save_incompatibility
from .packages import add_roles, delete_package, remove_roles, save_package
from .policies import delete_policy, save_policy
from .resources import delete_resource, delete_system, place_resource, save_resource, save_system
from .roles import grant_role, revoke_role
from .stages import MOST_STAGES, Stage, check_stage

__all__ = [
    "MOST_STAGES",
    "Stage",
    "add_roles",
    "check_stage",
    "delete_catalog",
    "delete_custom_extension",
    "delete_incompatibility",
    "delete_package",
    "delete_policy",
    "delete_resource",
    "delete_system",
    "grant_role",
    "note_extension_test",
    "note_gone",
    "note_unseen",
    "place_resource",
    "remove_roles",
    "revoke_role",
    "save_catalog",
    "save_custom_extension",
    "save_incompatibility",
    "save_package",
    "save_policy",
    "save_resource",
    "save_system",
    "take_in",
]
