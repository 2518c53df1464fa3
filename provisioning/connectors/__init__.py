"""The kinds of connectors, and how one is opened."""

from django.utils import timezone
from django.utils.module_loading import import_string

from ..models import Connector as ConnectorRow
from ..models import ConnectorKind
from .base import Clock, Connector, ConnectorError

KINDS: dict[str, str] = {
    ConnectorKind.BUILTIN: "provisioning.connectors.builtin.BuiltinDirectory",
    ConnectorKind.SCIM: "provisioning.connectors.scim.ScimApplication",
}
"""The class of each kind, loaded when it is first used: the libraries behind some take a second, which is more than a
command or a web process that delivers nothing should pay at its start."""


def open_connector(row: ConnectorRow | None, *, system: str, clock: Clock = timezone.now) -> Connector:
    """The connector for this row. Raises ConnectorError where the system has none, or where it is switched off."""
    if row is None:
        raise ConnectorError(f"{system} is not connected: add a connector for it.")
    if not row.is_enabled:
        raise ConnectorError(f"The connector of {system} is switched off.")
    return kind_of(row.kind)(row, clock=clock)


def kind_of(kind: str) -> type[Connector]:
    """The class behind a kind of connector."""
    return import_string(KINDS[kind])
