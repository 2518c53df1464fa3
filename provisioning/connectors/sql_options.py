"""What the connector of SQL databases asks for: where the database is, and the statements that give, take and read."""

import ssl
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .addresses import check_host
from .base import FieldGroup, FieldLine, OptionsForm
from .matching import KnownBy
from .sql_statements import CHANGE, CHANGING, READ, READING, ROLE, StatementField

HOST = RegexValidator(r"\A[A-Za-z0-9._:-]+\Z", gettext_lazy("Enter one host name or address."))
PORT = [MinValueValidator(1), MaxValueValidator(65535)]


class Encryption(models.TextChoices):
    """libpq's `sslmode`."""

    VERIFY_FULL = "verify-full", gettext_lazy("encrypted, certificate and host name checked")
    VERIFY_CA = "verify-ca", gettext_lazy("encrypted, certificate checked")
    REQUIRE = "require", gettext_lazy("encrypted, whoever answers")
    DISABLE = "disable", gettext_lazy("not encrypted")


def _statement(label: Any, help_text: Any, *, allowed: tuple[str, ...], kinds: tuple[str, ...], **more: Any) -> Any:
    names = " ".join(f"%({name})s" for name in allowed)
    told = format_lazy("{help} {parameters} {names}", help=help_text, parameters=_PARAMETERS, names=names or "–")
    return StatementField(label=label, help_text=told, allowed=allowed, kinds=kinds, **more)


_PARAMETERS = gettext_lazy("Parameters:")


class SqlOptions(OptionsForm):
    """A PostgreSQL database; the connector's secret is the user's password."""

    host = forms.CharField(label=gettext_lazy("Host"), validators=[HOST, check_host])
    port = forms.IntegerField(label=gettext_lazy("Port"), initial=5432, required=False, validators=PORT)
    database = forms.CharField(label=gettext_lazy("Database"), max_length=63)
    user = forms.CharField(label=gettext_lazy("User"), max_length=63)
    sslmode = forms.ChoiceField(
        label=gettext_lazy("Encryption"),
        choices=Encryption.choices,
        initial=Encryption.VERIFY_FULL,
        required=False,
    )
    authority = forms.CharField(
        label=gettext_lazy("Certificate of the authority"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Who signed the server's certificate, as PEM (-----BEGIN CERTIFICATE-----)."),
    )
    grant = _statement(
        gettext_lazy("Give"), gettext_lazy("It must change at least one row."), allowed=CHANGE, kinds=CHANGING
    )
    revoke = _statement(
        gettext_lazy("Take"),
        gettext_lazy("Where it changes no row, nobody held the role."),
        allowed=CHANGE,
        kinds=CHANGING,
    )
    read = _statement(
        gettext_lazy("Look up one person"),
        gettext_lazy("No row, or a first column that is false, 0 or null, means that the person does not hold it."),
        allowed=READ,
        kinds=READING,
        required=False,
    )
    holders = _statement(
        gettext_lazy("List the holders"),
        gettext_lazy("One column with their names, or two: the id of the account, and the name."),
        allowed=ROLE,
        kinds=READING,
        required=False,
    )
    known_by = forms.ChoiceField(
        label=gettext_lazy("A holder's name is the person's"),
        choices=KnownBy.choices,
        initial=KnownBy.USERNAME,
        required=False,
    )
    discover = _statement(
        gettext_lazy("List the resources"),
        gettext_lazy("Columns resource_id, resource_name, role_id and role_name, in the order of resource_id."),
        allowed=(),
        kinds=READING,
        required=False,
    )
    last_use = _statement(
        gettext_lazy("Say when accounts were last used"),
        gettext_lazy("Columns: a name, and a time that is empty where it was never used; a third may name a resource."),
        allowed=(),
        kinds=READING,
        required=False,
    )
    most_rows = forms.IntegerField(
        label=gettext_lazy("Rows that one change may touch"),
        initial=10,
        required=False,
        validators=[MinValueValidator(1)],
        help_text=gettext_lazy("A change that touches more is undone: its statement has lost its condition."),
    )

    def groups(self) -> list[FieldGroup]:
        """The database, and its statements."""
        where: list[FieldLine] = [("host", "port"), ("database", "user"), "sslmode", "authority"]
        reading = ["read", "holders", "known_by", "discover", "last_use"]
        return [
            ("", where),
            (gettext_lazy("Statements that change"), ["grant", "revoke", "most_rows"]),
            (gettext_lazy("Statements that read"), reading),
        ]

    def clean_port(self) -> int:
        return self._or_first("port")

    def clean_sslmode(self) -> str:
        return self._or_first("sslmode")

    def clean_known_by(self) -> str:
        return self._or_first("known_by")

    def clean_most_rows(self) -> int:
        return self._or_first("most_rows")

    def clean_authority(self) -> str:
        """Raises ValidationError where it is no certificate."""
        given = self.cleaned_data["authority"]
        if given:
            try:
                ssl.create_default_context(cadata=given)
            except (ssl.SSLError, ValueError):
                raise ValidationError(_("This is no certificate in PEM.")) from None
        return given

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where a certificate is to be checked against nothing."""
        given = super().clean() or {}
        is_checked = given.get("sslmode") in (Encryption.VERIFY_FULL, Encryption.VERIFY_CA)
        if is_checked and not given.get("authority") and "authority" not in self.errors:
            raise ValidationError(
                _("Enter the certificate of the authority that signed the server's, or choose another encryption.")
            )
        return given

    def _or_first(self, name: str) -> Any:
        return self.cleaned_data[name] or self.fields[name].initial
