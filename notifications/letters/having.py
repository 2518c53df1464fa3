"""Letters about access: that it is there, that it ends soon, that it ended."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Event
from catalog.models import AccessPackage
from provisioning.models import GrantReason
from requests_app.events import ASSIGNMENT_ENDED
from requests_app.extensions import offer_for
from requests_app.lifecycle import LIVE, RequestType
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment

from ..models import NOTICES, Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, day, facts, find, link, listed, moment, time_left, until
from .roles import System, ended_by_system, held_by_system
from .template import letter

HOLDER = gettext_lazy("whoever has it, unless its policy sends no mails about assignments")
COMMON = ("person", "package", "description", "owner", "facts", "roles", "button", "link", "recipient", "service")
SOON_SUBJECT = gettext_lazy("{package} ends {left}, on {day}")
SOON_BODY = gettext_lazy("""Your access through {package} ends by itself on {ends}. {next}

{facts}

## What it gives you

{roles}

{button}""")
SOON_PLACEHOLDERS = ("ends", "next", "left", "day", *COMMON)


@letter(
    Occasion.GRANTED,
    numbers=(18,),
    topic=Topic.ACCESS,
    to=HOLDER,
    when=gettext_lazy("everything that the package gives is delivered"),
    subject=gettext_lazy("You have {package}"),
    body=gettext_lazy("""Everything that {package} gives is there now:

{roles}

{facts}

What you no longer need you can give back at any time.

{button}"""),
    placeholders=COMMON,
)
def granted(message: Message, now: datetime) -> Draft:
    """What that is, in which systems, and until when."""
    assignment = _live_assignment(message)
    return _draft(
        assignment,
        summary=assignment.package.description,
        because=_("You get this because you were given access."),
        said=[*_thanks_to(assignment), (_("Ends"), until(assignment.ends_at))],
        systems=_held(assignment),
    )


@letter(
    Occasion.ENDS_IN_TWO_WEEKS,
    numbers=(19,),
    topic=Topic.ENDING,
    to=HOLDER,
    when=gettext_lazy("it ends in 14 days, and lasts longer than that"),
    subject=SOON_SUBJECT,
    body=SOON_BODY,
    placeholders=SOON_PLACEHOLDERS,
)
@letter(
    Occasion.ENDS_TOMORROW,
    numbers=(19,),
    topic=Topic.ENDING,
    to=HOLDER,
    when=gettext_lazy("it ends in a day, and lasts longer than that"),
    subject=SOON_SUBJECT,
    body=SOON_BODY,
    placeholders=SOON_PLACEHOLDERS,
)
def ends_soon(message: Message, now: datetime) -> Draft:
    """What goes, and when, and how to keep it."""
    assignment = _live_assignment(message)
    ends_at, owner = assignment.ends_at, assignment.package.owner
    if ends_at is None or ends_at > now + NOTICES[Occasion(message.occasion)]:
        raise NoLongerNeeded(_("Its end was moved."))
    is_extendable = offer_for(assignment, now=now).is_possible
    keep = _(
        "You need not do anything. If you need it for longer, talk to %(owner)s, who looks after it, or ask for it "
        "again when it has ended."
    )
    extend = _("If you need it for longer, extend it before then; else you need not do anything.")
    return _draft(
        assignment,
        summary=_("What it gives you is taken away then, by itself."),
        because=_("You get this because you have this access."),
        said=[(_("Ends"), moment(ends_at)), (_("Looked after by"), str(owner))],
        systems=_held(assignment),
        button=_("Extend it") if is_extendable else "",
        url=link("requests:extend", assignment.pk) if is_extendable else "",
        act_by=ends_at,
        ends=moment(ends_at),
        day=day(ends_at),
        left=time_left(ends_at - now),
        next=extend if is_extendable else keep % {"owner": owner},
    )


@letter(
    Occasion.ENDED,
    numbers=(20,),
    topic=Topic.ACCESS,
    to=gettext_lazy("whoever had it, unless its policy sends no mails about assignments or they were disabled"),
    when=gettext_lazy("it ends: by its end, given back, taken away"),
    subject=gettext_lazy("{package} has ended"),
    body=gettext_lazy("""Your access through {package} has ended. {next}

