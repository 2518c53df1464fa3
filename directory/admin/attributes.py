"""Attributes of people that questions may fill in, in the administration site."""

from collections.abc import Sequence

from django.contrib import admin
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest

from accessgov.administration import ConfigurationAdmin, by

from .. import actions
from ..models import PersonAttribute


@admin.register(PersonAttribute)
class PersonAttributeAdmin(ConfigurationAdmin):
    """Administrators open attributes here one by one; all others are closed to questions."""

    list_display = ("name", "description", "is_editable")
    search_fields = ("name", "description")
    fields = ("name", "description", "is_editable")

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        actions.save_attribute(attribute=form.instance, **by(request))

    def erase(self, request: HttpRequest, row: PersonAttribute) -> None:
        actions.delete_attribute(attribute=row, **by(request))
