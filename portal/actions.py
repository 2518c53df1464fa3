"""What people change for themselves: their API tokens."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from knox.models import AuthToken
from knox.settings import knox_settings

from audit import journal
from audit.models import Event
from directory.actions import lock_people
from directory.models import User

from . import events
from .tokens import name_of, usable_tokens


@transaction.atomic
def create_token(*, actor: User, now: datetime) -> str:
    """Make an API token for oneself and return its secret, which is stored nowhere.

    Raises PermissionDenied for somebody disabled, and ValidationError where they have as many as are allowed.
    """
    person = lock_people([actor.pk])[actor.pk]
    if not person.is_active:
        raise PermissionDenied(_("Disabled people have no API tokens."))
    limit = knox_settings.TOKEN_LIMIT_PER_USER
    if usable_tokens(person, now=now).count() >= limit:
        words = ngettext(
            "You have %(count)d API token already: revoke it first.",
            "You have %(count)d API tokens already: revoke one first.",
            limit,
        )
        raise ValidationError(words % {"count": limit})
    token, secret = AuthToken.objects.create(user=person)
    _record(events.TOKEN_CREATED, token=token, actor=person, now=now)
    return secret


@transaction.atomic
def revoke_token(*, key: str, actor: User, now: datetime) -> None:
    """End one's own token, known by its key. Raises ObjectDoesNotExist where the person has no such token."""
    person = lock_people([actor.pk])[actor.pk]
    token = next((own for own in AuthToken.objects.filter(user=person) if own.token_key == key), None)
    if token is None:
        raise ObjectDoesNotExist(_("This API token is revoked already."))
    token.delete()
    _record(events.TOKEN_REVOKED, token=token, actor=person, now=now)


@transaction.atomic
def revoke_all_tokens(people: Sequence[User], *, now: datetime) -> None:
    """End every token of people who were disabled: enabling somebody again must not bring old secrets back."""
    tokens = list(AuthToken.objects.filter(user__in=people).select_related("user"))
    AuthToken.objects.filter(pk__in=[token.pk for token in tokens]).delete()
    journal.record_many(_tell(events.TOKEN_REVOKED, token=token, actor=None, now=now) for token in tokens)


def _record(verb: str, *, token: AuthToken, actor: User, now: datetime) -> None:
    journal.record_many([_tell(verb, token=token, actor=actor, now=now)])


def _tell(verb: str, *, token: AuthToken, actor: User | None, now: datetime) -> Event:
    """The person is the event's target: a token's own id is derived from its secret, and stays out of the journal."""
    details = {"token": name_of(token), "expires": token.expiry.isoformat() if token.expiry else None}
    return journal.entry(verb, actor=actor, target=token.user, person=token.user, details=details, at=now)
