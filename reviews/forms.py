"""What reviewers type: which items they look at, why they answer so, and why they hand something on."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from requests_app.fields import WordsField

from .choices import Recommendation
from .querysets import ItemQuerySet

OPEN, ANSWERED, ALL = "open", "answered", "all"
STATES = ((OPEN, _("Open")), (ANSWERED, _("Answered")), (ALL, _("All of them")))
SEARCHED = ("person_name", "department", "job_title", "what")


class ItemFilterForm(forms.Form):
    """Which items are shown; those that are open, unless asked otherwise."""

    q = forms.CharField(label=_("Person or access"), max_length=200, required=False)
    state = forms.ChoiceField(label=_("Show"), choices=STATES, required=False)
    recommendation = forms.ChoiceField(label=_("Recommendation"), required=False)
    department = forms.ChoiceField(label=_("Department"), required=False)
    what = forms.ChoiceField(label=_("Access"), required=False)

    def __init__(
        self,
        data: QueryDict,
        *,
        departments: Iterable[str],
        accesses: Iterable[str],
        state: str,
        has_advice: bool,
    ) -> None:
        asked = data.copy()
        asked.setdefault("state", state)
        super().__init__(asked)
        self.otherwise = state
        advice = [(value, capfirst(label)) for value, label in Recommendation.choices]
        lists: dict[str, tuple[Any, list[tuple[str, Any]]]] = {
            "recommendation": (_("Any"), advice if has_advice else []),
            "department": (_("All"), [(name, name) for name in departments]),
            "what": (_("All"), [(name, name) for name in accesses]),
        }
        for name, (everything, choices) in lists.items():
            field: Any = self.fields[name]
            field.choices = [("", everything), *choices]
            if len(choices) < 2 and not self.data.get(name):
                del self.fields[name]

    @property
    def shown(self) -> str:
        """Which of them are shown: open, answered or all."""
        return str(self.cleaned_data["state"] or self.otherwise)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but their state was asked for."""
        return any(value for name, value in self.cleaned_data.items() if name != "state")

    def narrow(self, items: ItemQuerySet) -> ItemQuerySet:
        """The items that were asked for."""
        asked = self.cleaned_data
        wanted = Q() if self.shown == ALL else Q(is_open=self.shown == OPEN)
        for name in ("recommendation", "department", "what"):
            wanted &= Q(**{name: asked[name]}) if asked.get(name) else Q()
        for word in asked["q"].split():
            wanted &= Q(*((f"{name}__icontains", word) for name in SEARCHED), _connector=Q.OR)
        return items.filter(wanted)


class AnswerForm(forms.Form):
    """Why somebody answers so; whether that is needed is a matter of the answer and of the review's terms."""

    reason = WordsField(label=_("Why?"), required=False, help_text=_("Other reviewers read it, and auditors."))


class HandOnForm(forms.Form):
    """Why somebody else is to answer."""

    why = WordsField(
        label=_("Why do you hand it on?"),
        help_text=_("They read it. It is written in the journal."),
        error_messages={"required": _("Say why you hand it on.")},
    )
