"""The shape of a connector's configuration; its secret goes in and never comes out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from accessgov.administration import ConfigurationForm

from .models import Connector


class ConnectorForm(ConfigurationForm):
    """How a target system is reached."""

    secret = forms.CharField(
        label=_("Secret"),
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("What the system's administrator gave out for AccessGov. Kept encrypted and never shown again."),
    )
    forgets_secret = forms.BooleanField(label=_("Forget the secret"), required=False, widget=UnfoldBooleanSwitchWidget)

    class Meta:
        model = Connector
        fields = ()  # the page says which

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.sealed_secret:
            self.fields["secret"].help_text = _("There is one. Leave this empty to keep it, or type a new one.")

    def new_secret(self) -> str | None:
        """The secret to be kept from now on; None where it stays as it is."""
        if self.cleaned_data["forgets_secret"]:
            return ""
        return self.cleaned_data["secret"] or None
