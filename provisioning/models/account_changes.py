"""Changes of accounts: what is to be done with somebody's account in a system when they leave or come back."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow, WorkStatus
from catalog.models import TargetSystem

from ..querysets import AccountChangeQuerySet
from .connectors import Connector


class AccountChangeKind(models.TextChoices):
    DISABLE = "disable", _("disable")
    ENABLE = "enable", _("enable again")


class AccountChange(WorkRow):
    """One person's account in one system, which is to be disabled, or enabled again."""

    system = models.ForeignKey(
        TargetSystem, verbose_name=_("target system"), on_delete=models.PROTECT, related_name="account_changes"
    )
    """Not its connector: that is locked by whoever claims work, which is not to wait while a thousand people leave."""
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT, related_name="account_changes"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=AccountChangeKind.choices)
    is_to_be_undone = models.BooleanField(_("enabled again when they come back"), default=False, editable=False)
    """It disables an account that was enabled, and that was not enabled again since."""
    before = models.TextField(blank=True, editable=False)
    """What the connector has to know to enable it again (`AccountState.before`)."""
    outcome = models.CharField(_("outcome"), max_length=400, blank=True)
    waiting_since = models.DateTimeField(_("waits for the system since"), null=True, blank=True, editable=False)
    """The target took the change and does not show it yet."""

    objects = AccountChangeQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("change of an account")
        verbose_name_plural = _("changes of accounts")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["system", "due_at"],
                name="provisioning_account_open",
                condition=models.Q(status=WorkStatus.PENDING),
            ),
            models.Index(
                fields=["person"], name="provisioning_account_undone", condition=models.Q(is_to_be_undone=True)
            ),
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["system", "person"],
                name="provisioning_account_change_one_open_per_account",
                condition=models.Q(status__in=(WorkStatus.PENDING, WorkStatus.STUCK)),
            ),
        ]

    def __str__(self) -> str:
        return _("%(kind)s the account in %(system)s") % {"kind": self.get_kind_display(), "system": self.system}

    @property
    def connector(self) -> Connector:
        """That of the system, which has one as long as there are changes."""
        return self.system.connector

    @property
    def account(self) -> tuple[UUID, UUID]:
        """Whose account in what: one of these is changed at a time."""
        return self.system_id, self.person_id
