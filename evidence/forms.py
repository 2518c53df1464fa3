"""How the lists of the governance overview are narrowed down."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from .overview import UNSETTLED


class DeliveryForm(forms.Form):
    """By how a role stands in its system."""

    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [(state.value, capfirst(str(state.label))) for state in UNSETTLED]
        self.fields["state"].choices = [("", _("All")), *states]  # type: ignore[attr-defined]  # a choice field

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The grants that were asked for."""
        state = self.cleaned_data["state"]
        return rows.filter(status=state) if state else rows
