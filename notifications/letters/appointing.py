"""Letters about delegated roles: given to somebody or to a group, and taken away."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from audit.models import Event
from catalog import events
from catalog.choices import DelegatedRole
from catalog.models import RoleAssignment

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, facts, link, moment
from .template import letter

PLACEHOLDERS = ("by", "whom", "role", "where", "facts", "button", "link", "recipient", "service")
TO = gettext_lazy("whoever has the role, unless they did it themselves; of a group its owners")


@letter(
    Occasion.ROLE_GRANTED,
    topic=Topic.ACCESS,
    to=TO,
    when=gettext_lazy("a delegated role is given to a person or a group"),
    subject=gettext_lazy("{by} gave {whom} the role {role} in {where}"),
    body=gettext_lazy("""{by} gave {whom} the role {role} in {where}. What belongs to it is in the administration from now on.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def role_granted(message: Message, now: datetime) -> Draft:
    """Which role, where, and by whom; while it is held."""
    if not RoleAssignment.objects.filter(pk=message.reference).exists():
        raise NoLongerNeeded(_("The role was taken away again."))
    return _about(_told(events.ROLE_GRANTED, message), button=_("Open the administration"), url=link("admin:index"))


@letter(
    Occasion.ROLE_REVOKED,
    topic=Topic.ACCESS,
    to=TO,
    when=gettext_lazy("a delegated role is taken away"),
    subject=gettext_lazy("{by} took from {whom} the role {role} in {where}"),
    body=gettext_lazy("""{by} took from {whom} the role {role} in {where}. Other roles stay as they are.

{facts}

{button}"""),
    placeholders=PLACEHOLDERS,
)
def role_revoked(message: Message, now: datetime) -> Draft:
    """Which role, where, and by whom: from the journal, since the role itself is gone."""
    return _about(_told(events.ROLE_REVOKED, message), button=_("Open the start page"), url=link("home"))


def _told(verb: str, message: Message) -> Event:
    event = Event.objects.filter(target_id=str(message.reference), verb=verb).order_by("-id").first()
    if event is None:
        raise NoLongerNeeded(_("What it is about no longer exists."))
    return event


def _about(event: Event, *, button: str, url: str) -> Draft:
    told = event.details
    role = str(DelegatedRole(told["role_id"]).label)
    where = told["where"] if told["catalog_id"] else _("the whole installation")
    group = _("the group %(group)s") % {"group": told["whom"]}
    whom = group if told["group_id"] else pgettext("to whom a role is given or from whom it is taken", "you")
    return Draft(
        values={"by": event.actor_label, "whom": whom, "role": role, "where": where},
        summary=_("%(role)s in %(where)s") % {"role": role, "where": where},
        button=button,
        url=url,
        because=_("You get this because it is about who may do what here."),
        facts=facts((_("Role"), role), (_("Where"), where), (_("When"), moment(event.occurred_at))),
    )
