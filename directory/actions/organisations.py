"""Changes to connected organisations: their domains, their sponsors, and who belongs to them by their address."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import PROTECT, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import NOTHING, Facts, changes, facts_of, names

from .. import events
from ..models import ConnectedOrganisation, Group, OrganisationDomain, PersonKind, User, normalised_domain
from .people import lock_people
from .rules import require_organisations_right

MOST_NAMED = 3
"""Of more things that stand against a deletion, only the first are named."""


@transaction.atomic
def save_organisation(
    *,
    organisation: ConnectedOrganisation,
    actor: User | None,
    now: datetime,
    domains: Collection[str] | None = None,
    internal_sponsors: Collection[User] | None = None,
    internal_sponsor_groups: Collection[Group] | None = None,
    external_sponsors: Collection[User] | None = None,
    external_sponsor_groups: Collection[Group] | None = None,
) -> ConnectedOrganisation:
    """Create or change a connected organisation; what is None stays as it is.

    Guests of no organisation whose address has one of its domains belong to it from now on; those who belonged to it
    by a domain that it loses no longer do. Raises PermissionDenied, and ValidationError where a domain is none, is
    named twice or is another organisation's, or where there is none at all.
    """
    require_organisations_right(actor)
    is_new = organisation._state.adding
    before = {} if is_new else _facts(ConnectedOrganisation.objects.select_for_update().get(pk=organisation.pk))
    organisation.full_clean()
    organisation.save()
    if domains is not None:
        _change_domains(organisation, _normalised(domains), actor=actor, now=now)
    if not OrganisationDomain.objects.filter(organisation=organisation).exists():
        raise ValidationError(
            _("Name at least one mail domain: without one, nobody belongs to “%(organisation)s”."),
            code="nobody",
            params={"organisation": organisation},
        )
    if internal_sponsors is not None:
        organisation.internal_sponsors.set(internal_sponsors)
    if internal_sponsor_groups is not None:
        organisation.internal_sponsor_groups.set(internal_sponsor_groups)
    if external_sponsors is not None:
        organisation.external_sponsors.set(external_sponsors)
    if external_sponsor_groups is not None:
        organisation.external_sponsor_groups.set(external_sponsor_groups)
    if details := changes(before, _facts(ConnectedOrganisation.objects.get(pk=organisation.pk))):
        verb = events.ORGANISATION_CREATED if is_new else events.ORGANISATION_CHANGED
        journal.record(verb, actor=actor, target=organisation, at=now, details=details)
    return organisation


@transaction.atomic
def delete_organisation(*, organisation: ConnectedOrganisation, actor: User | None, now: datetime) -> None:
    """Delete an organisation that nobody belongs to and no policy names.

    Raises PermissionDenied and ValidationError.
    """
    require_organisations_right(actor)
    locked = ConnectedOrganisation.objects.select_for_update().get(pk=organisation.pk)
    users = [said for relation in locked._meta.related_objects if (said := _users(locked, relation))]
    if users:
        raise ValidationError(
            _("“%(organisation)s” cannot be deleted: %(users)s refer to it."),
            code="used",
            params={"organisation": locked, "users": get_text_list(users, _("and"))},
        )
    journal.record(events.ORGANISATION_DELETED, actor=actor, target=locked, at=now)
    locked.delete()


def _users(organisation: ConnectedOrganisation, relation: Any) -> str:
    """Those rows of a relation that stand against a deletion, in words."""
    if not relation.many_to_many and relation.on_delete is not PROTECT:
        return ""
    rows = relation.related_model._base_manager.filter(**{relation.field.name: organisation})
    named = [str(row) for row in rows[: MOST_NAMED + 1]]
    listed = ", ".join(named[:MOST_NAMED]) + (" …" if len(named) > MOST_NAMED else "")
    return f"{relation.related_model._meta.verbose_name_plural} ({listed})" if named else ""


def _normalised(domains: Iterable[str]) -> list[str]:
    normalised = [normalised_domain(domain) for domain in domains]
    twice = sorted(domain for domain, times in Counter(normalised).items() if times > 1)
    if twice:
        raise ValidationError(_("Named twice: %(domains)s."), code="twice", params={"domains": ", ".join(twice)})
    return normalised


def _change_domains(
    organisation: ConnectedOrganisation, wanted: Collection[str], *, actor: User | None, now: datetime
) -> None:
    present = set(organisation.domains.values_list("name", flat=True))
    gone, new = present - set(wanted), sorted(set(wanted) - present)
    others = OrganisationDomain.objects.filter(name__in=new).select_related("organisation")
    if taken := others.order_by("name").first():
        raise ValidationError(
            _("%(domain)s belongs to “%(organisation)s” already."),
            code="taken",
            params={"domain": taken, "organisation": taken.organisation},
        )
    organisation.domains.filter(name__in=gone).delete()
    rows = [OrganisationDomain(organisation=organisation, name=name) for name in new]
    for row in rows:
        row.full_clean(exclude=["organisation"])
    OrganisationDomain.objects.bulk_create(rows)
    if gone:
        leavers = User.objects.filter(_with_address_in(gone), organisation=organisation)
        _move(leavers, old=organisation, new=None, actor=actor, now=now)
    if new:
        newcomers = User.objects.filter(_with_address_in(new), kind=PersonKind.GUEST, organisation=None)
        _move(newcomers, old=None, new=organisation, actor=actor, now=now)


def _with_address_in(domains: Iterable[str]) -> Q:
    return reduce(or_, (Q(email__iendswith=f"@{domain}") for domain in domains))


def _move(
    people: Any,
    *,
    old: ConnectedOrganisation | None,
    new: ConnectedOrganisation | None,
    actor: User | None,
    now: datetime,
) -> None:
    """Have people belong to another organisation, by two statements and one for their events, however many they are."""
    ids: list[UUID] = list(people.order_by().values_list("pk", flat=True))
    if not ids:
        return
    locked = lock_people(ids)
    User.objects.filter(pk__in=ids).update(organisation=new)
    details = changes(_belonging_to(old), _belonging_to(new))
    journal.record_many(
        journal.entry(events.PERSON_CHANGED, actor=actor, target=person, person=person, at=now, details=details)
        for person in locked.values()
    )


def _belonging_to(organisation: ConnectedOrganisation | None) -> Facts:
    return {"organisation": (str(_("connected organisation")), str(organisation or NOTHING))}


def _facts(organisation: ConnectedOrganisation) -> Facts:
    """What it says; the row is read afresh, for a page may hold what hung on it before."""
    return facts_of(
        organisation,
        domains=names(_("mail domains"), organisation.domains.all()),
        internal_sponsors=names(_("internal sponsors"), _sponsors(organisation, "internal")),
        external_sponsors=names(_("external sponsors"), _sponsors(organisation, "external")),
    )


def _sponsors(organisation: ConnectedOrganisation, side: str) -> list[Any]:
    people = getattr(organisation, f"{side}_sponsors").all()
    groups = getattr(organisation, f"{side}_sponsor_groups").all()
    return [*people, *groups]
