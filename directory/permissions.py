"""Who may change the directory: one pure question each."""

from .models import User


def is_administrator(user: User) -> bool:
    """Administrators of the whole installation."""
    return user.is_active and user.is_superuser


def can_read_everything(user: User) -> bool:
    """Administrators and auditors."""
    return user.is_active and (user.is_superuser or user.is_auditor)


def can_change_directory(user: User | None) -> bool:
    """People and groups are changed by administrators, and by the system itself (None): imports and connectors."""
    return user is None or is_administrator(user)
