"""Policies: who may request a package, who decides, what is asked, and how long access lasts."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import ConnectedOrganisation, Group

from ..choices import DurationKind, RequestorScope
from ..querysets import PolicyQuerySet
from .packages import AccessPackage

TIERS = {
    RequestorScope.SPECIFIC: 1,
    RequestorScope.ALL_MEMBERS: 2,
    RequestorScope.EVERYONE: 3,
    RequestorScope.ORGANISATIONS: 1,
    RequestorScope.ALL_CONFIGURED: 4,
    RequestorScope.ALL_EXTERNAL: 5,
    RequestorScope.NOBODY: 9,
    RequestorScope.EMERGENCY: 9,
}
"""How specific a scope is: where several policies match, only those of the lowest tier apply."""


class Policy(models.Model):
    """One set of conditions under which a package may be had.

    Each change raises `version`; a request keeps a copy of what it was judged by, and the version's number.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(AccessPackage, on_delete=models.CASCADE, related_name="policies")
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    scope = models.CharField(
        _("who may request"), max_length=40, choices=RequestorScope.choices, default=RequestorScope.ALL_MEMBERS
    )
    tier = models.PositiveSmallIntegerField(editable=False, default=TIERS[RequestorScope.ALL_MEMBERS])
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("named people"), related_name="+", blank=True
    )
    groups = models.ManyToManyField(Group, verbose_name=_("named groups"), related_name="+", blank=True)
    organisations = models.ManyToManyField(
        ConnectedOrganisation, verbose_name=_("named connected organisations"), related_name="policies", blank=True
    )
    is_on_behalf_allowed = models.BooleanField(
        _("managers may ask for their reports"),
        default=False,
        help_text=_("For those who report to them directly, and take the access away from them again."),
    )
    requires_justification = models.BooleanField(_("requires a justification"), default=True)
    duration_kind = models.CharField(_("lasts"), max_length=16, choices=DurationKind.choices, default=DurationKind.DAYS)
    duration_amount = models.PositiveIntegerField(
        _("how many"), null=True, blank=True, default=180, validators=[MinValueValidator(1), MaxValueValidator(87_840)]
    )
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    is_period_chosen = models.BooleanField(
        _("whoever asks may choose the period"),
        default=False,
        help_text=_("From when, and until when: never for longer than it lasts here."),
    )
    is_extension_allowed = models.BooleanField(
        _("may be extended"), default=True, help_text=_("By whoever has it, shortly before its end.")
    )
    does_extension_need_approval = models.BooleanField(
        _("extensions need approval"), default=True, help_text=_("By the same stages as a request.")
    )
    is_silent = models.BooleanField(
        _("no mails about assignments"),
        default=False,
        help_text=_("Nobody is told by mail that the access is there, that it ends soon, or that it has ended."),
    )

    has_callouts = True
    """Whether it calls custom extensions; False only where `complete()` found that it calls none."""

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("tier", "name", "id")
        constraints = [
            models.UniqueConstraint(fields=["package", "name"], name="catalog_policy_name_once_per_package"),
            models.CheckConstraint(
                name="catalog_policy_has_the_duration_that_its_kind_needs",
                condition=models.Q(duration_kind=DurationKind.PERMANENT)
                | models.Q(duration_kind=DurationKind.UNTIL, ends_at__isnull=False)
                | models.Q(duration_kind__in=(DurationKind.DAYS, DurationKind.HOURS), duration_amount__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.tier = TIERS[RequestorScope(self.scope)]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Name the field that the chosen duration lacks."""
        if self.duration_kind == DurationKind.UNTIL and self.ends_at is None:
            raise ValidationError({"ends_at": _("Say until when access lasts.")})
        if self.duration_kind in (DurationKind.DAYS, DurationKind.HOURS) and not self.duration_amount:
            raise ValidationError({"duration_amount": _("Say how long access lasts.")})

    @property
    def duration(self) -> timedelta | None:
        """How long access lasts, counted from its delivery; None where it is permanent or ends on a date."""
        if self.duration_kind == DurationKind.DAYS:
            return timedelta(days=self.duration_amount or 0)
        if self.duration_kind == DurationKind.HOURS:
            return timedelta(hours=self.duration_amount or 0)
        return None

    @property
    def fixed_end(self) -> datetime | None:
        """The instant at which all access under this policy ends, where it has one."""
        return self.ends_at if self.duration_kind == DurationKind.UNTIL else None
