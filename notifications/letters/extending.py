"""Letters about the end of access that was moved."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests_app.lifecycle import LIVE
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, day, facts, link, until
from .requests import named, request_of
from .template import letter

PLACEHOLDERS = ("package", "person", "owner", "until", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.EXTENDED,
    topic=Topic.ACCESS,
    to=gettext_lazy("whoever has it"),
    when=gettext_lazy("an extension is approved, by people or by the policy"),
    subject=gettext_lazy("Extended: you have {package} {until}"),
    body=gettext_lazy("""Your access through {package} is extended. You keep what it gives you; nothing is to be done.

{facts}

{button}"""),
    placeholders=PLACEHOLDERS,
)
def extended(message: Message, now: datetime) -> Draft:
    """Until when, and thanks to whom."""
    access_request, assignment = _find(message)
    approved = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=True)
    names = named(approved.select_related("person").order_by("decided_at", "pk"))
    because = _("You get this because you asked for this access to last longer.")
    shortened = str(access_request.shortened_by) if access_request.shortened_by else None
    return _draft(assignment, because=because, said=facts((_("Approved by"), names), (_("Shortened by"), shortened)))


@letter(
    Occasion.END_MOVED,
    topic=Topic.ACCESS,
    to=gettext_lazy("whoever has it"),
    when=gettext_lazy("somebody who looks after the package moves the end"),
    subject=gettext_lazy("The end of your {package} was moved: you have it {until}"),
    body=gettext_lazy("""The end of your access through {package} was moved. You keep what it gives you until then, and need not do anything.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def end_moved(message: Message, now: datetime) -> Draft:
    """Until when they have it now, who decided that, and why."""
    access_request, assignment = _find(message)
    because = _("You get this because you have this access.")
    said = facts((_("Moved by"), str(access_request.requested_by)), (_("Why"), access_request.justification))
    return _draft(assignment, because=because, said=said)


def _find(message: Message) -> tuple[AccessRequest, Assignment]:
    """The request that moved the end, and the access as it is now. Raises NoLongerNeeded."""
    access_request = request_of(message.reference)
    assignment = access_request.assignment
    if assignment is None or assignment.status not in LIVE:
        raise NoLongerNeeded(_("The access has ended already."))
    return access_request, assignment


def _draft(assignment: Assignment, *, because: str, said: list[Fact]) -> Draft:
    package, ends_at = assignment.package, assignment.ends_at
    return Draft(
        values={
            "package": str(package),
            "person": str(assignment.person),
            "owner": str(package.owner),
            "until": _("until %(day)s") % {"day": day(ends_at)} if ends_at else _("without an end"),
        },
        summary=_("You keep what it gives you until then; nothing else changes."),
        button=_("See this access"),
        url=link("requests:assignment", assignment.pk),
        because=because,
        facts=[(_("Ends"), until(ends_at)), *said, (_("Looked after by"), str(package.owner))],
    )
