"""What people fill in about mails: which they want, what letters say, and how they look."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .models import Branding, MailSettings
from .models.branding import LOOKS
from .models.wordings import LONGEST_BODY, LONGEST_SUBJECT
from .topics import CHOOSABLE, REQUIRED, deliveries_of

ROWS = 18


class WordingForm(forms.Form):
    """Subject and text of a letter."""

    subject = forms.CharField(label=_("Subject"), max_length=LONGEST_SUBJECT)
    body = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": ROWS, "spellcheck": "true"}),
        help_text=_("An empty line begins a new paragraph, ## a heading; **bold**; [words](https://address)."),
    )


class BrandingForm(forms.ModelForm):
    """How all mails look."""

    class Meta:
        model = Branding
        fields = LOOKS
        widgets = {"footer": forms.Textarea(attrs={"rows": 3})}


class SettingsForm(forms.Form):
    """The language, the hour of the digest, and for each topic how its mails are sent."""

    language = forms.ChoiceField(label=_("Language of your mail"), choices=settings.MAIL_LANGUAGES)
    digest_hour = forms.TypedChoiceField(
        label=_("Your daily digest comes at"),
        choices=[(hour, f"{hour:02d}:00 UTC") for hour in range(24)],
        coerce=int,
    )

    def __init__(self, *args: Any, row: MailSettings) -> None:
        super().__init__(*args)
        chosen = {topic.value: row.delivery_of(topic).value for topic in CHOOSABLE}
        self.initial = {"language": row.language or settings.LANGUAGE_CODE, "digest_hour": row.digest_hour, **chosen}
        for topic in CHOOSABLE:
            self.fields[topic.value] = _delivery_field(topic)

    @property
    def deliveries(self) -> Mapping[str, str]:
        """What was chosen, by topic."""
        return {topic.value: self.cleaned_data[topic.value] for topic in CHOOSABLE}


def _delivery_field(topic: Any) -> forms.ChoiceField:
    is_required = topic in REQUIRED
    return forms.ChoiceField(
        label=topic.label,
        choices=[(delivery.value, delivery.label) for delivery in deliveries_of(topic)],
        widget=forms.RadioSelect,
        help_text=_("What is due within a day after the digest comes at once.") if is_required else "",
    )
