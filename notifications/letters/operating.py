"""Letters to those who keep the installation running."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accessgov.outbox import WorkStatus
from catalog.models import CustomExtension, TargetSystem
from directory.models import User
from directory.permissions import is_administrator
from provisioning.models import AccountChange, Connector, DriftCase, Operation, Reconciliation
from requests_app.models import Callout

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, Fact, NoLongerNeeded, facts, find, link, moment
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
    accounts = AccountChange.objects.stuck().filter(system=system)
    operations = stuck.count()
    count = operations + accounts.count()
    if not count:
        raise NoLongerNeeded(_("Nothing is stuck in %(system)s any more.") % {"system": system})
    shown = [(f"{one}, {one.person}", one.last_error) for one in accounts.with_names().order_by("-due_at")[:SHOWN]]
    first = stuck.with_grants().order_by("-due_at", "-id")[: SHOWN - len(shown)]
    shown += [(f"{operation}, {operation.grant.person}", operation.last_error) for operation in first]
    more = count - len(shown)
    return Draft(
        values={
            "system": str(system),
            "number": ngettext("%(count)d change", "%(count)d changes", count) % {"count": count},
            "more": ngettext("and %(count)d more.", "and %(count)d more.", more) % {"count": more} if more else "",
        },
        summary=shown[0][1],
        button=_("See stuck work"),
        url=link(f"admin:provisioning_{'operation' if operations else 'accountchange'}_changelist"),
        because=_("You get this because you are an administrator."),
        facts=shown,
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


@letter(
    Occasion.DRIFT_FOUND,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owners of the resources, else administrators"),
    when=gettext_lazy(
        "a reconciliation finds access that nobody here gave, or misses access that nobody took; once each"
    ),
    subject=gettext_lazy("{system} is not as it should be: {number}"),
    body=gettext_lazy("""{system} was compared with what people should have ({number} for you). Please say what is to become of it.

{facts}

{more}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("system", "number", "more", "facts", "button", "link", "recipient", "service"),
)
def drift_found(message: Message, now: datetime) -> Draft:
    """What differs, of what the reader may answer and what is not answered yet."""
    run = find(Reconciliation.objects.select_related("connector__system"), message.reference)
    cases = DriftCase.objects.answerable_by(message.recipient).open().filter(run=run)
    count = cases.count()
    if not count:
        raise NoLongerNeeded(_("Nothing of it waits for an answer any more."))
    shown = list(cases.with_names().order_by("first_seen_at", "pk")[:SHOWN])
    more = count - len(shown)
    return Draft(
        values={
            "system": str(run.connector),
            "number": ngettext("%(count)d difference", "%(count)d differences", count) % {"count": count},
            "more": ngettext("and %(count)d more.", "and %(count)d more.", more) % {"count": more} if more else "",
        },
        summary=shown[0].sentence,
        button=_("See what differs"),
        url=link("drift"),
        because=_(
            "You get this because you own a resource there, or because nobody does and you are an administrator."
        ),
        facts=[(case.get_kind_display(), case.sentence) for case in shown],
    )


@letter(
    Occasion.CONNECTOR_PAUSED,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owners of the connector, else administrators"),
    when=gettext_lazy("a system did not answer several times in a row, so that everything to be done there waits"),
    subject=gettext_lazy("{system} does not answer: its connector is paused"),
    body=gettext_lazy("""{system} has not answered several times in a row. What is to be given or taken there waits ({number}); nothing is lost. Whether it is back is tried by itself, and then everything goes on. You are told when it does.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("system", "number", "facts", "button", "link", "recipient", "service"),
)
def connector_paused(message: Message, now: datetime) -> Draft:
    """Which system is away since when, what it said, and what waits for it."""
    connector = find(Connector.objects.select_related("system"), message.reference)
    if connector.paused_at is None:
        raise NoLongerNeeded(_("%(system)s answers again.") % {"system": connector})
    held = moment(connector.held_until) if connector.held_until else None
    pairs = facts(
        (_("Paused since"), moment(connector.paused_at)),
        (_("What was wrong"), connector.last_error),
        (_("Next try"), held),
    )
    return _about_connector(connector, message.recipient, summary=connector.last_error, pairs=pairs)


@letter(
    Occasion.CONNECTOR_RESUMED,
    topic=Topic.ALARMS,
    to=gettext_lazy("whoever was told that the connector is paused"),
    when=gettext_lazy("the system of a paused connector answers again"),
    subject=gettext_lazy("{system} answers again"),
    body=gettext_lazy("""{system} answers again, and its connector goes on by itself. What waited is being done now ({number}). There is nothing to do for you.

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("system", "number", "facts", "button", "link", "recipient", "service"),
)
def connector_resumed(message: Message, now: datetime) -> Draft:
    """That a system is back, for those who heard that it was away."""
    connector = find(Connector.objects.select_related("system"), message.reference)
    if connector.paused_at is not None:
        raise NoLongerNeeded(_("%(system)s is paused once more.") % {"system": connector})
    told = Message.objects.filter(
        recipient=message.recipient, reference=connector.pk, created_at__lte=message.created_at
    )
    last = told.filter(occasion=Occasion.CONNECTOR_PAUSED).order_by("-created_at", "-id").first()
    if last is None or last.status != WorkStatus.DONE or last.withheld_because:
        raise NoLongerNeeded(_("They were not told that it was paused."))
    return _about_connector(connector, message.recipient, summary=_("It goes on by itself."), pairs=[])


def _about_connector(connector: Connector, reader: User, *, summary: str, pairs: list[Fact]) -> Draft:
    count = Operation.objects.pending().filter(system=connector.system_id).count()
    count += AccountChange.objects.pending().filter(system=connector.system_id).count()
    opens = is_administrator(reader)
    return Draft(
        values={
            "system": str(connector),
            "number": ngettext("%(count)d change", "%(count)d changes", count) % {"count": count},
        },
        summary=summary,
        button=_("See the connector") if opens else _("Open the start page"),
        url=link("admin:provisioning_connector_change", connector.pk) if opens else link("home"),
        because=_("You get this because you look after this connector, or because nobody does and you administer."),
        facts=pairs,
    )
