"""What is typed about tasks by hand: which are shown, and what became of some of them."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import TargetSystem
from directory.models import User
from directory.permissions import can_read_everything
from provisioning.lifecycle import TaskState
from provisioning.task_querysets import TaskQuerySet
from requests_app.fields import WordsField

from .drift_forms import capitalised

OVERDUE, MINE = "overdue", "mine"
SETTLED = [one for one in TaskState.choices if one[0] != TaskState.OPEN]
STATES = [("", _("Open")), (OVERDUE, _("Overdue")), *capitalised(SETTLED)]


class TaskFilterForm(forms.Form):
    """Which tasks are shown: the open ones, unless asked otherwise."""

    system = forms.ModelChoiceField(
        label=_("System"), queryset=TargetSystem.objects.none(), required=False, empty_label=_("All systems")
    )
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)
    whose = forms.ChoiceField(
        label=_("Whose"), choices=[("", _("Everybody’s")), (MINE, _("My teams’"))], required=False
    )

    def __init__(self, *args: Any, visible: TaskQuerySet, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        systems: Any = self.fields["system"]
        systems.queryset = TargetSystem.objects.filter(pk__in=visible.order_by().values("connector__system"))
        if not can_read_everything(user):
            del self.fields["whose"]

    def narrow(self, tasks: TaskQuerySet, *, now: datetime) -> TaskQuerySet:
        """The tasks that were asked for."""
        asked = self.cleaned_data
        found = (
            tasks.overdue(now) if asked["state"] == OVERDUE else tasks.filter(state=asked["state"] or TaskState.OPEN)
        )
        if asked["system"]:
            found = found.filter(connector__system=asked["system"])
        return found.of_teams_of(self.user) if asked.get("whose") else found

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but what is open was asked for."""
        return any(self.cleaned_data.values())


class SettleForm(forms.Form):
    """What became of some tasks; whether they are done or refused is the button that was pressed."""

    words = WordsField(
        label=_("Proof, or why not"),
        rows=2,
        help_text=_("The number of a ticket, or by what it is seen; or why it cannot be done. The journal keeps it."),
    )
