"""Fields of forms: words, answers to a policy's questions, and the period in which access is wanted."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.choices import DurationKind, QuestionKind
from catalog.models import Policy, Question
from catalog.wording import time_in_words
from directory.models import User

from .answers import is_fixed, readable_value
from .periods import in_words

LONGEST_TEXT = 4000
LAST_MINUTE = time(23, 59)
MOST_RADIOS = 6
"""More choices than these are shown as a list to unfold."""


class WordsField(forms.CharField):
    """Some sentences."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class FirstDayField(forms.DateField):
    """A day from whose beginning on something is to be; today is at once, and so is nothing."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> datetime | None:
        day = super().clean(value)
        is_today = day == timezone.localdate()
        return None if day is None or is_today else timezone.make_aware(datetime.combine(day, time.min))


class LastDayField(forms.DateField):
    """A day until whose end something is to be."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> datetime | None:
        day = super().clean(value)
        return timezone.make_aware(datetime.combine(day, LAST_MINUTE)) if day else None


def period_fields(policy: Policy) -> dict[str, forms.Field]:
    """From when and until when: by the day, or by the minute where access lasts for hours."""
    texts: dict[str, Any] = {"label": _("From when?"), "help_text": _("Empty: as soon as it is approved.")}
    later: dict[str, Any] = {"label": _("Until when?"), "help_text": _latest(policy)}
    if policy.duration_kind == DurationKind.HOURS:
        return {"starts_at": _moment_field(**texts), "ends_at": _moment_field(**later)}
    later["label"] = _("Last day")
    return {
        "starts_at": FirstDayField(required=False, **{**texts, "label": _("First day")}),
        "ends_at": LastDayField(required=False, **later),
    }


def period_for_form(policy: Policy, *, starts_at: datetime | None, ends_at: datetime | None) -> dict[str, Any]:
    """A period that was chosen before, as the fields show it; what is over by now is left empty."""
    shown = {"starts_at": starts_at, "ends_at": ends_at}
    ahead = {name: timezone.localtime(at) for name, at in shown.items() if at and at > timezone.now()}
    is_by_minute = policy.duration_kind == DurationKind.HOURS
    return {name: at if is_by_minute else at.date() for name, at in ahead.items()}


def answer_field(
    question: Question, *, person: User | None, asker: User | None, languages: Iterable[str]
) -> forms.Field:
    """The field of a question, in the reader's language, with what is known of the person already.

    Where an `asker` asks for them, only that something is known.
    """
    asker = asker or person
    worded = question.worded(languages)
    facts: dict[str, Any] = {
        "label": worded.text,
        "required": question.is_required,
        "error_messages": {"required": _("Answer this question.")},
        "initial": readable_value(question, person, asker=asker) if person and asker else [],
    }
    if person and asker and is_fixed(question, person, asker=asker):
        said = ", ".join(facts["initial"]) or gettext("known already")
        kept = _("It is known already, and is not changed here.")
        return forms.CharField(label=worded.text, initial=said, disabled=True, required=False, help_text=kept)
    match question.kind:
        case QuestionKind.CHOICE:
            return _one_of(question, worded.choices, facts)
        case QuestionKind.CHOICES:
            return _any_of(worded.choices, facts)
    return _text(question, worded.pattern_hint, languages=list(languages), facts=facts)


def _latest(policy: Policy) -> str:
    """How late the end may be, and what comes of none."""
    if policy.duration:
        return gettext("At most %(time)s. Empty: the whole time.") % {"time": time_in_words(policy.duration)}
    if policy.fixed_end:
        return gettext("By %(day)s at the latest. Empty: until then.") % {"day": in_words(policy.fixed_end)}
    return gettext("Empty: without an end.")


def _moment_field(**texts: Any) -> forms.Field:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(required=False, widget=widget, **texts)


def _text(question: Question, hint: str, *, languages: list[str], facts: dict[str, Any]) -> forms.Field:
    def judge(answer: str) -> None:
        if objection := question.objection_to(answer.replace("\r\n", "\n"), languages=languages):
            raise ValidationError(objection)

    is_long = question.kind == QuestionKind.LONG_TEXT
    longest = {"maxlength": question.longest}
    example = gettext("For example: %(example)s") % {"example": question.example} if question.example else ""
    facts["initial"] = facts["initial"][0] if facts["initial"] else ""
    return forms.CharField(
        **facts,
        help_text=" ".join(filter(None, (hint, example))),
        widget=forms.Textarea(attrs={"rows": 4, **longest}) if is_long else forms.TextInput(attrs=longest),
        validators=[judge],
    )


def _one_of(question: Question, choices: list[tuple[str, str]], facts: dict[str, Any]) -> forms.Field:
    is_short = len(choices) <= MOST_RADIOS
    nothing = [] if question.is_required and is_short else [("", _("No answer") if is_short else "—")]
    facts["initial"] = facts["initial"][0] if facts["initial"] else ""
    facts["error_messages"] |= {"invalid_choice": _("Choose one of the answers.")}
    return forms.ChoiceField(
        **facts, choices=[*nothing, *choices], widget=forms.RadioSelect if is_short else forms.Select
    )


def _any_of(choices: list[tuple[str, str]], facts: dict[str, Any]) -> forms.Field:
    facts["error_messages"] |= {"invalid_choice": _("Choose among the answers.")}
    return forms.MultipleChoiceField(
        **facts, choices=choices, widget=forms.CheckboxSelectMultiple, help_text=_("Several are possible.")
    )
