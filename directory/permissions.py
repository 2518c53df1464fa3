"""Who may change the directory: one pure question each."""

from collections.abc import Callable

from .models import User


def _nobody(user: User) -> bool:
    return False


holds_organisations_role: Callable[[User], bool] = _nobody
"""Whether a role that a higher app knows lets somebody look after connected organisations; that app says so here."""


def is_administrator(user: User) -> bool:
    """Administrators of the whole installation, by their own record or by a group (docs/adr/0014)."""
    return user.is_active and (user.is_superuser or user.administers_by_group)


def is_auditor(user: User) -> bool:
    """Auditors, by their own record or by a group."""
    return user.is_active and (user.is_auditor or user.audits_by_group)


def can_read_everything(user: User) -> bool:
    """Administrators and auditors."""
    return is_administrator(user) or is_auditor(user)


def can_change_directory(user: User | None) -> bool:
    """People and groups are changed by administrators, and by the system itself (None): imports and connectors."""
    return user is None or is_administrator(user)


def can_change_organisations(user: User | None) -> bool:
    """Administrators, the system itself (None), and whoever was given the role for it."""
    return user is None or is_administrator(user) or (user.is_active and holds_organisations_role(user))


def can_read_organisations(user: User) -> bool:
    """Whoever may change them, and auditors."""
    return can_read_everything(user) or can_change_organisations(user)
