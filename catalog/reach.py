"""Whom a policy takes in: what `Policy.objects.applicable` says of one person, said of everybody at once."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.models import OrganisationState, PersonKind, User
from directory.querysets import UserQuerySet

from .choices import RequestorScope
from .models import Policy

MOST_NAMES = 3
"""So many of those whom it reaches are named, as examples."""


@dataclass(frozen=True)
class Reach:
    """How many people can ask under a policy now, and some of them."""

    number: int
    examples: tuple[str, ...]


def people_in(policy: Policy) -> UserQuerySet:
    """Enabled people whom the scope of the policy takes in, whatever other policies say."""
    everybody = User.objects.enabled()
    guests = everybody.filter(kind=PersonKind.GUEST)
    match policy.scope:
        case RequestorScope.SPECIFIC | RequestorScope.EMERGENCY:
            members = User.objects.in_groups(policy.groups.values("pk")).values("pk")
            return everybody.filter(Q(pk__in=policy.people.values("pk")) | Q(pk__in=members))
        case RequestorScope.ALL_MEMBERS:
            return everybody.exclude(kind=PersonKind.GUEST)
        case RequestorScope.EVERYONE:
            return everybody
        case RequestorScope.ORGANISATIONS:
            return guests.filter(organisation__in=policy.organisations.values("pk"))
        case RequestorScope.ALL_CONFIGURED:
            return guests.filter(organisation__state=OrganisationState.CONFIGURED)
        case RequestorScope.ALL_EXTERNAL:
            return guests
    return everybody.none()


def people_under(policy: Policy) -> UserQuerySet:
    """Of those whom the policy takes in, the ones who can ask under it: no narrower policy of the package has them,
    and guests see the catalog."""
    found = people_in(policy)
    for narrower in Policy.objects.enabled().filter(package=policy.package, tier__lt=policy.tier):
        found = found.exclude(pk__in=people_in(narrower).values("pk"))
    catalog = policy.package.catalog
    return found if catalog.is_externally_visible else found.exclude(kind=PersonKind.GUEST)


def reach_of(policy: Policy) -> Reach:
    """How far the policy reaches now."""
    people = people_under(policy)
    examples = people.order_by("display_name", "pk")[:MOST_NAMES]
    return Reach(number=people.count(), examples=tuple(str(person) for person in examples))


def in_words(reach: Reach) -> str:
    """“214 people now, for example Ada, Ben and Cara.”"""
    if not reach.number:
        return _("Nobody at present.")
    number = ngettext("%(count)d person now", "%(count)d people now", reach.number) % {"count": reach.number}
    facts = {"number": number, "names": get_text_list(list(reach.examples), _("and"))}
    is_all = reach.number == len(reach.examples)
    return (_("%(number)s: %(names)s.") if is_all else _("%(number)s, for example %(names)s.")) % facts
