"""What people fill in about a basket, beside what each policy asks."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Policy

from .fields import WordsField


class CommonReasonForm(forms.Form):
    """One reason for everything in a basket."""

    justification = WordsField(
        rows=2,
        required=False,
        label=_("Why do you need them?"),
        help_text=_("It is used wherever a package below has no reason of its own."),
    )


class PolicyForm(forms.Form):
    """Under which of several policies a package in a basket is asked for."""

    policy = forms.ChoiceField(
        label=_("Policy"), help_text=_("Several apply to you. Save after choosing: each asks its own questions.")
    )

    def __init__(self, *args: Any, policies: Iterable[Policy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = [(str(one.pk), f"{one.name}: {one.description}" if one.description else one.name) for one in policies]
        self.fields["policy"].choices = [("", "—"), *labels]  # type: ignore[attr-defined]  # a choice field
