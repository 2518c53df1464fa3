"""Access requests, and what was answered in them."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Policy

from ..lifecycle import (
    ADDING,
    LONGEST_STATUS,
    OPEN,
    REQUEST_MOVES,
    UPDATING,
    RequestStatus,
    RequestType,
    check_move,
)
from ..querysets import AccessRequestQuerySet
from .assignments import Assignment


class AccessRequest(models.Model):
    """Somebody's wish that a person have, or no longer have, a package; judged by the policy as it stood."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=RequestType.choices)
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=RequestStatus.choices, default=RequestStatus.SUBMITTED
    )
    package = models.ForeignKey(AccessPackage, on_delete=models.PROTECT, related_name="access_requests")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="access_requests")
    policy_version = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_requests")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="submitted_requests"
    )
    justification = models.TextField(_("justification"), blank=True)
    duration = models.DurationField(_("lasts"), null=True, blank=True)
    fixed_end = models.DateTimeField(null=True, blank=True)
    wanted_end = models.DateTimeField(_("wanted until"), null=True, blank=True)
    """Where the end is asked to be moved; None where that is nowhere, or where there is to be no end."""
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.PROTECT, related_name="access_requests"
    )
    submitted_at = models.DateTimeField(_("submitted at"))
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("access request")
        verbose_name_plural = _("access requests")
        ordering = ("-submitted_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "package"],
                name="requests_request_one_open_per_person_and_package",
                condition=Q(status__in=OPEN, kind__in=ADDING),
            ),
            models.UniqueConstraint(
                fields=["person", "package"],
                name="requests_request_one_open_extension_per_access",
                condition=Q(status__in=OPEN, kind__in=UPDATING),
            ),
            models.CheckConstraint(
                name="requests_request_extension_says_of_what",
                condition=~Q(kind__in=UPDATING) | Q(assignment__isnull=False),
            ),
            models.CheckConstraint(
                name="requests_request_completed_at_iff_not_open",
                condition=Q(status__in=OPEN, completed_at=None) | (~Q(status__in=OPEN) & Q(completed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_at", "id"], name="requests_request_newest"),
            models.Index(fields=["person", "submitted_at", "id"], name="requests_request_of_person"),
        ]

    def __str__(self) -> str:
        return str(self.package)

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen to it."""
        return self.status in OPEN

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status, and when it was completed. Raises IllegalMove."""
        check_move(REQUEST_MOVES, old=self.status, new=status)
        self.status = status
        self.completed_at = None if status in OPEN else at
        self.save(update_fields=["status", "completed_at", "assignment"])

    @classmethod
    def move_all(cls, access_requests: Sequence["AccessRequest"], *, status: str, at: datetime) -> None:
        """Move requests by one statement. Raises IllegalMove before anything is written."""
        if not access_requests:
            return
        for access_request in access_requests:
            check_move(REQUEST_MOVES, old=access_request.status, new=status)
        for access_request in access_requests:
            access_request.status = status
            access_request.completed_at = None if status in OPEN else at
        rows = cls.objects.filter(pk__in=[access_request.pk for access_request in access_requests])
        rows.update(status=status, completed_at=None if status in OPEN else at)


class Answer(models.Model):
    """What the requester answered, with the question as it was asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField()
    question = models.CharField(max_length=300)
    value = models.TextField()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.question} {self.value}"
