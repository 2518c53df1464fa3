"""What each delegated role may do: the one table that permissions, querysets, the administration and the docs read."""

from enum import Enum

from .choices import DelegatedRole


class Right(Enum):
    """What a role lets its holders do: the first two everywhere, the others in the catalog that it is given in."""

    CREATE_CATALOGS = "create catalogs"
    ORGANISATIONS = "look after connected organisations"
    READ = "see the catalog, its packages and who has which role in it"
    ASSIGNMENTS = "assign packages, take them away, see and cancel requests"
    PACKAGES = "change packages, their roles, policies and incompatibilities"
    OWN = "change the catalog, its resources and extensions, and appoint people"


RIGHTS: dict[DelegatedRole, frozenset[Right]] = {
    DelegatedRole.CATALOG_CREATOR: frozenset({Right.CREATE_CATALOGS}),
    DelegatedRole.ORGANISATION_ADMINISTRATOR: frozenset({Right.ORGANISATIONS}),
    DelegatedRole.CATALOG_OWNER: frozenset({Right.READ, Right.ASSIGNMENTS, Right.PACKAGES, Right.OWN}),
    DelegatedRole.PACKAGE_MANAGER: frozenset({Right.READ, Right.ASSIGNMENTS, Right.PACKAGES}),
    DelegatedRole.ASSIGNMENT_MANAGER: frozenset({Right.READ, Right.ASSIGNMENTS}),
    DelegatedRole.CATALOG_READER: frozenset({Right.READ}),
}

EVERYWHERE = (DelegatedRole.CATALOG_CREATOR, DelegatedRole.ORGANISATION_ADMINISTRATOR)
"""Roles that hold in the whole installation; every other one is given in one catalog."""


def roles_with(right: Right) -> list[DelegatedRole]:
    """The roles that carry this right."""
    return [role for role, rights in RIGHTS.items() if right in rights]
