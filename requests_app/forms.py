"""What people fill in: answers, justifications, and whom to assign a package to."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.choices import QuestionKind
from catalog.models import Policy, Question

from .models import Approval

LONGEST_TEXT = 4000
LAST_MINUTE = time(23, 59)
MOST_RADIOS = 6
"""More choices than these are shown as a list to unfold."""


class WordsField(forms.CharField):
    """Some sentences."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class AskForm(forms.Form):
    """What a policy asks of whoever wants the package: its questions, and why.

    The fields are named as `actions.submit` names them in its errors.
    """

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(policy.questions.all())
        for question in self.questions:
            self.fields[_name(question)] = _answer_field(question)
        self.fields["justification"] = WordsField(
            label=_("Why do you need it?"),
            help_text=_("Whoever decides reads this. Say what you want to do with it."),
            required=policy.requires_justification,
            error_messages={"required": _("Say why you need it.")},
        )

    @property
    def answers(self) -> dict[str, str]:
        """What was answered, by the id of the question."""
        return {str(question.pk): self.cleaned_data[_name(question)] for question in self.questions}


class DecisionForm(forms.Form):
    """The words that go with a decision."""

    justification = WordsField(label=_("Your reason"), required=False)

    def __init__(self, *args: Any, approval: Approval, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["justification"]
        field.required = approval.requires_justification
        field.error_messages["required"] = _("Say why you decide so.")
        field.help_text = gettext("%(person)s and whoever looks after the package read this.") % {
            "person": approval.access_request.person
        }


class HandOverForm(forms.Form):
    """Why somebody else is to decide."""

    why = WordsField(
        label=_("Why do you hand it over?"),
        help_text=_("They read it, and so does whoever asked. It is written in the journal."),
        error_messages={"required": _("Say why you hand it over.")},
    )


class RevokeForm(forms.Form):
    """Why somebody's access is taken away."""

    why = WordsField(
        label=_("Why?"),
        help_text=_("It is written in the journal."),
        error_messages={"required": _("Say why the access is taken away.")},
    )


class ChangeEndForm(forms.Form):
    """Until when somebody's access is to last, and why."""

    ends_at = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    has_no_end = forms.BooleanField(label=_("It has no end"), required=False)
    justification = WordsField(
        label=_("Why?"),
        help_text=_("It is written in the journal, and told to whoever has it."),
        error_messages={"required": _("Say why its end is moved.")},
    )

    def clean(self) -> dict[str, Any]:
        """An empty date alone is a slip, not a decision for ever."""
        values = super().clean() or {}
        if "ends_at" in values and bool(values["ends_at"]) == bool(values.get("has_no_end")):
            self.add_error("ends_at", _("Choose the last day, or say that it has no end: one of the two."))
        return values

    def clean_ends_at(self) -> datetime | None:
        """The end of the last day, in the time zone of the installation."""
        day = self.cleaned_data["ends_at"]
        return timezone.make_aware(datetime.combine(day, LAST_MINUTE)) if day else None


class PolicyChoiceField(forms.ModelChoiceField):
    """A choice among a package's policies, each with what it says of itself."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}: {obj.description}" if obj.description else obj.name


class AssignForm(forms.Form):
    """Under which policy somebody is assigned a package, and why."""

    policy = PolicyChoiceField(
        queryset=Policy.objects.none(), label=_("Policy"), widget=forms.RadioSelect, empty_label=None
    )
    justification = WordsField(
        label=_("Why?"),
        help_text=_("It is written in the journal, and read by whoever decides."),
        error_messages={"required": _("Say why it is assigned.")},
    )

    def __init__(self, *args: Any, policies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policy"].queryset = policies  # type: ignore[attr-defined]


def _name(question: Question) -> str:
    return f"question_{question.pk}"


def _answer_field(question: Question) -> forms.Field:
    required = {"required": _("Answer this question.")}
    if question.kind != QuestionKind.CHOICE:
        return WordsField(rows=2, label=question.text, required=question.is_required, error_messages=required)
    is_short = len(question.choices) <= MOST_RADIOS
    nothing = [] if question.is_required and is_short else [("", _("No answer") if is_short else "—")]
    return forms.ChoiceField(
        label=question.text,
        choices=[*nothing, *((choice, choice) for choice in question.choices)],
        required=question.is_required,
        widget=forms.RadioSelect if is_short else forms.Select,
        error_messages=required | {"invalid_choice": _("Choose one of the answers.")},
    )
