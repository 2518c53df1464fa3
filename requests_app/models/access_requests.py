"""Access requests, and what was answered in them."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.choices import QuestionKind
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
    wanted_start = models.DateTimeField(_("wanted from"), null=True, blank=True)
    """Of access: when it is to begin; None: as soon as it is approved."""
    wanted_end = models.DateTimeField(_("wanted until"), null=True, blank=True)
    """Of access: the end that was chosen, where one was; `fixed_end` has it too. Else, where the end is asked to be
    moved; None where that is nowhere, or where there is to be no end."""
    former_end = models.DateTimeField(null=True, blank=True, editable=False)
    """Of an extension that was given: the end before it, which comes back where its approval is withdrawn."""
    shortened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="requests_shortened"
    )
    """The approver who last gave it for a shorter time than was asked; what it was before is in the journal."""
    is_emergency = models.BooleanField(_("in an emergency"), default=False)
    """Taken at once and without approval, and reviewed afterwards (`EmergencyReview`)."""
    basket = models.UUIDField(null=True, blank=True, editable=False)
    """What was asked for together has the same."""
    callout_plan = models.JSONField(default=list, editable=False)
    """Which extensions it calls when, as the policy said it (`callouts.plan_of`)."""
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
                condition=Q(status__in=OPEN, kind__in=ADDING, is_emergency=False),
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
            models.Index(fields=["basket"], name="requests_request_of_basket", condition=Q(basket__isnull=False)),
            models.Index(
                fields=["wanted_start"],
                name="requests_request_scheduled",
                condition=Q(status=RequestStatus.SCHEDULED),
            ),
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
        self.save(update_fields=["status", "completed_at", "assignment", "former_end"])

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
    """What the requester answered, with the question as it was asked, and where the answer is to be stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    access_request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="answers")
    position = models.PositiveSmallIntegerField()
    question = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=QuestionKind.choices, default=QuestionKind.TEXT)
    value = models.TextField()
    """What was answered; where several choices were, each on a line of its own."""
    shown = models.TextField(blank=True)
    """The choices in the words in which they were shown; empty where these are those of the value."""
    question_key = models.UUIDField(null=True)
    """The id of the question in its policy, which may be gone by now."""
    attribute = models.CharField(max_length=60, blank=True)
    """The attribute of the person in which the answer is stored; empty: in none."""
    is_editable = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.question} {self.in_words}"

    @property
    def in_words(self) -> str:
        """What was answered, as it was shown to whoever answered."""
        return self.shown or (", ".join(self.values) if self.kind == QuestionKind.CHOICES else self.value)

    @property
    def values(self) -> list[str]:
        """Each choice that was answered; a text is one."""
        return self.value.splitlines() if self.kind == QuestionKind.CHOICES else [self.value]
