"""Connectors, accounts, grants with their reasons, and operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accessgov import sealing
from accessgov.outbox import WorkRow, WorkStatus
from catalog.models import ResourceRole, TargetSystem

from .lifecycle import GrantStatus, check_move
from .querysets import GrantQuerySet, OperationQuerySet, ReasonQuerySet


class ConnectorKind(models.TextChoices):
    BUILTIN = "builtin", _("the built-in directory")
    SCIM = "scim", _("SCIM 2.0")


class Connector(models.Model):
    """How a target system is reached. Its secret is encrypted at rest and never shown again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    system = models.OneToOneField(
        TargetSystem, verbose_name=_("target system"), on_delete=models.PROTECT, related_name="connector"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=ConnectorKind.choices)
    base_url = models.URLField(_("address"), blank=True)
    sealed_secret = models.TextField(editable=False, blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    last_answer_at = models.DateTimeField(_("last answer"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    class Meta:
        verbose_name = _("connector")
        verbose_name_plural = _("connectors")
        ordering = ("system__name",)

    def __str__(self) -> str:
        return str(self.system)

    @property
    def secret(self) -> str:
        """The secret in clear, for the call to the target and nothing else."""
        return sealing.unseal(self.sealed_secret)

    def set_secret(self, value: str) -> None:
        """Encrypt and keep a new secret; the caller saves."""
        self.sealed_secret = sealing.seal(value)


class Account(models.Model):
    """The id under which a target knows a person, kept so that it is looked up once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="accounts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts")
    external_id = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "person"], name="provisioning_account_one_per_connector_and_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} @ {self.connector}"


class Grant(models.Model):
    """One person holding one resource role, with every reason why.

    Wanted while a reason lives, or where it was there before AccessGov (`is_adopted`). `generation` counts the
    changes of mind: an operation of an older generation no longer says what is wanted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants")
    resource_role = models.ForeignKey(ResourceRole, on_delete=models.PROTECT, related_name="grants")
    status = models.CharField(_("status"), max_length=16, choices=GrantStatus.choices, default=GrantStatus.PENDING)
    is_adopted = models.BooleanField(_("was there before"), default=False)
    was_present = models.BooleanField(null=True, editable=False)
    """What the target said before the first delivery; None where nothing was ever done there."""
    generation = models.PositiveIntegerField(default=1, editable=False)
    last_error = models.TextField(_("last error"), blank=True)
    changed_at = models.DateTimeField(_("since"))
    verified_at = models.DateTimeField(_("read back from the target"), null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ("-changed_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "resource_role"], name="provisioning_grant_one_per_person_and_role"
            )
        ]
        indexes = [models.Index(fields=["resource_role", "status"], name="provisioning_grant_role")]

    def __str__(self) -> str:
        return str(self.resource_role)

    def move_to(self, status: str, *, at: datetime, error: str = "") -> None:
        """Write a new status with its time and error. Raises IllegalMove."""
        check_move(old=self.status, new=status)
        self.status, self.changed_at, self.last_error = status, at, error
        if status == GrantStatus.VERIFIED:
            self.verified_at = at
        self.save(update_fields=["status", "changed_at", "last_error", "verified_at"])

    @classmethod
    def turn_all(cls, grants: "Sequence[Grant]", *, status: str, at: datetime) -> None:
        """Change what is wanted of locked grants, by one statement: a new status and a new generation.

        Raises IllegalMove before anything is written.
        """
        for grant in grants:
            check_move(old=grant.status, new=status)
            grant.status, grant.generation, grant.changed_at, grant.last_error = status, grant.generation + 1, at, ""
        cls.objects.filter(pk__in=[grant.pk for grant in grants]).update(
            status=status, generation=models.F("generation") + 1, changed_at=at, last_error=""
        )


class GrantReason(models.Model):
    """Why a person holds a role: the id of the assignment that gives it, from when until when."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="reasons")
    reference = models.UUIDField(_("assignment"))
    starts_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ReasonQuerySet.as_manager()

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        constraints = [
            models.UniqueConstraint(fields=["reference", "grant"], name="provisioning_reason_once_per_reference")
        ]
        indexes = [models.Index(fields=["grant"], name="provisioning_reason_living", condition=models.Q(ended_at=None))]

    def __str__(self) -> str:
        return str(self.reference)


class OperationKind(models.TextChoices):
    GRANT = "grant", _("grant")
    REVOKE = "revoke", _("revoke")


class Operation(WorkRow):
    """One change to be made in a target system: giving or taking one grant, as its generation wants it."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(_("kind"), max_length=8, choices=OperationKind.choices)
    generation = models.PositiveIntegerField(editable=False)

    objects = OperationQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
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
