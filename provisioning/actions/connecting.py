"""Changes to connectors, and what their targets answered to a test."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Facts, changes, facts_of
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..models import Connector, ConnectorKind


@transaction.atomic
def configure_connector(
    *, connector: Connector, actor: User | None, now: datetime, secret: str | None = None
) -> Connector:
    """Create or change a connector; `secret` None keeps the one that it has. The journal says that it changed, no more.

    Raises PermissionDenied and ValidationError.
    """
    _require_administrator(actor)
    is_new = connector._state.adding
    old = None if is_new else Connector.objects.select_for_update().get(pk=connector.pk)
    connector.sealed_secret = old.sealed_secret if old else ""
    if secret is not None:
        connector.set_secret(secret)
    connector.full_clean()
    if connector.kind == ConnectorKind.SCIM and not connector.base_url:
        raise ValidationError({"base_url": _("Say where the application answers SCIM.")})
    connector.save()
    replaced: Facts = {} if secret is None else {"secret": (_("secret"), _("a new one"))}
    if details := changes(facts_of(old) if old else {}, facts_of(connector, **replaced)):
        verb = events.CONNECTOR_CREATED if is_new else events.CONNECTOR_CHANGED
        journal.record(verb, actor=actor, target=connector, at=now, details=details)
    return connector


@transaction.atomic
def note_connection_test(
    *, connector: Connector, answer: str, error: str, actor: User | None, now: datetime
) -> Connector:
    """Keep what the target answered to a test, or why it did not. Raises PermissionDenied."""
    _require_administrator(actor)
    locked = Connector.objects.select_for_update().get(pk=connector.pk)
    locked.last_error = error
    locked.last_answer_at = locked.last_answer_at if error else now
    locked.save(update_fields=["last_error", "last_answer_at"])
    journal.record(events.CONNECTOR_TESTED, actor=actor, target=locked, at=now, details={"result": error or answer})
    return locked


def _require_administrator(actor: User | None) -> None:
    if actor is not None and not is_administrator(actor):
        raise PermissionDenied(_("Only administrators change connectors."))
