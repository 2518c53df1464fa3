"""What the lists of findings and of delegated roles can be narrowed to."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .choices import DelegatedRole
from .findings import Severity, titles


class FindingsForm(forms.Form):
    """Which findings are wanted."""

    severity = forms.ChoiceField(label=_("How bad"), required=False, choices=[("", _("any")), *Severity.choices])
    kind = forms.ChoiceField(label=_("What"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("anything")), *titles()]  # type: ignore[attr-defined]  # a choice field


class RolesForm(forms.Form):
    """Which roles are wanted."""

    q = forms.CharField(label=_("Person, group or catalog"), required=False, max_length=200)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("any")), *DelegatedRole.choices])
