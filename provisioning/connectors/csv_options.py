"""What the connector of CSV files asks for: its folders, and how the target's list reads."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .base import FieldGroup, FieldLine, OptionsForm
from .csv_folders import is_inside
from .matching import KnownBy

DELIMITER_LABELS = {
    "comma": gettext_lazy("comma"),
    "semicolon": gettext_lazy("semicolon"),
    "tab": gettext_lazy("tabulator"),
}


class FolderField(forms.CharField):
    """A path below ACCESSGOV_CSV_ROOT."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not is_inside(value):
            raise ValidationError(_("Write a path below the operator's folder, as ledger/out: no “/” first, no “..”."))


class FileField(forms.CharField):
    """The name of a file."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and (not is_inside(value) or "/" in value):
            raise ValidationError(_("Write the name of a file, without its folder."))


class CsvOptions(OptionsForm):
    """Where changes go, and where the target says who holds what."""

    outgoing = FolderField(
        label=gettext_lazy("Folder for changes"),
        help_text=gettext_lazy("Below the folder that the operator set aside (ACCESSGOV_CSV_ROOT)."),
    )
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Between the columns stands a"),
        choices=list(DELIMITER_LABELS.items()),
        initial="comma",
        required=False,
    )
    incoming = FolderField(
        label=gettext_lazy("Folder of the list"),
        required=False,
        help_text=gettext_lazy(
            "Where the system puts its list of members. Empty where it has none; nothing is verified then."
        ),
    )
    list_file = FileField(label=gettext_lazy("Name of the list"), initial="members.csv", required=False)
    person_column = forms.CharField(label=gettext_lazy("Column of the person"), initial="username", required=False)
    known_by = forms.ChoiceField(
        label=gettext_lazy("In it stands the person's"),
        choices=KnownBy.choices,
        initial=KnownBy.USERNAME,
        required=False,
    )
    resource_column = forms.CharField(
        label=gettext_lazy("Column of the resource"),
        required=False,
        help_text=gettext_lazy("Empty where the list has no such column."),
    )
    role_column = forms.CharField(label=gettext_lazy("Column of the role"), initial="role", required=False)
    fresh_hours = forms.IntegerField(
        label=gettext_lazy("Hours that the list is believed"),
        initial=26,
        required=False,
        validators=[MinValueValidator(1)],
        help_text=gettext_lazy("What is older says nothing: changes wait until there is a new one."),
    )

    def groups(self) -> list[FieldGroup]:
        """What goes out, and what comes back."""
        listed: list[FieldLine] = [
            ("incoming", "list_file"),
            ("person_column", "known_by"),
            ("resource_column", "role_column"),
        ]
        return [
            ("", [("outgoing", "delimiter")]),
            (gettext_lazy("The list of members"), [*listed, "fresh_hours"]),
        ]

    def clean(self) -> dict[str, Any]:
        """What was left empty is as it was at first."""
        given = super().clean() or {}
        for name in ("delimiter", "list_file", "person_column", "known_by", "role_column", "fresh_hours"):
            given[name] = given.get(name) or self.fields[name].initial
        if given.get("incoming") and given["incoming"] == given.get("outgoing"):
            self.add_error("incoming", _("The list needs a folder of its own."))
        return given
