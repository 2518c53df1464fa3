"""The stages of a policy's approval, and who decides in them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import Group

from ..choices import ApproverKind, ApproverUse
from .policies import Policy


class ApprovalStage(models.Model):
    """One step of a policy's approval; a policy without stages approves by itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    approvals_required = models.PositiveSmallIntegerField(
        _("approvals required"),
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: everybody who is asked must approve."),
    )
    time_limit_days = models.PositiveSmallIntegerField(
        _("days to decide"), default=14, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    requires_justification = models.BooleanField(_("approvers say why"), default=False)
    alternates_after_days = models.PositiveSmallIntegerField(
        _("days until alternates are asked"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Where it is not decided by then, the alternates are asked as well."),
    )

    class Meta:
        verbose_name = _("approval stage")
        verbose_name_plural = _("approval stages")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="catalog_stage_position_once_per_policy"),
            models.CheckConstraint(
                name="catalog_stage_asks_alternates_before_its_time_is_over",
                condition=models.Q(alternates_after_days=None)
                | models.Q(alternates_after_days__gte=1, alternates_after_days__lt=models.F("time_limit_days")),
                violation_error_message=_("Alternates are asked before the stage's time is over, not later."),
            ),
        ]

    def __str__(self) -> str:
        return _("stage %(position)d") % {"position": self.position}

    def clean(self) -> None:
        """Name the field where alternates would come too late."""
        after = self.alternates_after_days
        if after is not None and self.time_limit_days is not None and after >= self.time_limit_days:
            raise ValidationError(
                {"alternates_after_days": _("Alternates are asked before the stage's time is over, not later.")}
            )


class StageApprover(models.Model):
    """Who is asked in a stage: the manager, a named person, or the members of a group."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stage = models.ForeignKey(ApprovalStage, on_delete=models.CASCADE, related_name="approvers")
    use = models.CharField(_("asked as"), max_length=10, choices=ApproverUse.choices, default=ApproverUse.PRIMARY)
    kind = models.CharField(_("who"), max_length=10, choices=ApproverKind.choices, default=ApproverKind.MANAGER)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    group = models.ForeignKey(
        Group, verbose_name=_("group"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("approver")
        verbose_name_plural = _("approvers")
        constraints = [
            models.CheckConstraint(
                name="catalog_approver_names_what_its_kind_needs",
                condition=models.Q(kind=ApproverKind.MANAGER, person=None, group=None)
                | models.Q(kind=ApproverKind.PERSON, person__isnull=False, group=None)
                | models.Q(kind=ApproverKind.GROUP, person=None, group__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.person or self.group or self.get_kind_display())
