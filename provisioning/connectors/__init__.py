"""The kinds of connectors, and how one is opened."""

from ..models import Connector as ConnectorRow
from ..models import ConnectorKind
from .base import Connector, ConnectorError
from .builtin import BuiltinDirectory
from .scim import ScimApplication

KINDS: dict[str, type[Connector]] = {
    ConnectorKind.BUILTIN: BuiltinDirectory,
    ConnectorKind.SCIM: ScimApplication,
}


def open_connector(row: ConnectorRow | None, *, system: str) -> Connector:
    """The connector for this row. Raises ConnectorError where the system has none, or where it is switched off."""
    if row is None:
        raise ConnectorError(f"{system} is not connected: add a connector for it.")
    if not row.is_enabled:
        raise ConnectorError(f"The connector of {system} is switched off.")
    return KINDS[row.kind](row)
