"""Letters about the end of access that was moved."""

from datetime import datetime

from django.utils.translation import gettext as _

from requests_app.lifecycle import LIVE
from requests_app.models import AccessRequest, ApprovalAssignee, Assignment

from ..models import Message
from .letter import Draft, Fact, NoLongerNeeded, day, facts, find, link, listed, until


def extended(message: Message, now: datetime) -> Draft:
    """To whoever has it for longer: until when, and thanks to whom."""
    access_request, assignment = _find(message)
    approved = ApprovalAssignee.objects.filter(approval__access_request=access_request, is_approved=True)
    names = listed(row.person for row in approved.select_related("person").order_by("decided_at", "pk"))
    subject = _("Extended: you have %(package)s until %(day)s")
    if assignment.ends_at is None:
        subject = _("Extended: your %(package)s has no end any more")
    return _draft(
        assignment,
        template="extended",
        subject=subject,
        because=_("You get this because you asked for this access to last longer."),
        said=facts((_("Approved by"), names)),
    )


def end_moved(message: Message, now: datetime) -> Draft:
    """To whoever has it: until when they have it now, who decided that, and why."""
    access_request, assignment = _find(message)
    subject = _("Your %(package)s now ends on %(day)s")
    if assignment.ends_at is None:
        subject = _("Your %(package)s has no end any more")
    return _draft(
        assignment,
        template="end_moved",
        subject=subject,
        because=_("You get this because you have this access."),
        said=facts((_("Moved by"), str(access_request.requested_by)), (_("Why"), access_request.justification)),
    )


def _find(message: Message) -> tuple[AccessRequest, Assignment]:
    """The request that moved the end, and the access as it is now. Raises NoLongerNeeded."""
    rows = AccessRequest.objects.select_related("assignment__package__owner", "requested_by")
    access_request = find(rows, message.reference)
    assignment = access_request.assignment
    if assignment is None or assignment.status not in LIVE:
        raise NoLongerNeeded(_("The access has ended already."))
    return access_request, assignment


def _draft(assignment: Assignment, *, template: str, subject: str, because: str, said: list[Fact]) -> Draft:
    package, ends_at = assignment.package, assignment.ends_at
    return Draft(
        template=template,
        subject=subject % {"package": package, "day": day(ends_at) if ends_at else ""},
        preheader=_("You keep what it gives you until then; nothing else changes."),
        button=_("See this access"),
        url=link("requests:assignment", assignment.pk),
        because=because,
        facts=[(_("Ends"), until(ends_at)), *said, (_("Looked after by"), str(package.owner))],
        context={"package": package},
    )
