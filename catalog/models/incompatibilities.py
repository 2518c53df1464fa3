"""Separation of duties: what must not be held together with a package."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import Group

from ..querysets import IncompatibilityQuerySet
from .packages import AccessPackage


class Incompatibility(models.Model):
    """Whoever has the other package, or belongs to the group, cannot get the package; `is_mutual`: nor the reverse.

    What people hold already when it is set up stays with them, and is reported (behaviour 9).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(AccessPackage, on_delete=models.CASCADE, related_name="incompatibilities")
    other_package = models.ForeignKey(
        AccessPackage,
        verbose_name=_("package"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="ruled_out_by",
    )
    group = models.ForeignKey(
        Group, verbose_name=_("or group"), null=True, blank=True, on_delete=models.PROTECT, related_name="rules_out"
    )
    is_mutual = models.BooleanField(
        _("both ways"), default=False, help_text=_("Whoever has this package cannot get the other one either.")
    )
    exception_people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("exceptions decided by"), related_name="+", blank=True
    )
    """Who decides on exceptions; where nobody is named, whoever owns the catalogs of both sides."""
    exception_groups = models.ManyToManyField(Group, verbose_name=_("or by members of"), related_name="+", blank=True)

    objects = IncompatibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("incompatibility")
        verbose_name_plural = _("incompatibilities")
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                name="catalog_incompatibility_is_with_a_package_or_a_group",
                condition=Q(other_package=None, group__isnull=False) | Q(other_package__isnull=False, group=None),
                violation_error_message=_("Name a package or a group, one of the two."),
            ),
            models.CheckConstraint(
                name="catalog_incompatibility_not_with_itself",
                condition=Q(other_package=None) | ~Q(other_package=F("package")),
                violation_error_message=_("A package is not incompatible with itself."),
            ),
            models.CheckConstraint(
                name="catalog_incompatibility_both_ways_only_between_packages",
                condition=Q(is_mutual=False) | Q(group=None),
                violation_error_message=_("“Both ways” is for two packages: nobody asks for a group."),
            ),
            models.UniqueConstraint(
                fields=["package", "other_package"],
                name="catalog_incompatibility_once_per_package",
                violation_error_message=_("This incompatibility is there already."),
            ),
            models.UniqueConstraint(
                fields=["package", "group"],
                name="catalog_incompatibility_once_per_group",
                violation_error_message=_("This incompatibility is there already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.other_package or self.group or "")
