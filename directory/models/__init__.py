"""Who exists: people, groups and the organisations that guests come from."""

from .attributes import PersonAttribute
from .groups import Group, GroupClosure, GroupNesting, Membership
from .organisations import ConnectedOrganisation, OrganisationDomain, OrganisationState, normalised_domain
from .people import PersonKind, Risk, User

__all__ = [
    "ConnectedOrganisation",
    "Group",
    "GroupClosure",
    "GroupNesting",
    "Membership",
    "OrganisationDomain",
    "OrganisationState",
    "PersonAttribute",
    "PersonKind",
    "Risk",
    "User",
    "normalised_domain",
]
