"""Whether access can be extended, until when, under which policy, and if not, why not (docs/adr/0005)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.models import AccessPackage, Policy

from . import conflicts
from .lifecycle import LIVE
from .models import AccessRequest, Assignment, end_of

WINDOW = timedelta(days=14)
"""How long before its end access can be extended; where a period is shorter than this, from the period's beginning."""


@dataclass(frozen=True)
class Offer:
    """What an extension would bring: the policy that judges it and the new end (None: no end), or the obstacle."""

    policy: Policy | None = None
    ends_at: datetime | None = None
    obstacle: str = ""
    open_request: AccessRequest | None = None

    @property
    def is_possible(self) -> bool:
        """Whether an extension would be taken now."""
        return not self.obstacle


def offer_for(assignment: Assignment, *, now: datetime) -> Offer:
    """What whoever has this access may have of it beyond its end; the assignment comes with person and package."""
    if assignment.status not in LIVE or (assignment.ends_at and assignment.ends_at <= now):
        return Offer(obstacle=_("This access has ended already."))
    if assignment.ends_at is None:
        return Offer(obstacle=_("It has no end, so there is nothing to extend."))
    if assignment.is_emergency:
        return Offer(obstacle=_("It was taken in an emergency, and is not extended. Ask for it as usual then."))
    facts = {"person": assignment.person, "package": assignment.package}
    asked = AccessRequest.objects.open().updating().filter(assignment=assignment).first()
    if asked:
        return Offer(obstacle=_("There is an open request to extend it already."), open_request=asked)
    policy = _policy_of(assignment)
    if policy is None:
        return Offer(obstacle=_("No policy of %(package)s takes %(person)s in at present.") % facts)
    if not policy.is_extension_allowed:
        return Offer(obstacle=_("Its policy “%(policy)s” allows no extension.") % {"policy": policy})
    if against := conflicts.against_lasting(assignment.person, assignment.package_id):
        return Offer(obstacle=conflicts.in_words(against, person=assignment.person))
    return _offer_under(policy, ends_at=assignment.ends_at, now=now)


def _offer_under(policy: Policy, *, ends_at: datetime, now: datetime) -> Offer:
    """An extension counts from the old end, and never goes past the policy's fixed end."""
    new = end_of(starts_at=ends_at, duration=policy.duration, fixed_end=policy.fixed_end)
    if new is not None and new <= ends_at:
        return Offer(obstacle=_("Its policy ends all access on %(day)s.") % {"day": _in_words(policy.fixed_end or new)})
    opens_at = ends_at - min(WINDOW, policy.duration or WINDOW)
    if now < opens_at:
        return Offer(obstacle=_("It can be extended from %(day)s on.") % {"day": _in_words(opens_at)})
    return Offer(policy=policy, ends_at=new)


def _policy_of(assignment: Assignment) -> Policy | None:
    """The policy that the access is under, where it still takes the person in; else the most specific that does."""
    is_open = AccessPackage.objects.open_to_requests(assignment.person).filter(pk=assignment.package_id)
    found = Policy.objects.matching(assignment.person).filter(package__in=is_open).complete()
    return min(found, key=lambda one: (one.pk != assignment.policy_id, one.tier, one.name), default=None)


def _in_words(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")
