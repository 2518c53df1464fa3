"""Who has which delegated role, in one catalog or everywhere."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import Group

from ..choices import DelegatedRole
from ..querysets import RoleAssignmentQuerySet
from ..roles import EVERYWHERE
from .resources import Catalog


class RoleAssignment(models.Model):
    """One role, given to a person or to whoever belongs to a group, directly or through nested groups."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    role = models.CharField(_("role"), max_length=40, choices=DelegatedRole.choices)
    catalog = models.ForeignKey(
        Catalog,
        verbose_name=_("catalog"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="role_assignments",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="role_assignments",
    )
    group = models.ForeignKey(
        Group,
        verbose_name=_("or group"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="role_assignments",
    )
    granted_at = models.DateTimeField(_("granted at"), default=timezone.now, editable=False)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("role", "id")
        constraints = [
            models.CheckConstraint(
                name="catalog_role_assignment_to_a_person_or_a_group",
                condition=Q(person=None, group__isnull=False) | Q(person__isnull=False, group=None),
                violation_error_message=_("Name a person or a group, one of the two."),
            ),
            models.CheckConstraint(
                name="catalog_role_assignment_in_a_catalog_unless_it_holds_everywhere",
                condition=Q(role__in=EVERYWHERE, catalog=None) | (~Q(role__in=EVERYWHERE) & Q(catalog__isnull=False)),
                violation_error_message=_("Name the catalog, or none for a role that holds everywhere."),
            ),
            models.UniqueConstraint(
                fields=["role", "catalog", "person"],
                name="catalog_role_assignment_once_per_person_and_catalog",
                violation_error_message=_("They have this role already."),
            ),
            models.UniqueConstraint(
                fields=["role", "person"],
                name="catalog_role_assignment_once_per_person_everywhere",
                condition=Q(catalog=None),
                violation_error_message=_("They have this role already."),
            ),
            models.UniqueConstraint(
                fields=["role", "catalog", "group"],
                name="catalog_role_assignment_once_per_group_and_catalog",
                violation_error_message=_("This group has this role already."),
            ),
            models.UniqueConstraint(
                fields=["role", "group"],
                name="catalog_role_assignment_once_per_group_everywhere",
                condition=Q(catalog=None),
                violation_error_message=_("This group has this role already."),
            ),
        ]
        indexes = [models.Index(fields=["granted_at", "id"], name="catalog_role_assignment_latest")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.person or self.group or ''}"
