"""Which connected organisation a person belongs to: the one that was named, else that of their mail's domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.core.exceptions import ValidationError

from .models import OrganisationDomain, User, normalised_domain

Domains = Mapping[str, UUID]
"""Mail domains with the ids of the organisations that they belong to."""


@dataclass(frozen=True)
class Before:
    """What stood in a person's record: the address, and the organisation."""

    email: str
    organisation_id: UUID | None

    @classmethod
    def of(cls, person: User) -> Self:
        """As it is in this record."""
        return cls(email=person.email, organisation_id=person.organisation_id)


def domains_of(*emails: str) -> Domains:
    """The organisations of these addresses' domains, by one statement."""
    found = OrganisationDomain.objects.filter(name__in={domain_of(email) for email in emails})
    return dict(found.values_list("name", "organisation_id"))


def all_domains() -> Domains:
    """Every domain that belongs to an organisation."""
    return dict(OrganisationDomain.objects.order_by().values_list("name", "organisation_id"))


def domain_of(email: str) -> str:
    """The domain of an address as organisations keep it; empty where it has none."""
    try:
        return normalised_domain(email.rpartition("@")[2])
    except ValidationError:
        return ""


def organisation_of(
    *, is_guest: bool, email: str, named: UUID | None, before: Before | None, domains: Domains
) -> UUID | None:
    """The organisation that the record is to have; `named` is what it was given, `before` what it was, None when new.

    Whoever belongs to the organisation of their domain follows the domain; whoever was put into another one stays.
    """
    is_new = before is None or named != before.organisation_id
    if not is_guest:
        return named if is_new else None
    if named and is_new:
        return named
    follows = before is None or before.organisation_id == domains.get(domain_of(before.email))
    return domains.get(domain_of(email)) if follows or named is None else named
