"""Letters to those who keep the installation running."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import TargetSystem
from provisioning.models import Operation

from ..models import Message
from .letter import Draft, NoLongerNeeded, find, link

SHOWN = 10


def work_stuck(message: Message, now: datetime) -> Draft:
    """To administrators: what a system was to do, did not do however often it was asked, and what it said."""
    system = find(TargetSystem.objects.all(), message.reference)
    stuck = Operation.objects.stuck().filter(grant__resource_role__resource__system=system)
    count = stuck.count()
    if not count:
        raise NoLongerNeeded(_("Nothing is stuck in %(system)s any more.") % {"system": system})
    shown = list(stuck.with_grants().order_by("-due_at", "-id")[:SHOWN])
    subject = ngettext(
        "%(count)d change to %(system)s was given up", "%(count)d changes to %(system)s were given up", count
    )
    return Draft(
        template="work_stuck",
        subject=subject % {"count": count, "system": system},
        preheader=shown[0].last_error,
        button=_("See stuck work"),
        url=link("admin:provisioning_operation_changelist"),
        because=_("You get this because you are an administrator."),
        facts=[(f"{operation}, {operation.grant.person}", operation.last_error) for operation in shown],
        context={"system": system, "count": count, "more": count - len(shown)},
    )
