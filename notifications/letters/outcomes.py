"""Letters to those who were asked to decide: that others did, or that nobody did."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests_app.lifecycle import ApprovalStatus, RequestStatus
from requests_app.models import AccessRequest, Approval, ApprovalAssignee

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, facts, find, link
from .requests import decisions, named, request_of, what_for, who_asks, wish_of
from .template import letter

BODY = gettext_lazy("""{outcome} You need not do anything.

{facts}

{button}""")
PLACEHOLDERS = ("outcome", "person", "package", "wish", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.STAGE_APPROVED,
    numbers=(8, 16),
    topic=Topic.OUTCOMES,
    to=gettext_lazy("everybody who was asked in the stage, alternates too, but whoever gave the last approval"),
    when=gettext_lazy("the stage is approved and the request goes on to the next one"),
    subject=gettext_lazy("Approved in your stage: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def stage_approved(message: Message, now: datetime) -> Draft:
    """Others approved this stage; the next one decides now."""
    approval = find(Approval.objects.all(), message.reference)
    access_request = request_of(approval.access_request_id)
    _check_not_gone(access_request)
    said = _("The stage in which you were asked about %(wish)s for %(person)s is approved; now others decide.")
    return _draft(access_request, said=said, decided=decisions(access_request, is_approved=True))


@letter(
    Occasion.APPROVED_BY_OTHERS,
    numbers=(7, 8, 16),
    topic=Topic.OUTCOMES,
    to=gettext_lazy("everybody who was asked in any stage, alternates too, but whoever gave the last approval"),
    when=gettext_lazy("the last approval is given"),
    subject=gettext_lazy("Approved: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def approved_by_others(message: Message, now: datetime) -> Draft:
    """The whole request is approved."""
    access_request = request_of(message.reference)
    _check_not_gone(access_request)
    said = _("%(wish)s for %(person)s, about which you were asked, is approved.")
    return _draft(access_request, said=said, decided=decisions(access_request, is_approved=True))


@letter(
    Occasion.STAGE_EXPIRED,
    numbers=(6, 17),
    topic=Topic.OUTCOMES,
    to=gettext_lazy("everybody who was asked in the stage, alternates too"),
    when=gettext_lazy("the stage's time is over without a decision"),
    subject=gettext_lazy("Expired: {wish} for {person}"),
    body=BODY,
    placeholders=PLACEHOLDERS,
)
def stage_expired(message: Message, now: datetime) -> Draft:
    """The stage in which they were asked ran out of time, and the request with it."""
    approval = find(Approval.objects.all(), message.reference)
    if approval.status != ApprovalStatus.EXPIRED:
        raise NoLongerNeeded(_("This approval is %(status)s.") % {"status": approval.get_status_display()})
    access_request = request_of(approval.access_request_id)
    late = ApprovalAssignee.objects.filter(approval=approval, is_approved=None).select_related("person")
    said = _("It was not decided in time whether %(person)s gets %(wish)s, so the request has expired.")
    waited_for = facts((_("Was asked"), named(late.order_by("person__display_name"))))
    return _draft(access_request, said=said, decided=waited_for)


def _check_not_gone(access_request: AccessRequest) -> None:
    if access_request.status in (RequestStatus.DENIED, RequestStatus.EXPIRED, RequestStatus.CANCELED):
        raise NoLongerNeeded(
            _("The request is %(status)s meanwhile.") % {"status": access_request.get_status_display()}
        )


def _draft(access_request: AccessRequest, *, said: str, decided: list[Fact]) -> Draft:
    names = {"person": str(access_request.person), "wish": wish_of(access_request)}
    return Draft(
        values={"outcome": said % names, "package": str(access_request.package), **names},
        summary=" · ".join(f"{label}: {words}" for label, words in decided),
        button=_("See the request"),
        url=link("requests:request", access_request.pk),
        because=_("You get this because you were asked to decide."),
        facts=[*decided, *who_asks(access_request), *what_for(access_request)],
    )
