"""Who may do what with messages: one pure question each."""

from directory.models import User
from directory.permissions import is_administrator


def can_word_letters(user: User) -> bool:
    """What mails say and how they look is decided by administrators."""
    return is_administrator(user)


def can_retry(user: User) -> bool:
    """Stuck messages are put back to work by administrators."""
    return is_administrator(user)
