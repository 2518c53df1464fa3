"""Letters about access: that it is there, that it ends soon, that it ended."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from audit.models import Event
from catalog.models import AccessPackage
from provisioning.models import GrantReason
from requests_app.events import ASSIGNMENT_ENDED
from requests_app.extensions import offer_for
from requests_app.lifecycle import LIVE
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment

from ..actions import REMINDERS
from ..models import Message, Occasion
from .letter import Draft, Fact, NoLongerNeeded, day, facts, find, link, listed, moment, time_left, until
from .roles import ended_by_system, held_by_system

NOTICES = dict(REMINDERS)


def granted(message: Message, now: datetime) -> Draft:
    """To whoever has it now: what that is, in which systems, and until when."""
    assignment = _live_assignment(message)
    return Draft(
        template="granted",
        subject=_("You have %(package)s") % {"package": assignment.package},
        preheader=assignment.package.description,
        button=_("See this access"),
        url=link("requests:assignment", assignment.pk),
        because=_("You get this because you were given access."),
        facts=[*_thanks_to(assignment), (_("Ends"), until(assignment.ends_at))],
        context=_context(assignment),
    )


def ends_soon(message: Message, now: datetime) -> Draft:
    """To whoever has it, two weeks and one day before it ends: what goes, and when."""
    assignment = _live_assignment(message)
    ends_at = assignment.ends_at
    if ends_at is None or ends_at > now + NOTICES[Occasion(message.occasion)]:
        raise NoLongerNeeded(_("Its end was moved."))
    is_extendable = offer_for(assignment, now=now).is_possible
    return Draft(
        template="ends_soon",
        subject=_("%(package)s ends %(left)s, on %(day)s")
        % {"package": assignment.package, "left": time_left(ends_at - now), "day": day(ends_at)},
        preheader=_("What it gives you is taken away then, by itself."),
        button=_("Extend it") if is_extendable else _("See this access"),
        url=link("requests:extend" if is_extendable else "requests:assignment", assignment.pk),
        because=_("You get this because you have this access."),
        facts=[(_("Ends"), moment(ends_at)), (_("Looked after by"), str(assignment.package.owner))],
        context={**_context(assignment), "ends_at": moment(ends_at), "is_extendable": is_extendable},
    )


def ended(message: Message, now: datetime) -> Draft:
    """To whoever had it: why it ended, and what became of each role."""
    assignment = find(_assignments(), message.reference)
    if assignment.status in LIVE or assignment.ended_at is None:
        raise NoLongerNeeded(_("The access has not ended."))
    package, person = assignment.package, assignment.person
    can_ask = AccessPackage.objects.requestable_by(person).filter(pk=package.pk).exists()
    why = _why_it_ended(assignment)
    return Draft(
        template="ended",
        subject=_("%(package)s has ended") % {"package": package},
        preheader=why,
        button=_("Ask for it again") if can_ask else _("See this access"),
        url=link("package", package.pk) if can_ask else link("requests:assignment", assignment.pk),
        because=_("You get this because you had this access."),
        facts=facts(
            (_("Ended"), moment(assignment.ended_at)), (_("Why"), why), (_("Looked after by"), str(package.owner))
        ),
        context={
            "package": package,
            "systems": ended_by_system(GrantReason.objects.of([assignment.pk])),
            "can_ask_again": can_ask,
        },
    )


def _live_assignment(message: Message) -> Assignment:
    assignment = find(_assignments(), message.reference)
    if assignment.status not in LIVE:
        raise NoLongerNeeded(_("The access has ended already."))
    return assignment


def _assignments() -> "QuerySet[Assignment]":
    return Assignment.objects.select_related("person", "package__owner")


def _context(assignment: Assignment) -> dict[str, object]:
    reasons = GrantReason.objects.living().of([assignment.pk])
    return {"package": assignment.package, "systems": held_by_system(reasons)}


def _thanks_to(assignment: Assignment) -> list[Fact]:
    """Who approved it, or who assigned it."""
    access_request = AccessRequest.objects.adding().filter(assignment=assignment).select_related("requested_by").first()
    if access_request is None:
        return []
    approvers = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=True)
    names = listed(row.person for row in approvers.select_related("person").order_by("decided_at", "pk"))
    requester = access_request.requested_by
    assigned_by = str(requester) if requester and requester.pk != assignment.person_id else None
    return facts((_("Assigned by"), assigned_by), (_("Approved by"), names))


def _why_it_ended(assignment: Assignment) -> str:
    """The reason that the journal has."""
    told = Event.objects.filter(target_id=str(assignment.pk), verb=ASSIGNMENT_ENDED).order_by("-occurred_at").first()
    why = str(told.details.get("why", "")) if told else ""
    if told is None or told.actor_id in (None, assignment.person_id):
        return why
    return _("%(why)s (%(person)s)") % {"why": why, "person": told.actor_label}
