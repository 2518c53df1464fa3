"""What every change to the directory is held to."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from ..models import User
from ..permissions import can_change_directory, can_change_organisations


def require_right(actor: User | None) -> None:
    """Raises PermissionDenied unless it is an administrator or the system itself (None)."""
    if not can_change_directory(actor):
        raise PermissionDenied(_("Only administrators change people and groups."))


def require_organisations_right(actor: User | None) -> None:
    """Raises PermissionDenied for whoever may not change connected organisations."""
    if not can_change_organisations(actor):
        raise PermissionDenied(_("Only administrators, also those of connected organisations, change these."))
