"""Letters about emergency access: the alarm, and the review that is still to be made."""

from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from requests_app.lifecycle import EmergencyStatus
from requests_app.models import AccessRequest, EmergencyReview

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, day, facts, find, link, moment
from .template import letter

PLACEHOLDERS = ("person", "package", "day", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.EMERGENCY_TAKEN,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owner of the package and of its catalog, else administrators"),
    when=gettext_lazy("somebody takes access in an emergency"),
    subject=gettext_lazy("Emergency: {person} took {package}"),
    body=gettext_lazy("""{person} took {package} without approval, as an emergency. They have it now. Take it away if that is wrong, and review it by {day}.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def emergency_taken(message: Message, now: datetime) -> Draft:
    """Who, why, until when, how often before, and what it is incompatible with."""
    review = find(EmergencyReview.objects.with_names(), message.reference)
    return _draft(review)


@letter(
    Occasion.EMERGENCY_DUE,
    topic=Topic.ALARMS,
    to=gettext_lazy("those who are to review it"),
    when=gettext_lazy("the review is due within two days"),
    subject=gettext_lazy("Please review by {day}: {person} took {package} in an emergency"),
    body=gettext_lazy("""Every emergency is reviewed. Please say whether this one was justified.

{facts}

{button}"""),
    placeholders=PLACEHOLDERS,
)
def emergency_due(message: Message, now: datetime) -> Draft:
    """What is to be reviewed, and by when."""
    return _draft(_open_review(message))


@letter(
    Occasion.EMERGENCY_OVERDUE,
    topic=Topic.ALARMS,
    to=gettext_lazy("those who were to review it, and administrators"),
    when=gettext_lazy("the time for the review is over"),
    subject=gettext_lazy("Overdue: the review of {person}’s emergency access to {package}"),
    body=gettext_lazy("""This was to be reviewed by {day}, and nobody did. Please say whether it was justified.

{facts}

{button}"""),
    placeholders=PLACEHOLDERS,
)
def emergency_overdue(message: Message, now: datetime) -> Draft:
    """What should have been reviewed."""
    return _draft(_open_review(message))


@letter(
    Occasion.EMERGENCY_JUDGED,
    topic=Topic.ACCESS,
    to=gettext_lazy("whoever took the access"),
    when=gettext_lazy("somebody has reviewed whether the emergency was justified"),
    subject=gettext_lazy("Reviewed: you took {package} in an emergency"),
    body=gettext_lazy("""{outcome}

{facts}

{button}"""),
    placeholders=("outcome", *PLACEHOLDERS),
)
def emergency_judged(message: Message, now: datetime) -> Draft:
    """What was found, and by whom."""
    request = find(AccessRequest.objects.all(), message.reference)
    review = EmergencyReview.objects.with_names().get(access_request=request)
    was_right = _("It was found that you were right to take it.")
    was_wrong = _("It was found that you should not have taken it; what of it was there has ended.")
    draft = _draft(review)
    return replace(
        draft,
        values={**draft.values, "outcome": was_right if review.status == EmergencyStatus.JUSTIFIED else was_wrong},
        summary=review.findings,
        button=_("See the request"),
        url=link("requests:request", review.access_request_id),
        because=_("You get this because you took access in an emergency."),
        facts=facts((_("Reviewed by"), str(review.decided_by)), (_("What was found"), review.findings)),
    )


def _open_review(message: Message) -> EmergencyReview:
    """The review while it is to be made. Raises NoLongerNeeded."""
    review = find(EmergencyReview.objects.with_names(), message.reference)
    if review.status != EmergencyStatus.OPEN:
        raise NoLongerNeeded(_("It is reviewed already."))
    return review


def _draft(review: EmergencyReview) -> Draft:
    access_request = review.access_request
    times = ngettext("%(count)d time in 90 days", "%(count)d times in 90 days", review.uses) % {"count": review.uses}
    return Draft(
        values={
            "person": str(access_request.person),
            "package": str(access_request.package),
            "day": day(review.due_at),
        },
        summary=access_request.justification,
        button=_("Review this emergency"),
        url=link("requests:emergency_review", review.pk),
        because=_("You get this because you look after this package."),
        facts=facts(
            (_("Who"), str(access_request.person)),
            (_("Package"), f"{access_request.package} ({access_request.package.catalog})"),
            (_("The emergency"), access_request.justification),
            (_("Taken"), moment(review.taken_at)),
            (_("Until"), moment(access_request.fixed_end) if access_request.fixed_end else None),
            (_("How often"), times),
            (_("Incompatible with"), review.conflicts or None),
        ),
    )
