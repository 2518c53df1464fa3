"""The kinds of connectors, and how one is opened."""

from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from ..models import Connector as ConnectorRow
from ..models import ConnectorKind
from .base import Clock, Connector, ConnectorError

KINDS: dict[str, str] = {
    ConnectorKind.BUILTIN: "provisioning.connectors.builtin.BuiltinDirectory",
    ConnectorKind.SCIM: "provisioning.connectors.scim.ScimApplication",
    ConnectorKind.LDAP: "provisioning.connectors.ldap.LdapDirectory",
    ConnectorKind.ENTRA: "provisioning.connectors.entra.EntraTenant",
    ConnectorKind.WEBHOOK: "provisioning.connectors.webhook.Webhook",
    ConnectorKind.SQL: "provisioning.connectors.sql.SqlDatabase",
    ConnectorKind.CSV: "provisioning.connectors.csv_files.CsvFolder",
    ConnectorKind.MANUAL: "provisioning.connectors.manual.ByHand",
}
"""The class of each kind, loaded when it is first used: the libraries behind some take a second, which is more than a
command or a web process that delivers nothing should pay at its start."""


def open_connector(row: ConnectorRow | None, *, system: str, clock: Clock = timezone.now) -> Connector:
    """The connector for this row. Raises ConnectorError where the system has none, or where it is switched off."""
    if row is None:
        raise ConnectorError(_("%(system)s is not connected: add a connector for it.") % {"system": system})
    if not row.is_enabled:
        raise ConnectorError(_("The connector of %(system)s is switched off.") % {"system": system})
    if missing := _missing(row):
        raise ConnectorError(
            _("The connector of %(system)s is not filled in yet: %(missing)s.")
            % {"system": system, "missing": ", ".join(missing)},
            is_outage=True,
        )
    return kind_of(row.kind)(row, clock=clock)


def _missing(row: ConnectorRow) -> list[str]:
    asked = kind_of(row.kind).options_form().fields
    return [str(field.label or name) for name, field in asked.items() if field.required and name not in row.options]


def kind_of(kind: str) -> type[Connector]:
    """The class behind a kind of connector."""
    return import_string(KINDS[kind])
