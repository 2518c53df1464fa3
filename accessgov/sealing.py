"""Encryption at rest of what is said to other systems to prove who we are."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def seal(value: str) -> str:
    """Encrypt with the newest key; nothing stays nothing."""
    return _keys().encrypt(value.encode()).decode() if value else ""


def unseal(sealed: str) -> str:
    """Decrypt with whichever key fits. Raises ImproperlyConfigured where none does."""
    if not sealed:
        return ""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured("No key in ACCESSGOV_ENCRYPTION_KEYS opens this secret.") from None


def _keys() -> MultiFernet:
    keys = settings.ENCRYPTION_KEYS or [_key_of_a_trial()]
    return MultiFernet([Fernet(key) for key in keys])


def _key_of_a_trial() -> str:
    """Outside production, where no key is demanded, one that follows from SECRET_KEY."""
    return base64.urlsafe_b64encode(hashlib.sha256(settings.SECRET_KEY.encode()).digest()).decode()
