"""What people fill in: answers, justifications, and whom to assign a package to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import Catalog, Policy
from directory.models import User

from .actions import Shorter
from .answers import field_of, given_before
from .fields import LAST_MINUTE, FirstDayField, LastDayField, WordsField, answer_field, period_fields, period_for_form
from .lifecycle import UPDATING
from .models import AccessRequest, Approval, Delegation
from .periods import Period

MOST_BOXES = 12
"""More catalogs than these are shown as a list, of which several can be marked."""


class AskForm(forms.Form):
    """What a policy asks of whoever wants the package: its questions, and why.

    The fields are named as `actions.submit` names them in its errors. `person` is whom it is for, of whom something
    may be known already, and `asker` who asks for them, where they do not themselves; `has_period` None is as the
    policy says; `again` is an earlier request, filled in again.
    """

    def __init__(
        self,
        *args: Any,
        policy: Policy,
        person: User | None = None,
        asker: User | None = None,
        languages: Iterable[str] = (),
        has_period: bool | None = None,
        again: AccessRequest | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(policy.questions.all())
        for question in self.questions:
            self.fields[field_of(question)] = answer_field(question, person=person, asker=asker, languages=languages)
        if policy.is_period_chosen if has_period is None else has_period:
            self.fields |= period_fields(policy)
        self.fields["justification"] = WordsField(
            label=_("Why do you need it?"),
            help_text=_("Whoever decides reads this. Say what you want to do with it."),
            required=policy.requires_justification,
            error_messages={"required": _("Say why you need it.")},
        )
        if asker:
            self.fields["justification"].label = gettext("Why does %(person)s need it?") % {"person": person}
        if again:
            self._fill_in(again, policy=policy)

    @property
    def answers(self) -> dict[str, str | list[str]]:
        """What was answered, by the id of the question; what is known already and not changed is not said again."""
        asked = [question for question in self.questions if not self.fields[field_of(question)].disabled]
        return {str(question.pk): self.cleaned_data[field_of(question)] for question in asked}

    @property
    def period(self) -> Period:
        """From when and until when it is wanted."""
        return Period(self.cleaned_data.get("starts_at"), self.cleaned_data.get("ends_at"))

    def _fill_in(self, again: AccessRequest, *, policy: Policy) -> None:
        self.initial.setdefault("justification", again.justification)
        for name, value in period_for_form(policy, starts_at=again.wanted_start, ends_at=again.wanted_end).items():
            self.initial.setdefault(name, value)
        for name, values in given_before(again, policy).items():
            is_several = isinstance(self.fields[name], forms.MultipleChoiceField)
            if not self.fields[name].disabled:
                self.initial.setdefault(name, values if is_several else values[0])


class DecisionForm(forms.Form):
    """The words that go with a decision, and for how long it is approved where that is not as long as was asked.

    The fields are named as `actions.approve` names them in its errors.
    """

    justification = WordsField(label=_("Your reason"), required=False)
    days = forms.IntegerField(label=_("Days"), required=False, min_value=1, max_value=3660)
    ends_at = forms.DateField(label=_("Or last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, approval: Approval, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["justification"]
        field.required = approval.requires_justification
        field.error_messages["required"] = _("Say why you decide so.")
        field.help_text = gettext("%(person)s and whoever looks after the package read this.") % {
            "person": approval.access_request.person
        }
        is_update = approval.access_request.kind in UPDATING
        self.fields["days"].help_text = _("From its present end on.") if is_update else _("From its delivery on.")

    def clean_ends_at(self) -> datetime | None:
        """The end of the last day, in the time zone of the installation."""
        day = self.cleaned_data["ends_at"]
        return timezone.make_aware(datetime.combine(day, LAST_MINUTE)) if day else None

    @property
    def shorter(self) -> Shorter | None:
        """The shorter time for which it is approved; None: as long as was asked."""
        values = {name: self.cleaned_data[name] for name in ("days", "ends_at")}
        return Shorter(**values) if any(values.values()) else None

    @property
    def is_shortening(self) -> bool:
        """Whether something of it was filled in, or refused: then it is shown at once."""
        return any(self[name].data or self[name].errors for name in ("days", "ends_at"))


class InquiryForm(forms.Form):
    """What an approver wants to know."""

    question = WordsField(
        label=_("What do you want to know?"),
        help_text=_("Whoever asked is told by mail. Everybody who decides sees the question and the answer."),
        error_messages={"required": _("Say what you want to know.")},
    )


class AnswerForm(forms.Form):
    """The answer to it."""

    answer = WordsField(
        label=_("Your answer"),
        help_text=_("Everybody who decides reads it."),
        error_messages={"required": _("Write an answer.")},
    )


class HandOverForm(forms.Form):
    """Why somebody else is to decide."""

    why = WordsField(
        label=_("Why do you hand it over?"),
        help_text=_("They read it, and so does whoever asked. It is written in the journal."),
        error_messages={"required": _("Say why you hand it over.")},
    )


class DelegationForm(forms.Form):
    """From when until when somebody else decides, and in which catalogs; named as `actions.set_delegation` does."""

    starts_at = FirstDayField(label=_("From when?"), required=False, help_text=_("Empty: at once."))
    ends_at = LastDayField(label=_("Last day"), required=False, help_text=_("Empty: until you end it."))
    catalogs = forms.ModelMultipleChoiceField(
        queryset=Catalog.objects.none(),
        label=_("In which catalogs?"),
        required=False,
        help_text=_("None named: in all of them."),
    )
    takes_waiting = forms.BooleanField(label=_("Also what is waiting when it begins"), required=False)

    def __init__(
        self, *args: Any, catalogs: "QuerySet[Catalog]", delegation: Delegation | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._offer(list(catalogs))
        self.fields["catalogs"].queryset = catalogs  # type: ignore[attr-defined]
        if delegation:
            self.initial = {
                "starts_at": timezone.localdate(delegation.starts_at),
                "ends_at": timezone.localdate(delegation.ends_at) if delegation.ends_at else None,
                "catalogs": list(delegation.catalogs.all()),
                "takes_waiting": delegation.takes_waiting,
            }
            self.fields["starts_at"].disabled = delegation.starts_at <= timezone.now()

    def _offer(self, catalogs: list[Catalog]) -> None:
        is_short = len(catalogs) <= MOST_BOXES
        self.fields["catalogs"].widget = forms.CheckboxSelectMultiple() if is_short else forms.SelectMultiple()


class DecideManyForm(forms.Form):
    """The reason that goes with each of several decisions."""

    justification = WordsField(
        label=_("Your reason"),
        required=False,
        help_text=_("It goes with each of them. Where a stage asks for a reason, nothing is decided without one."),
    )


class WithdrawForm(forms.Form):
    """Why an approval is withdrawn."""

    why = WordsField(
        label=_("Why do you withdraw it?"),
        help_text=_("Whoever has the access and the owner of the package read it. It is written in the journal."),
        error_messages={"required": _("Say why you withdraw it.")},
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


class AssignForm(AskForm):
    """Under which policy somebody is assigned a package, what that policy asks, from when until when, and why.

    The questions are those of `policy`, which `shown` remembers: where another one is chosen, its own come first.
    """

    shown = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, policies: "QuerySet[Policy]", policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, policy=policy, has_period=True, **kwargs)
        self.fields["policy"] = PolicyChoiceField(
            queryset=policies, label=_("Policy"), widget=forms.RadioSelect, empty_label=None
        )
        why = self.fields["justification"]
        why.label, why.required = _("Why?"), True
        why.help_text = _("It is written in the journal, and read by whoever decides.")
        why.error_messages["required"] = _("Say why it is assigned.")
        self.initial["policy"] = self.initial["shown"] = policy.pk
        self.order_fields(["policy"])
