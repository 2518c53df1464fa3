"""Every change to what can be asked for: catalogs, target systems, resources, packages and policies.

Each takes a row as it is to be, filled in but not saved, and checks, saves and journals it in one transaction: forms,
the API and imports change the catalog in this one way (docs/adr/0004).
"""

from .incompatibilities import delete_incompatibility, save_incompatibility
from .packages import add_roles, delete_package, remove_roles, save_package
from .policies import MOST_STAGES, Stage, delete_policy, save_policy
from .resources import delete_catalog, delete_resource, delete_system, save_catalog, save_resource, save_system

__all__ = [
    "MOST_STAGES",
    "Stage",
    "add_roles",
    "delete_catalog",
    "delete_incompatibility",
    "delete_package",
    "delete_policy",
    "delete_resource",
    "delete_system",
    "remove_roles",
    "save_catalog",
    "save_incompatibility",
    "save_package",
    "save_policy",
    "save_resource",
    "save_system",
]
