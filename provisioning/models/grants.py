"""Grants, and the reasons for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import ResourceRole

from ..lifecycle import PRESENT, GrantStatus, check_move
from ..querysets import GrantQuerySet, ReasonQuerySet


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
    was_delivered = models.BooleanField(default=False, editable=False)
    """Whether the target had it when its way last changed, so that it is held while it is delivered once more."""
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

    @property
    def seen_at(self) -> datetime | None:
        """When the target last showed it; a statement, unless its role came with its `reading`.

        A reading that finds it where it should be does not write to it (`RoleReading`).
        """
        read_at = getattr(getattr(self.resource_role, "reading", None), "began_at", None)
        is_newer = read_at is not None and self.status == GrantStatus.VERIFIED and read_at > self.changed_at
        return read_at if is_newer else self.verified_at

    @classmethod
    def move_all(cls, grants: "Sequence[Grant]", *, status: str, at: datetime) -> None:
        """Write a new status with its time for locked grants, by one statement; their errors are over.

        Raises IllegalMove before anything is written.
        """
        values: dict[str, Any] = {"status": status, "changed_at": at, "last_error": "", "was_delivered": False}
        if status == GrantStatus.VERIFIED:
            values["verified_at"] = at
        cls._write(grants, status=status, values=values)

    @classmethod
    def fail_all(cls, grants: "Sequence[Grant]", *, errors: Mapping[UUID, str], at: datetime) -> None:
        """Mark locked grants as failed, each with its error. Raises IllegalMove before anything is written."""
        for grant in grants:
            check_move(old=grant.status, new=GrantStatus.FAILED)
        for grant in grants:
            grant.status, grant.changed_at, grant.last_error = GrantStatus.FAILED, at, errors[grant.pk]
        cls.objects.bulk_update(grants, ["status", "changed_at", "last_error"])

    @classmethod
    def blame(cls, grants: "Sequence[Grant]", *, errors: Mapping[UUID, str]) -> None:
        """Keep why locked grants could not be removed yet; they stay what they are."""
        for grant in grants:
            grant.last_error = errors[grant.pk]
        cls.objects.bulk_update(grants, ["last_error"])

    @classmethod
    def forget_presence(cls, grants: "Sequence[Grant]") -> None:
        """What the target said once no longer holds: the next delivery looks anew."""
        if grants:
            cls.objects.filter(pk__in=[grant.pk for grant in grants]).update(was_present=None, verified_at=None)
        for grant in grants:
            grant.was_present = grant.verified_at = None

    @classmethod
    def turn_all(cls, grants: "Sequence[Grant]", *, status: str, at: datetime) -> None:
        """Change what is wanted of locked grants, by one statement: a new status and a new generation.

        What is to be given is to be seen there anew, whatever was seen before. Raises IllegalMove before anything is
        written.
        """
        values: dict[str, Any] = {"status": status, "changed_at": at, "last_error": ""}
        if status == GrantStatus.PENDING:
            values["verified_at"] = None
        is_there = [grant.status in PRESENT for grant in grants]
        was_delivered = models.Case(models.When(status__in=PRESENT, then=True), default=models.F("was_delivered"))
        more = {"generation": models.F("generation") + 1, "was_delivered": was_delivered}
        cls._write(grants, status=status, values=values, **more)
        for grant, had in zip(grants, is_there, strict=True):
            grant.generation += 1
            grant.was_delivered |= had

    @classmethod
    def _write(cls, grants: "Sequence[Grant]", *, status: str, values: dict[str, Any], **more: Any) -> None:
        for grant in grants:
            check_move(old=grant.status, new=status)
        if grants:
            cls.objects.filter(pk__in=[grant.pk for grant in grants]).update(**values, **more)
        for grant in grants:
            for name, value in values.items():
                setattr(grant, name, value)


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
