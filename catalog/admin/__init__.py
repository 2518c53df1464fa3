"""Configuring what can be asked for; everything is saved by `catalog.actions`."""

from .custom_extensions import CustomExtensionAdmin
from .packages import PackageAdmin
from .policies import PolicyAdmin
from .resources import CatalogAdmin, ResourceAdmin, ResourceRoleAdmin, SystemAdmin
from .roles import RoleAssignmentAdmin

__all__ = [
    "CatalogAdmin",
    "CustomExtensionAdmin",
    "PackageAdmin",
    "PolicyAdmin",
    "ResourceAdmin",
    "ResourceRoleAdmin",
    "RoleAssignmentAdmin",
    "SystemAdmin",
]