{facts}

## What becomes of what it gave you

{roles}

{button}"""),
    placeholders=("why", "next", *COMMON),
)
def ended(message: Message, now: datetime) -> Draft:
    """Why it ended, and what became of each role."""
    assignment = find(_assignments(), message.reference)
    if assignment.status in LIVE or assignment.ended_at is None:
        raise NoLongerNeeded(_("The access has not ended."))
    _check_not_silent(assignment)
    package = assignment.package
    can_ask = AccessPackage.objects.requestable_by(assignment.person).filter(pk=package.pk).exists()
    why = _why_it_ended(assignment)
    return _draft(
        assignment,
        summary=why,
        because=_("You get this because you had this access."),
        said=facts(
            (_("Ended"), moment(assignment.ended_at)), (_("Why"), why), (_("Looked after by"), str(package.owner))
        ),
        systems=ended_by_system(GrantReason.objects.of([assignment.pk])),
        button=_("Ask for it again") if can_ask else "",
        url=link("package", package.pk) if can_ask else "",
        why=why,
        next=_("If you still need it, ask for it again.") if can_ask else "",
    )


def _draft(
    assignment: Assignment,
    *,
    summary: str,
    because: str,
    said: list[Fact],
    systems: list[System],
    button: str = "",
    url: str = "",
    act_by: datetime | None = None,
    **values: str,
) -> Draft:
    package = assignment.package
    named = {"package": str(package), "description": package.description, "owner": str(package.owner)}
    return Draft(
        values={"person": str(assignment.person), **named, **values},
        summary=summary,
        button=button or _("See this access"),
        url=url or link("requests:assignment", assignment.pk),
        because=because,
        facts=said,
        systems=systems,
        act_by=act_by,
    )


def _live_assignment(message: Message) -> Assignment:
    assignment = find(_assignments(), message.reference)
    if assignment.status not in LIVE:
        raise NoLongerNeeded(_("The access has ended already."))
    _check_not_silent(assignment)
    return assignment


def _check_not_silent(assignment: Assignment) -> None:
    if assignment.policy.is_silent:
        raise NoLongerNeeded(
            _("The policy “%(policy)s” sends no mails about assignments.") % {"policy": assignment.policy}
        )


def _assignments() -> "QuerySet[Assignment]":
    return Assignment.objects.select_related("person", "package__owner", "policy")


def _held(assignment: Assignment) -> list[System]:
    return held_by_system(GrantReason.objects.living().of([assignment.pk]))


def _thanks_to(assignment: Assignment) -> list[Fact]:
    """Who approved it, and who assigned it or asked for it in their place."""
    access_request = AccessRequest.objects.adding().filter(assignment=assignment).select_related("requested_by").first()
    if access_request is None:
        return []
    approvers = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=True)
    names = listed(row.person for row in approvers.select_related("person").order_by("decided_at", "pk"))
    requester = access_request.requested_by
    other = str(requester) if requester and requester.pk != assignment.person_id else None
    label = _("Assigned by") if access_request.kind == RequestType.ADMIN_ADD else _("Asked for by")
    return facts((label, other), (_("Approved by"), names))


def _why_it_ended(assignment: Assignment) -> str:
    """The reason that the journal has."""
    told = Event.objects.filter(target_id=str(assignment.pk), verb=ASSIGNMENT_ENDED).order_by("-occurred_at").first()
    why = str(told.details.get("why", "")) if told else ""
    if told is None or told.actor_id in (None, assignment.person_id):
        return why
    return _("%(why)s (%(person)s)") % {"why": why, "person": told.actor_label}
