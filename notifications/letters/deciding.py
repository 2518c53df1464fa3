"""Letters about what became of a request: to whoever asked, and whom they asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Event
from catalog.models import AccessPackage
from directory.models import User
from requests_app import events
from requests_app.lifecycle import UPDATING, ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, ApprovalAssignee

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, facts, link, moment
from .requests import decisions, named, request_of, unanswered, what_for, wish_of
from .template import letter

BODY = gettext_lazy("""{outcome} {next}

{facts}

{button}""")
PLACEHOLDERS = (
    "outcome", "next", "person", "package", "wish", "owner", "facts", "button", "link", "recipient", "service",
)  # fmt: skip
PARTIES = gettext_lazy("whoever asked, and whom it was asked for")


@letter(
    Occasion.APPROVED,
    numbers=(7,),
    topic=Topic.REQUESTS,
    to=PARTIES,
    when=gettext_lazy("the last approval is given; not where the policy approves by itself, nor for extensions"),
    subject=gettext_lazy("Approved: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def approved(message: Message, now: datetime) -> Draft:
    """It is approved, by whom, and how far the delivery is."""
    access_request = request_of(message.reference)
    if access_request.status == RequestStatus.CANCELED:
        raise NoLongerNeeded(_("The access ended before it was delivered."))
    return _decision(
        access_request,
        message.recipient,
        mine=_("Your request for %(package)s is approved."),
        others=_("The request for %(package)s for %(person)s is approved."),
        following=_how_far(access_request),
        decided=decisions(access_request, is_approved=True),
    )


@letter(
    Occasion.DENIED,
    numbers=(9,),
    topic=Topic.REQUESTS,
    to=PARTIES,
    when=gettext_lazy("an approver denies, at any stage"),
    subject=gettext_lazy("Denied: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def denied(message: Message, now: datetime) -> Draft:
    """It is denied, by whom, and why."""
    access_request = request_of(message.reference)
    nothing = _("The access is there until its end, which stays as it was.")
    following = nothing if access_request.kind in UPDATING else _("Nothing was changed.")
    if _can_ask_again(access_request):
        following += " " + _("It may be asked for again, for instance with a better reason.")
    return _decision(
        access_request,
        message.recipient,
        mine=_("Your request for %(package)s is denied."),
        others=_("The request for %(package)s for %(person)s is denied."),
        following=following,
        decided=decisions(access_request, is_approved=False) or _why_denied(access_request),
    )


@letter(
    Occasion.EXPIRED,
    numbers=(10,),
    topic=Topic.REQUESTS,
    to=PARTIES,
    when=gettext_lazy("nobody decided in the stage's time"),
    subject=gettext_lazy("Nobody decided in time: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def expired(message: Message, now: datetime) -> Draft:
    """Nobody decided in time; it is not a denial."""
    access_request = request_of(message.reference)
    late = ApprovalAssignee.objects.filter(
        approval__access_request=access_request, approval__status=ApprovalStatus.EXPIRED, is_approved=None
    )
    following = ""
    if access_request.kind in UPDATING:
        following = _("The access is there until its end, which stays as it was; it may be asked again to extend it.")
    elif _can_ask_again(access_request):
        following = _("If it is still needed, ask for it again.")
    return _decision(
        access_request,
        message.recipient,
        mine=_("Nobody decided on your request for %(package)s in time, so it has expired. Nobody denied it."),
        others=_(
            "Nobody decided on the request for %(package)s for %(person)s in time, so it has expired. Nobody denied it."
        ),
        following=following,
        decided=facts(
            (_("Was asked"), named(late.select_related("person").order_by("person__display_name"))),
            (_("Did not answer"), unanswered(access_request)),
        ),
    )


@letter(
    Occasion.CANCELED,
    topic=Topic.REQUESTS,
    to=PARTIES,
    when=gettext_lazy("somebody else than the reader cancels the request"),
    subject=gettext_lazy("Canceled: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def canceled(message: Message, now: datetime) -> Draft:
    """Somebody else ended it before it was decided."""
    access_request = request_of(message.reference)
    told = _last_event([events.REQUEST_CANCELED], access_request)
    return _decision(
        access_request,
        message.recipient,
        mine=_("Your request for %(package)s was canceled before it began."),
        others=_("The request for %(package)s for %(person)s was canceled before it began."),
        following=_("If it is still needed, ask for it again.") if _can_ask_again(access_request) else "",
        decided=facts(
            (_("Canceled by"), told.actor_label if told else None),
            (_("Why"), str(told.details.get("why", "")) if told else None),
        ),
    )


@letter(
    Occasion.NOT_GIVEN,
    topic=Topic.REQUESTS,
    to=PARTIES,
    when=gettext_lazy(
        "it was approved, and something stands against giving it: incompatible access, an end that passed"
    ),
    subject=gettext_lazy("Not given: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def not_given(message: Message, now: datetime) -> Draft:
    """It was approved, and yet it is not given, and why."""
    access_request = request_of(message.reference)
    told = _last_event(events.NOT_GIVEN, access_request)
    return _decision(
        access_request,
        message.recipient,
        mine=_("Your request for %(package)s was approved, and yet it is not given to you."),
        others=_("The request for %(package)s for %(person)s was approved, and yet it is not given."),
        following=_("If it is still needed, ask for it again.") if _can_ask_again(access_request) else "",
        decided=facts((_("Why it was not given"), str(told.details.get("why", "")) if told else None)),
    )


def _decision(
    access_request: AccessRequest, recipient: User, *, mine: str, others: str, following: str, decided: Sequence[Fact]
) -> Draft:
    person, package = access_request.person, access_request.package
    said = mine if person == recipient else others
    return Draft(
        values={
            "outcome": said % {"package": package, "person": person},
            "next": following,
            "person": str(person),
            "package": str(package),
            "wish": wish_of(access_request),
            "owner": str(package.owner),
        },
        summary=" · ".join(f"{label}: {words}" for label, words in decided) or package.description,
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you asked, or because it was asked for you."),
        facts=[*decided, *what_for(access_request), (_("Asked on"), moment(access_request.submitted_at))],
    )


def _how_far(access_request: AccessRequest) -> str:
    if access_request.status == RequestStatus.SCHEDULED and access_request.wanted_start:
        return _("The access begins on %(moment)s.") % {"moment": moment(access_request.wanted_start)}
    if access_request.status == RequestStatus.DELIVERED:
        return _("The access is there.")
    if access_request.policy.is_silent:
        return _("The access is being delivered.")
    return _("The access is being delivered; another mail follows when it is there.")


def _can_ask_again(access_request: AccessRequest) -> bool:
    open_to = AccessPackage.objects.requestable_by(access_request.person)
    return access_request.kind not in UPDATING and open_to.filter(pk=access_request.package_id).exists()


def _why_denied(access_request: AccessRequest) -> list[Fact]:
    """What the journal has where no approver denied, but a custom extension."""
    told = _last_event([events.REQUEST_DENIED], access_request)
    return facts((_("Why it was denied"), str(told.details.get("justification", "")) if told else None))


def _last_event(verbs: Iterable[str], access_request: AccessRequest) -> Event | None:
    told = Event.objects.filter(target_id=str(access_request.pk), verb__in=verbs)
    return told.order_by("-occurred_at", "-id").first()
