"""Letters to those who keep the installation running."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import CustomExtension, TargetSystem
from provisioning.models import Operation
from requests_app.models import Callout

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, find, link
from .template import letter

SHOWN = 10


@letter(
    Occasion.WORK_STUCK,
    topic=Topic.ALARMS,
    to=gettext_lazy("administrators"),
    when=gettext_lazy("a system does not do what was approved, however often it is asked; once in 15 minutes at most"),
    subject=gettext_lazy("Given up: {number} to {system}"),
    body=gettext_lazy("""{system} did not do this, however often it was asked ({number}). What was approved is not there, or what ended is still there. Nothing is lost: put it back to work when the cause is mended.

{facts}

{more}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("system", "number", "more", "facts", "button", "link", "recipient", "service"),
)
def work_stuck(message: Message, now: datetime) -> Draft:
    """What a system was to do, did not do however often it was asked, and what it said."""
    system = find(TargetSystem.objects.all(), message.reference)
    stuck = Operation.objects.stuck().filter(grant__resource_role__resource__system=system)
    count = stuck.count()
    if not count:
        raise NoLongerNeeded(_("Nothing is stuck in %(system)s any more.") % {"system": system})
    shown = list(stuck.with_grants().order_by("-due_at", "-id")[:SHOWN])
    more = count - len(shown)
    return Draft(
        values={
            "system": str(system),
            "number": ngettext("%(count)d change", "%(count)d changes", count) % {"count": count},
            "more": ngettext("and %(count)d more.", "and %(count)d more.", more) % {"count": more} if more else "",
        },
        summary=shown[0].last_error,
        button=_("See stuck work"),
        url=link("admin:provisioning_operation_changelist"),
        because=_("You get this because you are an administrator."),
        facts=[(f"{operation}, {operation.grant.person}", operation.last_error) for operation in shown],
    )


@letter(
    Occasion.EXTENSION_STUCK,
    topic=Topic.ALARMS,
    to=gettext_lazy("administrators"),
    when=gettext_lazy("a custom extension cannot be reached, however often it is called; once in 15 minutes at most"),
    subject=gettext_lazy("Given up: {number} of {extension}"),
    body=gettext_lazy("""{extension} did not take this, however often it was called ({number}). What is waited for waits until its time is over; then silence means what was set up. Call it again when the cause is mended.

{facts}

{more}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("extension", "number", "more", "facts", "button", "link", "recipient", "service"),
)
def extension_stuck(message: Message, now: datetime) -> Draft:
    """What a custom extension was to be told, was not however often it was called, and what it said."""
    extension = find(CustomExtension.objects.all(), message.reference)
    stuck = Callout.objects.stuck().filter(extension=extension)
    count = stuck.count()
    if not count:
        raise NoLongerNeeded(_("Nothing of %(extension)s is stuck any more.") % {"extension": extension})
    shown = list(stuck.with_names().order_by("-due_at", "-id")[:SHOWN])
    more = count - len(shown)
    return Draft(
        values={
            "extension": str(extension),
            "number": ngettext("%(count)d call", "%(count)d calls", count) % {"count": count},
            "more": ngettext("and %(count)d more.", "and %(count)d more.", more) % {"count": more} if more else "",
        },
        summary=shown[0].last_error,
        button=_("See stuck calls"),
        url=link("admin:requests_app_callout_changelist"),
        because=_("You get this because you are an administrator."),
        facts=[(f"{one.access_request}, {one.access_request.person}", one.last_error) for one in shown],
    )
