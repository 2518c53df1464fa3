"""Letters about exceptions to separation of duties: asked for, decided, ending and over."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests_app.lifecycle import ExceptionStatus
from requests_app.models import SeparationException

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, day, facts, find, link, moment
from .template import letter

PLACEHOLDERS = ("person", "package", "other", "day", "facts", "button", "link", "recipient", "service")
OVER = (ExceptionStatus.ENDED, ExceptionStatus.REVOKED)


@letter(
    Occasion.EXCEPTION_ASKED,
    topic=Topic.DECISIONS,
    to=gettext_lazy("those who decide on the exception"),
    when=gettext_lazy("an exception to separation of duties is asked for"),
    subject=gettext_lazy("Please decide: may {person} hold {package} together with {other}?"),
    body=gettext_lazy("""{person} is to hold two things that are kept apart. Please decide whether that is needed, and whether the control is enough.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def exception_asked(message: Message, now: datetime) -> Draft:
    """What is asked, why, and under which control."""
    exception = _find(message)
    if exception.status != ExceptionStatus.PENDING:
        raise NoLongerNeeded(_("It is decided already."))
    return _draft(exception, button=_("Decide on this exception"), because=_("You get this because you decide on it."))


@letter(
    Occasion.EXCEPTION_DECIDED,
    topic=Topic.REQUESTS,
    to=gettext_lazy("the person, and whoever asked for the exception"),
    when=gettext_lazy("the exception is allowed or not, or nobody decided in time"),
    subject=gettext_lazy("{outcome}"),
    body=gettext_lazy("""{outcome}

{facts}

{button}"""),
    placeholders=("outcome", *PLACEHOLDERS),
)
def exception_decided(message: Message, now: datetime) -> Draft:
    """Whether it is in force now, by whom and why."""
    exception = _find(message)
    said = {
        ExceptionStatus.APPROVED: _("%(person)s may hold %(package)s together with %(other)s until %(day)s."),
        ExceptionStatus.DENIED: _("%(person)s may not hold %(package)s together with %(other)s."),
        ExceptionStatus.EXPIRED: _("Nobody decided whether %(person)s may hold %(package)s together with %(other)s."),
    }.get(ExceptionStatus(exception.status))
    if said is None:
        raise NoLongerNeeded(_("The exception is over already."))
    because = _("You get this because it was asked for by you or for you.")
    return _draft(exception, button=_("See the exception"), because=because, outcome=said % _values(exception))


@letter(
    Occasion.EXCEPTION_ENDS,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owners of the two packages, whoever allowed it, and the person"),
    when=gettext_lazy("the exception ends within two weeks"),
    subject=gettext_lazy("{person} may hold {package} together with {other} only until {day}"),
    body=gettext_lazy("""The exception ends soon. Nothing is taken away then, but neither of the two can be extended. End one of them, or ask for another exception.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def exception_ends(message: Message, now: datetime) -> Draft:
    """Until when, and under which control."""
    exception = _find(message)
    if not exception.is_in_force or exception.ends_at <= now:
        raise NoLongerNeeded(_("The exception is over already."))
    return _draft(exception, button=_("See the exception"), because=_because())


@letter(
    Occasion.EXCEPTION_OVER,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owners of the two packages, whoever allowed it, and the person"),
    when=gettext_lazy("the exception is over, or taken back"),
    subject=gettext_lazy("The exception is over: {person}, {package} and {other}"),
    body=gettext_lazy("""{person} may no longer hold these two together. What is held stays until somebody ends it, shows in the report as an exception that ended, and cannot be extended.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def exception_over(message: Message, now: datetime) -> Draft:
    """That it is over, and what it was about."""
    exception = _find(message)
    if exception.status not in OVER:
        raise NoLongerNeeded(_("The exception is in force."))
    return _draft(exception, button=_("See the exception"), because=_because())


def _find(message: Message) -> SeparationException:
    rows = SeparationException.objects.with_names()
    return find(rows, message.reference)


def _because() -> str:
    return _("You get this because you look after one of the two, allowed it, or hold them.")


def _values(exception: SeparationException) -> dict[str, str]:
    return {
        "person": str(exception.person),
        "package": str(exception.package),
        "other": str(exception.other),
        "day": day(exception.ends_at),
    }


def _draft(exception: SeparationException, *, button: str, because: str, outcome: str = "") -> Draft:
    values = _values(exception)
    return Draft(
        values={**values, "outcome": outcome} if outcome else values,
        summary=exception.reason,
        button=button,
        url=link("requests:exception", exception.pk),
        because=because,
        facts=facts(
            (_("For"), str(exception.person)),
            (_("Together"), f"{exception.package} + {exception.other}"),
            (_("Until"), moment(exception.ends_at)),
            (_("Why"), exception.reason),
            (_("Control"), exception.control),
            (_("Asked by"), str(exception.asked_by)),
            (_("Decided by"), f"{exception.decided_by}: {exception.decision}" if exception.decided_by else None),
        ),
    )
