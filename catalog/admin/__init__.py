"""Configuring what can be asked for; everything is saved by `catalog.actions`."""

from .packages import PackageAdmin
from .policies import PolicyAdmin
from .resources import CatalogAdmin, ResourceAdmin, ResourceRoleAdmin, SystemAdmin

__all__ = ["CatalogAdmin", "PackageAdmin", "PolicyAdmin", "ResourceAdmin", "ResourceRoleAdmin", "SystemAdmin"]
