"""Operations: what is to be done in target systems."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow, WorkStatus
from catalog.models import TargetSystem

from ..querysets import OperationQuerySet
from .grants import Grant


class OperationKind(models.TextChoices):
    GRANT = "grant", _("grant")
    REVOKE = "revoke", _("revoke")


class Operation(WorkRow):
    """One change to be made in a target system: giving or taking one grant, as its generation wants it."""

    system = models.ForeignKey(TargetSystem, on_delete=models.PROTECT, related_name="operations")
    """The grant's, kept here because work is claimed system by system."""
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(_("kind"), max_length=8, choices=OperationKind.choices)
    generation = models.PositiveIntegerField(editable=False)
    waiting_since = models.DateTimeField(_("waits for the system since"), null=True, blank=True, editable=False)
    """The target took the change and does not show it yet: somebody works on it there, or it takes its time."""

    objects = OperationQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        indexes: ClassVar[list[models.Index]] = [
            *WorkRow.Meta.indexes,
            models.Index(
                fields=["system", "due_at"],
                name="provisioning_operation_open",
                condition=models.Q(status=WorkStatus.PENDING),
            ),
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["grant"],
                name="provisioning_operation_one_pending_per_grant",
                condition=models.Q(status__in=(WorkStatus.PENDING, WorkStatus.STUCK)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.grant}"
