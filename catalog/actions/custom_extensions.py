"""Changes to custom extensions, to when policies call them, and what became of a test."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accessgov import signatures
from audit import journal
from audit.changes import Fact, Facts, changes, facts_of
from directory.models import User

from .. import events
from ..models import CustomExtension, Policy, PolicyCallout
from ..models.custom_extensions import GRACE, LONGEST_GRACE
from .rules import refuse_if_used, require_owner
from .saving import stored


@transaction.atomic
def save_custom_extension(
    *,
    extension: CustomExtension,
    actor: User | None,
    now: datetime,
    secret: str | None = None,
    grace: timedelta = GRACE,
) -> CustomExtension:
    """Create or change an extension; `secret` None keeps the one that it has, or makes one.

    A secret that is replaced holds too for the `grace`. The journal says that the secret changed and until when the old
    one holds, no more. Raises PermissionDenied, and ValidationError where the address may not be called, the secret is
    none, or it is to leave a catalog whose policies call it.
    """
    require_owner(actor, extension.catalog)
    old = stored(extension)
    if old is not None and old.catalog_id != extension.catalog_id:
        require_owner(actor, old.catalog)
        refuse_if_used(old, instead=_("It stays in its catalog."), but=("callout",))
    if old is None and secret is None:
        secret = signatures.new_secret()
    kept = old or CustomExtension()
    extension.sealed_secret = kept.sealed_secret
    extension.former_sealed_secret, extension.former_secret_until = kept.former_sealed_secret, kept.former_secret_until
    if secret is not None:
        _set_secret(extension, secret, former_until=now + min(grace, LONGEST_GRACE) if old and grace else None)
    extension.full_clean()
    extension.save()
    replaced: Facts = {} if secret is None else {"secret": (_("secret"), _what_holds(extension))}
    if details := changes(_facts(old) if old else {}, _facts(extension) | replaced):
        verb = events.EXTENSION_CHANGED if old else events.EXTENSION_CREATED
        journal.record(verb, actor=actor, target=extension, at=now, details=details)
    return extension


@transaction.atomic
def delete_custom_extension(*, extension: CustomExtension, actor: User | None, now: datetime) -> None:
    """Delete an extension that nothing refers to. Raises PermissionDenied and ValidationError."""
    require_owner(actor, extension.catalog)
    refuse_if_used(extension, instead=_("Take it out of the policies instead."))
    journal.record(events.EXTENSION_DELETED, actor=actor, target=extension, at=now)
    extension.delete()


@transaction.atomic
def note_extension_test(*, extension: CustomExtension, error: str, actor: User | None, now: datetime) -> None:
    """Keep that it took a test call, or why it did not. Raises PermissionDenied."""
    require_owner(actor, extension.catalog)
    locked = CustomExtension.objects.select_for_update(no_key=True).get(pk=extension.pk)
    locked.last_error = error
    locked.last_answer_at = locked.last_answer_at if error else now
    locked.save(update_fields=["last_error", "last_answer_at"])
    result = error or _("it took the call")
    journal.record(events.EXTENSION_TESTED, actor=actor, target=locked, at=now, details={"result": result})


def replace_callouts(policy: Policy, callouts: Sequence[PolicyCallout]) -> None:
    """Nothing refers to when a policy calls what, since requests copy it; so all are made anew, in the order given.

    Raises ValidationError.
    """
    policy.callouts.all().delete()
    for callout in callouts:
        row = PolicyCallout(policy=policy, moment=callout.moment, extension=callout.extension)
        row.full_clean()
        row.save()


def _set_secret(extension: CustomExtension, secret: str, *, former_until: datetime | None) -> None:
    try:
        signatures.key_of(secret)
    except ValueError:
        raise ValidationError(
            {"secret": _("A secret is base64 of 24 to 64 bytes, with or without “whsec_” before it.")}, code="secret"
        ) from None
    extension.set_secret(secret, former_until=former_until)


def _what_holds(extension: CustomExtension) -> str:
    if extension.former_secret_until is None:
        return _("a new one")
    until = f"{extension.former_secret_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return _("a new one; the old one holds too, until %(until)s") % {"until": until}


def _facts(extension: CustomExtension) -> Facts:
    return facts_of(extension) | {"url": _address(extension)}


def _address(extension: CustomExtension) -> Fact:
    """The address for the journal, without what may be a secret in it: only that it is another one."""
    base, _mark, query = extension.url.partition("?")
    said = f"{base}?… ({sha256(query.encode()).hexdigest()[:8]})" if query else base
    return str(extension._meta.get_field("url").verbose_name), said
