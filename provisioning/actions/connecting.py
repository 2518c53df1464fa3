"""Changes to connectors, and what their targets answered to a test."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import Fact, Facts, changes, facts_of, names
from directory.models import User
from directory.permissions import is_administrator

from .. import events
from ..connectors import kind_of
from ..connectors.addresses import check_address
from ..connectors.base import Capability
from ..models import Connector
from .disabling import forget_disabled_in

STATE = ("failures", "paused_at", "last_answer_at", "last_error", "reconciled_at", "discovered_at", "bookmark")
"""What nobody configures."""


@transaction.atomic
def configure_connector(
    *,
    connector: Connector,
    actor: User | None,
    now: datetime,
    secret: str | None = None,
    options: Mapping[str, Any] | None = None,
    extra_secrets: Mapping[str, str] | None = None,
    owners: Iterable[User] | None = None,
) -> Connector:
    """Create or change a connector; what is None stays as it is. The journal tells that a secret changed, no more.

    `options` and `extra_secrets` are what its kind asks for (`connectors.base.Connector`). Where the connector is led
    elsewhere, the secrets that it keeps are to be given anew: whoever came into somebody's session does not have them
    sent to a place of their own. Where it is led to another system, whose account is which is forgotten, and so is
    what was disabled there, and where the last look ended. A connector that was held back is tried again at once.
    Raises PermissionDenied and ValidationError.
    """
    _require_administrator(actor)
    is_new = connector._state.adding
    old = None if is_new else Connector.objects.select_for_update().get(pk=connector.pk)
    before = _facts(old) if old else {}
    _keep_secrets(connector, old=old, secret=secret, extra_secrets=extra_secrets or {})
    connector.full_clean()
    kind = kind_of(connector.kind)
    if kind.needs_address and not connector.base_url:
        raise ValidationError({"base_url": _("Say where the system answers.")})
    _check_address(connector)
    if options is not None:
        connector.options = kind.clean_options(options)
    if connector.disables_accounts and not _can_disable(connector):
        raise ValidationError({"disables_accounts": _("Say first how accounts are disabled there.")})
    if old and _leads_elsewhere(connector, old=old):
        _require_anew(old, is_given=secret is not None, given=extra_secrets or {})
    is_another = old is not None and _place(connector) != _place(old)
    _keep_state(connector, old=old, is_another=is_another)
    connector.save()
    if is_another:
        connector.accounts.all().delete()
        connector.aliases.all().delete()
        forget_disabled_in(connector, now=now)
    if owners is not None:
        connector.owners.set(owners)
    renewed = {name: (str(name), _("a new one")) for name in extra_secrets or {}}
    if secret is not None:
        renewed["secret"] = (_("secret"), _("a new one"))
    if is_another:
        renewed["accounts"] = (_("accounts of people"), _("looked up anew: it is another system"))
    if details := changes(before, _facts(connector, **renewed)):
        verb = events.CONNECTOR_CREATED if is_new else events.CONNECTOR_CHANGED
        journal.record(verb, actor=actor, target=connector, at=now, details=details)
    return connector


def _can_disable(connector: Connector) -> bool:
    """Whether it can, as it is filled in."""
    kind = kind_of(connector.kind)
    is_filled_in = bool(connector.options) or not kind.options_form.base_fields
    return is_filled_in and Capability.DISABLE_ACCOUNT in kind(connector).capabilities


def _check_address(connector: Connector) -> None:
    try:
        check_address(connector.base_url, has_secret=bool(connector.sealed_secret or connector.sealed_extras))
    except ValidationError as refused:
        raise ValidationError({"base_url": refused}) from refused


def _keep_secrets(
    connector: Connector, *, old: Connector | None, secret: str | None, extra_secrets: Mapping[str, str]
) -> None:
    connector.sealed_secret = old.sealed_secret if old else ""
    connector.sealed_extras = old.sealed_extras if old else {}
    if secret is not None:
        connector.set_secret(secret)
    for name, value in extra_secrets.items():
        connector.set_extra_secret(name, value)


def _leads_elsewhere(connector: Connector, *, old: Connector) -> bool:
    """Whether what is sent would go to another place, or less guarded; what was never said led nowhere yet."""
    said = [name for name in kind_of(old.kind).leads_to if name in old.options]
    places = [(one.kind, one.base_url, *(one.options.get(name) for name in said)) for one in (connector, old)]
    return places[0] != places[1]


def _place(connector: Connector) -> tuple[object, ...]:
    """Which system it is, however its address is written or guarded."""
    address = urlsplit(connector.base_url)
    said = (connector.options.get(name) for name in kind_of(connector.kind).is_in)
    return (connector.kind, address.netloc.casefold(), address.path.rstrip("/"), *map(str, said))


def _keep_state(connector: Connector, *, old: Connector | None, is_another: bool) -> None:
    """What workers wrote down since the row was read stays, as far as it is about the same system."""
    for name in STATE if old else ():
        setattr(connector, name, getattr(old, name))
    connector.held_until = connector.next_free_at = None
    if is_another:
        connector.bookmark = ""


def _require_anew(old: Connector, *, is_given: bool, given: Collection[str]) -> None:
    missing = [name for name in old.sealed_extras if name not in given]
    if old.sealed_secret and not is_given:
        missing.insert(0, "secret")
    if missing:
        raise ValidationError(dict.fromkeys(missing, _("Type this again: it would be sent to another place now.")))


def _facts(connector: Connector, **more: Fact) -> Facts:
    options = {name: (str(name), str(value)) for name, value in connector.options.items()}
    return facts_of(connector, **options, owners=names(_("owners"), connector.owners.all()), **more)


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
