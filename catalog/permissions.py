"""Who may look after catalogs and packages: one pure question each."""

from directory.models import User
from directory.permissions import is_administrator

from .models import AccessPackage, Catalog


def can_manage_catalog(user: User, catalog: Catalog) -> bool:
    """Administrators, and the owners of the catalog."""
    return is_administrator(user) or (user.is_active and catalog.owners.filter(pk=user.pk).exists())


def can_manage_assignments(user: User, package: AccessPackage) -> bool:
    """Who may assign this package directly and take it away: its owner, the catalog's owners, administrators."""
    if not user.is_active:
        return False
    return is_administrator(user) or package.owner_id == user.pk or can_manage_catalog(user, package.catalog)
