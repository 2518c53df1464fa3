"""Letters about deciding in somebody's place, and about approvals that were withdrawn."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Event
from requests_app import events
from requests_app.lifecycle import LIVE, UPDATING
from requests_app.models import AccessRequest, ApprovalAssignee, Delegation

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, facts, find, link, moment
from .requests import request_of, wish_of
from .template import letter

PLACEHOLDERS = ("delegate", "delegator", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.DELEGATED,
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever is to decide in somebody's place; and that person, where an administrator set it"),
    when=gettext_lazy("a delegation is set or changed"),
    subject=gettext_lazy("{delegate} decides in the place of {delegator}"),
    body=gettext_lazy("""While {delegator} is away, {delegate} may decide on what {delegator} is asked; {delegator} still may, too. Each request comes by a mail of its own. Nobody decides on their own access, and it cannot be passed on.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def delegated(message: Message, now: datetime) -> Draft:
    """From when until when, for what, and how much waits already."""
    delegation = _delegation(message)
    if delegation.ended_at is not None:
        raise NoLongerNeeded(_("The delegation is over."))
    return _about(delegation, message, said=facts((_("Waiting already"), _waiting(delegation))))


@letter(
    Occasion.DELEGATION_ENDED,
    topic=Topic.DECISIONS,
    to=gettext_lazy("whoever decided in somebody's place; and that person, where somebody else ended it"),
    when=gettext_lazy("a delegation is ended before its time"),
    subject=gettext_lazy("{delegate} no longer decides in the place of {delegator}"),
    body=gettext_lazy("""{delegate} no longer decides on what {delegator} is asked. What is not decided yet waits for {delegator}; what was decided stays.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def delegation_ended(message: Message, now: datetime) -> Draft:
    """That it is over, and who ended it."""
    delegation = _delegation(message)
    told = Event.objects.filter(correlation_id=delegation.pk, verb=events.DELEGATION_ENDED).first()
    return _about(delegation, message, said=facts((_("Why"), told.details.get("why") if told else None)))


@letter(
    Occasion.DECIDED_FOR_YOU,
    topic=Topic.OUTCOMES,
    to=gettext_lazy("whoever is away"),
    when=gettext_lazy("somebody decides in their place"),
    subject=gettext_lazy("{delegate} decided in your place on {wish} for {person}"),
    body=gettext_lazy("""While you are away, {delegate} decided in your place. Nothing is to be done.

{facts}

{button}"""),
    placeholders=("delegate", "wish", "person", "package", "facts", "button", "link", "recipient", "service"),
)
def decided_for_you(message: Message, now: datetime) -> Draft:
    """Who decided on what, how and why."""
    seats = ApprovalAssignee.objects.with_people().select_related("approval")
    seat = find(seats.filter(decided_by__isnull=False), message.reference)
    access_request = request_of(seat.approval.access_request_id)
    decision = _("approved") if seat.is_approved else _("denied")
    return Draft(
        values={
            "delegate": str(seat.decided_by),
            "wish": wish_of(access_request),
            "person": str(access_request.person),
            "package": str(access_request.package),
        },
        summary=decision,
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you were asked to decide, and named somebody to do so while you are away."),
        facts=facts(
            (_("Decision"), decision),
            (_("Why"), seat.justification),
            (_("Asked because"), access_request.justification),
        ),
    )


@letter(
    Occasion.APPROVAL_WITHDRAWN,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owner of the package"),
    when=gettext_lazy("an approver withdraws an approval, and what came of it is taken back"),
    subject=gettext_lazy("{by} withdrew the approval of {package} for {person}"),
    body=gettext_lazy("""{by} had approved {package} for {person}, and withdrew that. {outcome}

{facts}

{button}"""),
    placeholders=("by", "package", "person", "outcome", "facts", "button", "link", "recipient", "service"),
)
def approval_withdrawn(message: Message, now: datetime) -> Draft:
    """Who withdrew it, why, and what was taken back."""
    access_request = request_of(message.reference)
    event = Event.objects.filter(target_id=str(access_request.pk), verb=events.APPROVAL_WITHDRAWN).first()
    if event is None:
        raise NoLongerNeeded(_("What it is about no longer exists."))
    why, assignment = str(event.details.get("why", "")), access_request.assignment
    return Draft(
        values={
            "by": event.actor_label,
            "package": str(access_request.package),
            "person": str(access_request.person),
            "outcome": _taken_back(access_request),
        },
        summary=why,
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you look after the package."),
        facts=facts((_("Why"), why), (_("Since"), moment(assignment.starts_at) if assignment else None)),
    )


def _taken_back(access_request: AccessRequest) -> str:
    assignment = access_request.assignment
    if assignment is None:
        return _("The access was still to begin; now it does not.")
    if access_request.kind in UPDATING and assignment.status in LIVE:
        return _("The access ends again when it was to end before it was extended.")
    return _("The access has ended; what only it gave is being taken away.")


def _delegation(message: Message) -> Delegation:
    return find(Delegation.objects.with_names(), message.reference)


def _about(delegation: Delegation, message: Message, *, said: list[Fact]) -> Draft:
    catalogs = ", ".join(str(catalog) for catalog in delegation.catalogs.all())
    set_by = str(delegation.set_by) if delegation.set_by_id != delegation.delegator_id else None
    is_away = message.recipient_id == delegation.delegator_id
    delegate = delegation.delegate if is_away else message.recipient  # also whoever it named before it was changed
    return Draft(
        values={"delegate": str(delegate), "delegator": str(delegation.delegator)},
        summary=_("all catalogs") if delegation.is_for_all_catalogs else catalogs,
        button=_("See what it covers"),
        url=link("requests:delegations"),
        because=_("You get this because it is about who decides on requests."),
        facts=facts(
            (_("From"), moment(delegation.starts_at)),
            (_("Until"), moment(delegation.ends_at) if delegation.ends_at else _("it is ended")),
            (_("Catalogs"), _("all catalogs") if delegation.is_for_all_catalogs else catalogs),
            (_("Set by"), set_by),
        )
        + said,
    )


def _waiting(delegation: Delegation) -> str:
    """How many requests wait for the delegate from the beginning; nothing where none does."""
    seats = ApprovalAssignee.objects.undecided().filter(person=delegation.delegator, delegate=delegation.delegate)
    number = seats.count()
    return str(number) if number else ""
