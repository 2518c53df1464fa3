"""Reads of API tokens, and the few characters by which people tell theirs apart."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from knox.models import AuthToken

from directory.models import User

SHOWN = 8
"""How many of a token's characters are shown: enough to tell twenty apart, no help in guessing the other 56."""


def usable_tokens(person: User, *, now: datetime) -> "QuerySet[Any]":
    """The tokens that still open the API for this person, the newest first."""
    still_good = Q(expiry__isnull=True) | Q(expiry__gt=now)
    return AuthToken.objects.filter(still_good, user=person).order_by("-created", "digest")


def name_of(token: AuthToken) -> str:
    """The beginning of a token."""
    return token.token_key[:SHOWN]
