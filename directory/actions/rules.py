"""What every change to the directory is held to."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from ..models import Group, User
from ..permissions import can_change_directory, can_change_organisations


def require_right(actor: User | None) -> None:
    """Raises PermissionDenied unless it is an administrator or the system itself (None)."""
    if not can_change_directory(actor):
        raise PermissionDenied(_("Only administrators change people and groups."))


def require_right_over(actor: User | None, group: Group) -> None:
    """Raises PermissionDenied also where the system itself would fill a group that makes administrators or auditors.

    Packages and feeds act as the system: whoever may shape those must not raise themselves by them (docs/adr/0014).
    """
    require_right(actor)
    if actor is None and Group.objects.giving_rights().filter(pk=group.pk).exists():
        raise PermissionDenied(
            _("Members of %(group)s are administrators or auditors: only administrators fill it.") % {"group": group}
        )


def refuse_losing_all_administrators() -> None:
    """Raises ValidationError where a change left nobody to administer."""
    if not User.objects.administrators().exists():
        raise ValidationError(_("Nobody would be left to administer: make somebody else an administrator first."))


def require_organisations_right(actor: User | None) -> None:
    """Raises PermissionDenied for whoever may not change connected organisations."""
    if not can_change_organisations(actor):
        raise PermissionDenied(_("Only administrators, also those of connected organisations, change these."))
