"""What is typed about drift: which cases are shown, and the answer to some of them."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from catalog.models import TargetSystem
from directory.models import User
from provisioning.drift_querysets import CaseQuerySet
from provisioning.lifecycle import CaseAnswer, CaseKind, CaseState
from requests_app.fields import LastDayField, WordsField


def capitalised(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The choices with labels as they stand alone in a list."""
    return [(value, capfirst(label)) for value, label in choices]


class DriftFilterForm(forms.Form):
    """Which cases are shown: the open ones, unless asked otherwise."""

    system = forms.ModelChoiceField(
        label=_("System"), queryset=TargetSystem.objects.none(), required=False, empty_label=_("All systems")
    )
    kind = forms.ChoiceField(
        label=_("What"), choices=[("", _("Everything")), *capitalised(CaseKind.choices)], required=False
    )
    state = forms.ChoiceField(
        label=_("State"), choices=capitalised(CaseState.choices), required=False, initial=CaseState.OPEN
    )
    resource = forms.CharField(label=_("Resource"), max_length=200, required=False)

    def __init__(self, *args: Any, visible: CaseQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems: Any = self.fields["system"]
        systems.queryset = TargetSystem.objects.filter(pk__in=visible.order_by().values("system"))

    def narrow(self, cases: CaseQuerySet) -> CaseQuerySet:
        """The cases that were asked for."""
        asked = self.cleaned_data
        wanted = Q(state=asked["state"] or CaseState.OPEN)
        for name in ("system", "kind"):
            wanted &= Q(**{name: asked[name]}) if asked[name] else Q()
        if asked["resource"]:
            wanted &= Q(resource_role__resource__name__icontains=asked["resource"])
        return cases.filter(wanted)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but what is open was asked for."""
        return any(self.cleaned_data.values())


class AnswerForm(forms.Form):
    """What is to become of some cases, and why; the answer itself is the button that was pressed."""

    why = WordsField(label=_("Why?"), help_text=_("Kept with the case and in the journal."))
    until = LastDayField(
        label=_("Ignore until"), required=False, help_text=_("Only for ignoring: then the case is opened again.")
    )
    person = forms.CharField(
        label=_("Whose account is it?"),
        required=False,
        max_length=254,
        help_text=_("Only for linking: the user name or the mail address of somebody here."),
    )

    def __init__(self, *args: Any, answers: Collection[CaseAnswer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if CaseAnswer.LINK not in answers:
            del self.fields["person"]

    def clean_person(self) -> User | None:
        """Somebody enabled, by their name or address."""
        words = self.cleaned_data["person"].strip()
        if not words:
            return None
        found = User.objects.enabled().filter(Q(username__iexact=words) | Q(email__iexact=words))[:2]
        if len(found) != 1:
            raise ValidationError(_("Nobody here is known by this, or more than one."))
        return found[0]

    def given(self, answer: str) -> dict[str, Any]:
        """What the action takes; what belongs to another answer is left out."""
        asked = self.cleaned_data
        until = asked["until"] if answer == CaseAnswer.IGNORE else None
        person = asked.get("person") if answer == CaseAnswer.LINK else None
        return {"answer": answer, "why": asked["why"], "until": until, "person": person}
