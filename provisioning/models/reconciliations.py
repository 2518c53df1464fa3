"""Reconciliations: runs that compare what is wanted with what target systems have, and what they read."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkQuerySet, WorkRow, WorkStatus
from catalog.models import ResourceRole

from .connectors import Connector


class Reconciliation(WorkRow):
    """One reconciliation of everything behind a connector, done in committed steps of many roles each.

    `cursor` is the last role that is done: whoever takes over a run that was cut off goes on behind it.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="reconciliations")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), null=True, blank=True, on_delete=models.PROTECT
    )
    cursor = models.UUIDField(null=True, blank=True, editable=False)
    roles = models.PositiveIntegerField(_("roles read"), default=0)
    unread = models.PositiveIntegerField(_("roles that could not be read"), default=0)
    holders = models.PositiveIntegerField(_("holders read"), default=0)
    missing = models.PositiveIntegerField(_("new: missing"), default=0)
    extra = models.PositiveIntegerField(_("new: added outside"), default=0)
    unknown = models.PositiveIntegerField(_("new: accounts of nobody"), default=0)
    closed = models.PositiveIntegerField(_("closed by itself"), default=0)
    remark = models.TextField(_("remark"), blank=True)

    objects = WorkQuerySet["Reconciliation"].as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"], name="provisioning_reconcile_due", condition=models.Q(status=WorkStatus.PENDING)
            )
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["connector"],
                name="provisioning_reconciliation_one_running_per_connector",
                condition=models.Q(status=WorkStatus.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return str(self.connector)

    @property
    def found(self) -> int:
        """How many new cases it opened."""
        return self.missing + self.extra + self.unknown


class RoleReading(models.Model):
    """When the holders of a role were last read from the target, and how many there were.

    A verified grant that did not change since `began_at` was seen there then; so a reading that finds everything as
    it should be need not write to every grant.
    """

    resource_role = models.OneToOneField(
        ResourceRole, primary_key=True, on_delete=models.CASCADE, related_name="reading"
    )
    began_at = models.DateTimeField(_("read"), null=True, blank=True)
    holders = models.PositiveIntegerField(_("holders"), default=0)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("reading of a role")
        verbose_name_plural = _("readings of roles")

    def __str__(self) -> str:
        return str(self.resource_role)


class StagedPage(models.Model):
    """Who holds what, as a target said it, for as long as the step that compares it takes.

    Thousands of holders to a row: a row for each would cost several times as much as comparing them.
    """

    run = models.UUIDField()
    holders = models.JSONField()
    """By role; each a list of their account's id and the name they sign in with, or of what `staging.asked` makes."""

    class Meta:
        indexes = [models.Index(fields=["run"], name="provisioning_stagedpage_run")]

    def __str__(self) -> str:
        return str(self.run)
