"""Discoveries: looks into a target system for its resources and roles."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkQuerySet, WorkRow, WorkStatus

from .connectors import Connector


class Discovery(WorkRow):
    """One look into everything behind a connector, or into what has changed there since the last one."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="discoveries")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), null=True, blank=True, on_delete=models.PROTECT
    )
    resources = models.PositiveIntegerField(_("resources seen"), default=0)
    roles = models.PositiveIntegerField(_("roles seen"), default=0)
    new = models.PositiveIntegerField(_("new resources"), default=0)
    missing = models.PositiveIntegerField(_("resources gone"), default=0)

    objects = WorkQuerySet["Discovery"].as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("discovery")
        verbose_name_plural = _("discoveries")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"], name="provisioning_discovery_due", condition=models.Q(status=WorkStatus.PENDING)
            )
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["connector"],
                name="provisioning_discovery_one_running_per_connector",
                condition=models.Q(status=WorkStatus.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return str(self.connector)

    @property
    def story(self) -> UUID:
        """The correlation id of all that the run leads to."""
        return self.correlation_id or self.pk
