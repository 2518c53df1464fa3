"""What people fill in about exceptions to separation of duties and about emergencies."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .fields import LAST_MINUTE, WordsField


class ExceptionForm(forms.Form):
    """Why two things that are kept apart are needed together, what keeps that from being misused, and until when."""

    reason = WordsField(
        label=_("Why are both needed together?"),
        help_text=_("Whoever decides reads this, and so do auditors."),
        error_messages={"required": _("Say why both are needed together.")},
    )
    control = WordsField(
        label=_("What keeps it from being misused?"),
        help_text=_("The compensating control: who checks what, and how often."),
        error_messages={"required": _("Say what keeps it from being misused: who checks what, and how often.")},
    )
    ends_at = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Choose the last day: an exception always has an end.")},
    )

    def clean_ends_at(self) -> datetime:
        """The end of the last day, in the time zone of the installation."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["ends_at"], LAST_MINUTE))


class ExceptionDecisionForm(forms.Form):
    """The words that go with a decision on an exception."""

    decision = WordsField(
        label=_("Your reason"),
        help_text=_("Whoever asked reads it, and so do auditors. It is written in the journal."),
        error_messages={"required": _("Say why you decide so.")},
    )


class EmergencyForm(forms.Form):
    """What the emergency is, and for how many hours access is taken."""

    justification = WordsField(
        label=_("What is the emergency?"),
        help_text=_("The owners are told at once, with these words. They review it afterwards."),
        error_messages={"required": _("Say what the emergency is.")},
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hours"] = forms.IntegerField(
            label=_("For how many hours?"),
            min_value=1,
            max_value=most,
            initial=most,
            help_text=gettext("%(most)d at most. It ends by itself, and is never extended.") % {"most": most},
        )


class EmergencyReviewForm(forms.Form):
    """What was found about an emergency."""

    findings = WordsField(
        label=_("What did you find?"),
        help_text=_("Whoever took the access reads it, and so do auditors. It is written in the journal."),
        error_messages={"required": _("Say what you found.")},
    )
