"""Exceptions to separation of duties: what one person may hold together although it is ruled incompatible."""

from datetime import datetime
from typing import cast

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage
from directory.models import Group

from ..lifecycle import EXCEPTION_MOVES, EXCEPTION_OPEN, LONGEST_STATUS, ExceptionStatus, check_move
from ..querysets import SeparationExceptionQuerySet


class SeparationException(models.Model):
    """Leave for one person to hold one pair together, for a reason, under a control, until an end (docs/adr/0008).

    It speaks of the pair and not of the rule: a rule that is made anew finds the exception still there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=ExceptionStatus.choices, default=ExceptionStatus.PENDING
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("for whom"), on_delete=models.PROTECT, related_name="exceptions"
    )
    package = models.ForeignKey(
        AccessPackage, verbose_name=_("access package"), on_delete=models.PROTECT, related_name="exceptions"
    )
    other_package = models.ForeignKey(
        AccessPackage, null=True, blank=True, on_delete=models.PROTECT, related_name="exceptions_beside"
    )
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.PROTECT, related_name="exceptions")
    reason = models.TextField(_("reason"))
    control = models.TextField(_("compensating control"))
    ends_at = models.DateTimeField(_("ends at"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="exceptions_asked"
    )
    asked_at = models.DateTimeField(_("asked at"))
    decide_by = models.DateTimeField(_("to be decided by"))
    approvers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("who decides"), related_name="exceptions_to_decide"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="exceptions_decided",
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision = models.TextField(_("why it was decided so"), blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = SeparationExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("exception to separation of duties")
        verbose_name_plural = _("exceptions to separation of duties")
        ordering = ("-asked_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="requests_exception_is_about_a_pair",
                condition=Q(other_package=None, group__isnull=False) | Q(other_package__isnull=False, group=None),
            ),
            models.UniqueConstraint(
                fields=["person", "package", "other_package"],
                name="requests_exception_one_open_per_person_and_packages",
                condition=Q(status__in=EXCEPTION_OPEN),
            ),
            models.UniqueConstraint(
                fields=["person", "package", "group"],
                name="requests_exception_one_open_per_person_and_group",
                condition=Q(status__in=EXCEPTION_OPEN),
            ),
            models.CheckConstraint(
                name="requests_exception_decided_by_somebody_else",
                condition=Q(decided_by=None) | ~(Q(decided_by=F("person")) | Q(decided_by=F("asked_by"))),
            ),
            models.CheckConstraint(
                name="requests_exception_ended_at_iff_not_open",
                condition=Q(status__in=EXCEPTION_OPEN, ended_at=None)
                | (~Q(status__in=EXCEPTION_OPEN) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at", "id"], name="requests_exception_newest"),
            models.Index(
                fields=["ends_at"], name="requests_exception_ending", condition=Q(status=ExceptionStatus.APPROVED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.package} + {self.other}"

    @property
    def other(self) -> AccessPackage | Group:
        """What may be held together with the package."""
        return cast(AccessPackage | Group, self.other_package or self.group)

    @property
    def is_in_force(self) -> bool:
        """Whether the pair may be held together now."""
        return self.status == ExceptionStatus.APPROVED

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status, and when it was over. Raises IllegalMove."""
        check_move(EXCEPTION_MOVES, old=self.status, new=status)
        self.status = status
        self.ended_at = None if status in EXCEPTION_OPEN else at
        self.save(update_fields=["status", "ended_at", "decided_by", "decided_at", "decision"])
