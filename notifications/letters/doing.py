"""Letters to teams that do by hand what a system without an interface is to do."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from provisioning.models import Connector, HandTask
from provisioning.task_querysets import TaskQuerySet

from ..models import Message, Occasion
from ..topics import Topic
from .letter import Draft, NoLongerNeeded, facts, find, link, moment
from .template import letter

SHOWN = 10
PLACEHOLDERS = ("number", "system", "more", "facts", "button", "link", "recipient", "service")


@letter(
    Occasion.TASK_OPENED,
    topic=Topic.TASKS,
    to=gettext_lazy("everybody in the team that does the tasks of the system"),
    when=gettext_lazy("something is to be given or taken by hand; what comes within a minute in one letter"),
    subject=gettext_lazy("{number} to be done in {system}"),
    body=gettext_lazy("""No program can reach {system}: your team does this by hand ({number}). Please do it, and say by what it is seen. Whoever of you does it first does it for all.

{facts}

{more}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def task_opened(message: Message, now: datetime) -> Draft:
    """What is open in a system, the most urgent first."""
    return _list(message, HandTask.objects.waiting_for(message.recipient))


@letter(
    Occasion.TASK_OVERDUE,
    topic=Topic.TASKS,
    to=gettext_lazy("everybody in the team that does the tasks of the system"),
    when=gettext_lazy("a task is not done in its time; once"),
    subject=gettext_lazy("Overdue: {number} in {system}"),
    body=gettext_lazy("""This should have been done by hand in {system} by now ({number}). Somebody waits for access, or still has what has ended. Please do it, or say why it cannot be done.

{facts}

{more}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=PLACEHOLDERS,
)
def task_overdue(message: Message, now: datetime) -> Draft:
    """What should have been done by now."""
    return _list(message, HandTask.objects.waiting_for(message.recipient).overdue(now))


@letter(
    Occasion.TASK_REFUSED,
    topic=Topic.ALARMS,
    to=gettext_lazy("the owners of the connector, else administrators"),
    when=gettext_lazy("somebody in a team says that a task cannot be done"),
    subject=gettext_lazy("Not done in {system}: {task}"),
    body=gettext_lazy("""{refused_by} says that this cannot be done in {system}. It is not tried again before somebody puts it back to work: then the team is asked once more.

{facts}

{button}"""),  # noqa: E501 - a paragraph is a line
    placeholders=("task", "system", "refused_by", "facts", "button", "link", "recipient", "service"),
)
def task_refused(message: Message, now: datetime) -> Draft:
    """What a team cannot do, and why."""
    task = find(HandTask.objects.with_names(), message.reference)
    if not task.refusal:
        raise NoLongerNeeded(_("The task is %(state)s meanwhile.") % {"state": task.get_state_display()})
    return Draft(
        values={"task": task.sentence, "system": str(task.connector), "refused_by": str(task.settled_by)},
        summary=task.refusal,
        button=_("See stuck work"),
        url=link("admin:provisioning_operation_changelist"),
        because=_("You get this because you look after this connector, or because nobody does and you administer."),
        facts=facts((_("Task"), task.sentence), (_("Why not"), task.refusal)),
    )


def _list(message: Message, waiting: TaskQuerySet) -> Draft:
    """The tasks of one system that the reader may do. Raises NoLongerNeeded where there is none any more."""
    connector = find(Connector.objects.select_related("system"), message.reference)
    tasks = waiting.filter(connector=connector)
    count = tasks.count()
    if not count:
        raise NoLongerNeeded(_("Nothing of it is to be done any more."))
    shown = list(tasks.with_names().order_by("due_at", "pk")[:SHOWN])
    more = count - len(shown)
    return Draft(
        values={
            "system": str(connector),
            "number": ngettext("%(count)d task", "%(count)d tasks", count) % {"count": count},
            "more": ngettext("and %(count)d more.", "and %(count)d more.", more) % {"count": more} if more else "",
        },
        summary=shown[0].sentence,
        button=_("See the tasks"),
        url=link("tasks"),
        because=_("You get this because you are in the team that does this."),
        act_by=shown[0].due_at,
        facts=[(task.sentence, _("by %(moment)s") % {"moment": moment(task.due_at)}) for task in shown],
    )
