"""The shape of a connector's configuration: what its kind asks for; secrets go in and never come out."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accessgov.administration import ConfigurationForm

from .connectors import kind_of
from .models import Connector

KEEPS = _("There is one. Leave this empty to keep it, or type a new one.")
AGAIN = _("Type this again: what is secret is not sent back with the page.")
THEME: tuple[tuple[type[forms.Widget], type[forms.Widget]], ...] = (
    (forms.TextInput, UnfoldAdminTextInputWidget),
    (forms.URLInput, UnfoldAdminTextInputWidget),
    (forms.EmailInput, UnfoldAdminTextInputWidget),
    (forms.NumberInput, UnfoldAdminIntegerFieldWidget),
    (forms.Textarea, UnfoldAdminTextareaWidget),
    (forms.Select, UnfoldAdminSelectWidget),
    (forms.CheckboxInput, UnfoldBooleanSwitchWidget),
)


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
        secret: Any = self.fields["secret"]
        if self.instance.kind:
            secret.label = kind_of(self.instance.kind).secret_label
        if self.instance.sealed_secret:
            secret.help_text = KEEPS
        for name in self.instance.sealed_extras:
            if secret_field(name) in self.fields:
                self.fields[secret_field(name)].help_text = KEEPS
        for name, value in self.instance.options.items():
            self.initial.setdefault(option_field(name), value)

    def full_clean(self) -> None:
        """A page never shows what is secret: where it comes back with an error, that is to be typed once more."""
        super().full_clean()
        if not self.errors:
            return
        for name in self.fields:
            is_secret = name == "secret" or name.startswith(secret_field(""))
            if is_secret and name not in self.errors and self.data.get(self.add_prefix(name)):
                self.add_error(name, AGAIN)

    def placed(self, refusal: ValidationError) -> ValidationError:
        """At the field that it is about, where the action names one."""
        if not hasattr(refusal, "error_dict"):
            return super().placed(refusal)
        told: dict[str, list[Any]] = {}
        for name, errors in refusal.error_dict.items():
            told.setdefault(self._field_of(name), []).extend(errors)
        return ValidationError(told)

    def _field_of(self, name: str) -> str:
        named = (name, option_field(name), secret_field(name))
        return next((field for field in named if field in self.fields), NON_FIELD_ERRORS)

    def new_secret(self) -> str | None:
        """The secret to be kept from now on; None where it stays as it is."""
        if self.cleaned_data["forgets_secret"]:
            return ""
        return self.cleaned_data["secret"] or None

    def new_extra_secrets(self) -> dict[str, str]:
        """The further secrets that were typed; those left empty stay as they are."""
        given = self._given("secret_")
        return {name: value for name, value in given.items() if value}

    def options(self) -> dict[str, Any] | None:
        """What the kind asks for; None where it was not asked yet."""
        return self._given("option_") or None

    def _given(self, prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): v for name, v in self.cleaned_data.items() if name.startswith(prefix)}


def option_field(name: str) -> str:
    """The name in the form of one of the kind's options."""
    return f"option_{name}"


def secret_field(name: str) -> str:
    """The name in the form of one of the kind's further secrets."""
    return f"secret_{name}"


def form_for(kind: str) -> type[ConnectorForm]:
    """The form with what this kind of connector asks for."""
    asked = kind_of(kind)
    fields: dict[str, Any] = {}
    for name, label in asked.extra_secrets.items():
        fields[secret_field(name)] = _secret(label)
    for name, field in asked.options_form().fields.items():
        fields[option_field(name)] = _themed(field)
    return type(f"{asked.__name__}Form", (ConnectorForm,), fields)


def fields_for(kind: str) -> list[str]:
    """The names of the fields that this kind adds, in their order."""
    asked = kind_of(kind)
    return [*map(secret_field, asked.extra_secrets), *map(option_field, asked.options_form().fields)]


def groups_for(kind: str) -> list[tuple[str | Promise, list[Any]]]:
    """The same fields in groups for the page: the first has no title, and begins with the further secrets."""
    asked = kind_of(kind)
    groups = [(title, [_on_line(line) for line in lines]) for title, lines in asked.options_form().groups()]
    groups[0][1][:0] = map(secret_field, asked.extra_secrets)
    return groups


def _on_line(line: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return option_field(line) if isinstance(line, str) else tuple(map(option_field, line))


def _secret(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown again."),
    )


def _themed(field: forms.Field) -> forms.Field:
    """The field in the clothes of the administration pages; a kind knows nothing of them."""
    field.label = capfirst(field.label)
    for plain, themed in THEME:
        if type(field.widget) is plain:
            field.widget = themed(attrs=field.widget.attrs)
            field.widget.is_required = field.required
            if isinstance(field, forms.ChoiceField):
                field.choices = field.choices  # which hands them on to the widget
            break
    return field
