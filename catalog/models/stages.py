"""The stages of a policy's approval: who decides in them, how long they have, and which requests need them."""

from datetime import timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import Group, Risk

from ..choices import ApproverKind, ApproverUse, StageAudience
from .custom_extensions import CustomExtension
from .policies import Policy

HIGHEST_LEVEL = 5
"""Managers further up than this are named, not counted."""
NAMED_BY = {ApproverKind.PERSON: "person", ApproverKind.GROUP: "group", ApproverKind.EXTENSION: "extension"}
"""The kinds of approver that name somebody, each with the field that does; all others are found from the request."""


class ApprovalStage(models.Model):
    """One step of a policy's approval; a policy without stages approves by itself.

    Its conditions hold together: a request that does not meet all of them does not need the stage.
    """

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
    time_limit = models.DurationField(
        _("time to decide"),
        default=timedelta(days=14),
        validators=[
            MinValueValidator(timedelta(hours=1), message=_("Give at least an hour.")),
            MaxValueValidator(timedelta(days=365), message=_("Give at most 365 days.")),
        ],
    )
    requires_justification = models.BooleanField(_("approvers say why"), default=False)
    alternates_after = models.DurationField(
        _("alternates are asked after"),
        null=True,
        blank=True,
        validators=[MinValueValidator(timedelta(hours=1), message=_("Alternates are asked after an hour or later."))],
        help_text=_("Where it is not decided by then, the alternates are asked as well."),
    )
    audience = models.CharField(
        _("needed for"), max_length=10, choices=StageAudience.choices, default=StageAudience.EVERYBODY
    )
    is_for_privileged = models.BooleanField(_("only where the package gives a privileged resource"), default=False)
    least_risk = models.PositiveSmallIntegerField(
        _("only from this risk on"), choices=Risk.choices, default=Risk.NONE, help_text=_("“none”: whatever the risk.")
    )

    class Meta:
        verbose_name = _("approval stage")
        verbose_name_plural = _("approval stages")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="catalog_stage_position_once_per_policy"),
            models.CheckConstraint(
                name="catalog_stage_alternates_before_its_time_is_over",
                condition=Q(alternates_after=None)
                | Q(alternates_after__gt=timedelta(0), alternates_after__lt=F("time_limit")),
                violation_error_message=_("Alternates are asked before the stage's time is over, not later."),
            ),
        ]

    def __str__(self) -> str:
        return _("stage %(position)d") % {"position": self.position}

    @property
    def is_conditional(self) -> bool:
        """Whether there are requests that do not need it."""
        return self.audience != StageAudience.EVERYBODY or self.is_for_privileged or self.least_risk > Risk.NONE

    def clean(self) -> None:
        """Name the field where alternates would come too late."""
        after = self.alternates_after
        if after is not None and self.time_limit is not None and after >= self.time_limit:
            raise ValidationError(
                {"alternates_after": _("Alternates are asked before the stage's time is over, not later.")}
            )


def _names_what_its_kind_needs() -> Q:
    """Of a kind that names somebody its own field is filled, and no other; of all other kinds none is."""
    fields = set(NAMED_BY.values())

    def only(filled: str) -> Q:
        return Q(**{f"{field}__isnull": field != filled for field in fields})

    named = [Q(kind=kind) & only(field) for kind, field in NAMED_BY.items()]
    return reduce(or_, named, ~Q(kind__in=list(NAMED_BY)) & only(""))


class StageApprover(models.Model):
    """Who is asked in a stage: somebody who is named, or whoever stands in that place when it begins."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stage = models.ForeignKey(ApprovalStage, on_delete=models.CASCADE, related_name="approvers")
    use = models.CharField(_("asked as"), max_length=10, choices=ApproverUse.choices, default=ApproverUse.PRIMARY)
    kind = models.CharField(_("who"), max_length=24, choices=ApproverKind.choices, default=ApproverKind.MANAGER)
    level = models.PositiveSmallIntegerField(
        _("level of the manager"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_LEVEL)],
        help_text=_("1: the person's manager, 2: that one's manager, and so on."),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    group = models.ForeignKey(
        Group, verbose_name=_("group"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    extension = models.ForeignKey(
        CustomExtension,
        verbose_name=_("custom extension"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="stage_approvers",
    )

    class Meta:
        verbose_name = _("approver")
        verbose_name_plural = _("approvers")
        constraints = [
            models.CheckConstraint(
                name="catalog_approver_names_what_its_kind_needs", condition=_names_what_its_kind_needs()
            ),
            models.CheckConstraint(
                name="catalog_approver_has_a_level_only_as_manager",
                condition=Q(level=1) | Q(level__gt=1, kind=ApproverKind.MANAGER),
            ),
        ]

    def __str__(self) -> str:
        return str(self.person or self.group or self.extension or self.get_kind_display())

    def clean(self) -> None:
        """A stage asks only an extension that its own catalog owns."""
        if self.extension and self.extension.catalog_id != self.stage.policy.package.catalog_id:
            raise ValidationError(_("%(extension)s belongs to another catalog."), params={"extension": self.extension})
