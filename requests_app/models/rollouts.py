"""Rollouts: what a change of a package's roles, or delivering once more, means for many people, carried in batches."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow, WorkStatus
from catalog.models import AccessPackage, ResourceRole, TargetSystem

from ..rollout_querysets import RolloutQuerySet

OPEN = (WorkStatus.PENDING, WorkStatus.STUCK)


class RolloutKind(models.TextChoices):
    """What everybody concerned is to have done."""

    ADD = "add", _("role added")
    REMOVE = "remove", _("role removed")
    REPROCESS = "reprocess", _("delivered again")


class Rollout(WorkRow):
    """One change for everybody who holds a package, or for everything that is given in a system.

    `cursor` is the key of the last assignment (of a system: the last grant) that a committed batch has dealt with:
    whoever goes on begins behind it.
    """

    MAX_ATTEMPTS = 12
    """With growing delays: a few hours; each batch that succeeds counts them anew."""

    kind = models.CharField(_("what is done"), max_length=10, choices=RolloutKind.choices)
    package = models.ForeignKey(
        AccessPackage,
        verbose_name=_("access package"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rollouts",
    )
    system = models.ForeignKey(
        TargetSystem,
        verbose_name=_("target system"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rollouts",
    )
    role = models.ForeignKey(
        ResourceRole, verbose_name=_("role"), null=True, blank=True, on_delete=models.CASCADE, related_name="rollouts"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who changed it"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    why = models.TextField(_("why"), blank=True)
    total = models.PositiveIntegerField(_("to be done"))
    done = models.PositiveIntegerField(_("done"), default=0)
    cursor = models.UUIDField(null=True, blank=True, editable=False)

    objects = RolloutQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("rollout")
        verbose_name_plural = _("rollouts")
        indexes: ClassVar[list[Any]] = [
            *WorkRow.Meta.indexes,
            models.Index(fields=["package"], name="requests_rollout_open_of", condition=Q(status__in=OPEN)),
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.CheckConstraint(
                name="requests_rollout_of_a_package_or_a_system",
                condition=Q(package__isnull=False, system=None)
                | Q(package=None, system__isnull=False, kind=RolloutKind.REPROCESS),
            ),
            models.CheckConstraint(
                name="requests_rollout_has_a_role_iff_roles_change",
                condition=Q(kind=RolloutKind.REPROCESS, role=None)
                | (~Q(kind=RolloutKind.REPROCESS) & Q(role__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["package", "role"],
                name="requests_rollout_one_open_per_package_and_role",
                condition=Q(status__in=OPEN, role__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["package"],
                name="requests_rollout_one_open_again_per_package",
                condition=Q(status__in=OPEN, kind=RolloutKind.REPROCESS),
            ),
            models.UniqueConstraint(
                fields=["system"],
                name="requests_rollout_one_open_again_per_system",
                condition=Q(status__in=OPEN, kind=RolloutKind.REPROCESS),
            ),
        ]

    def __str__(self) -> str:
        return self.in_words

    @property
    def about(self) -> AccessPackage | TargetSystem:
        """The package or the system whose rollout it is."""
        about = self.package or self.system
        assert about is not None  # nosec B101  # the database holds it
        return about

    @property
    def in_words(self) -> str:
        """What is done to everybody concerned."""
        if self.kind == RolloutKind.ADD:
            return _now("%(role)s is given to everybody who has %(package)s") % self._names()
        if self.kind == RolloutKind.REMOVE:
            return _now("%(role)s is taken from everybody who has %(package)s") % self._names()
        if self.system:
            return _now("Everything in %(system)s is put in place again") % {"system": self.system}
        return _now("Everything that %(package)s gives is put in place again") % self._names()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done, or to go on with."""
        return self.status in OPEN

    @property
    def is_stuck(self) -> bool:
        """Whether it was given up, and waits for a person."""
        return self.status == WorkStatus.STUCK

    @property
    def how_far(self) -> str:
        """As “1,500 of 12,000”."""
        return _now("%(done)d of %(total)d") % {"done": min(self.done, self.total), "total": self.total}

    def _names(self) -> dict[str, object]:
        return {"role": self.role, "package": self.package}
