"""The shape of custom extensions as people fill them in."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from accessgov import signatures
from accessgov.administration import ConfigurationForm

from .models import CustomExtension
from .models.custom_extensions import GRACE, LONGEST_GRACE

HOUR = timedelta(hours=1)


class CustomExtensionForm(ConfigurationForm):
    """An extension, and the secret that it shares with us."""

    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to have one made. It is kept encrypted and shown once, when it is saved."),
    )
    wants_new_secret = forms.BooleanField(
        label=_("Make a new secret"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("It is shown once, when it is saved."),
    )
    grace_hours = forms.IntegerField(
        label=_("Hours for which the old secret holds too"),
        required=False,
        min_value=0,
        max_value=LONGEST_GRACE // HOUR,
        initial=GRACE // HOUR,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_(
            "Where the secret changes: calls are signed with both, and answers with either count. 0: not at all."
        ),
    )

    class Meta:
        model = CustomExtension
        fields = ()  # the page says which

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "secret" in self.fields:
            self.fields["secret"].help_text = _("There is one. Leave this empty to keep it, or type a new one.")

    def clean_secret(self) -> str:
        """As the standard writes secrets."""
        secret: str = self.cleaned_data["secret"]
        try:
            if secret:
                signatures.key_of(secret)
        except ValueError:
            raise forms.ValidationError(
                _("A secret is base64 of 24 to 64 bytes, with or without “whsec_” before it.")
            ) from None
        return secret

    def grace(self) -> timedelta:
        """For how long a secret that is replaced holds too."""
        hours = self.cleaned_data.get("grace_hours")
        return GRACE if hours is None else HOUR * hours

    def made_secret(self) -> str | None:
        """A secret that nobody typed, for whom one is to be made; it has to be shown."""
        is_wanted = self.instance._state.adding or self.cleaned_data.get("wants_new_secret")
        return signatures.new_secret() if is_wanted and not self.cleaned_data["secret"] else None
