"""Catalogs, target systems, resources and their roles."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import Group
from directory.querysets import UserQuerySet

from ..choices import DelegatedRole, ResourceKind
from ..querysets import CatalogQuerySet, ResourceQuerySet, ResourceRoleQuerySet


class Catalog(models.Model):
    """A container of packages and of the resources that they may use: the boundary of delegation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"))
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("In a disabled catalog nothing is visible or can be requested.")
    )
    is_externally_visible = models.BooleanField(_("enabled for guests"), default=True)
    resources: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        "Resource",
        verbose_name=_("resources"),
        related_name="catalogs",
        blank=True,
        help_text=_("Packages of this catalog may use the roles of these resources."),
    )

    objects = CatalogQuerySet.as_manager()

    class Meta:
        verbose_name = _("catalog")
        verbose_name_plural = _("catalogs")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def owners(self) -> UserQuerySet:
        """The people who own it, themselves or through a group; appointed by `actions.grant_role`."""
        from .role_assignments import RoleAssignment

        return RoleAssignment.objects.filter(catalog=self, role=DelegatedRole.CATALOG_OWNER).holders()


class TargetSystem(models.Model):
    """A system in which access is granted; how it is reached is the business of its connector."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("short name"), unique=True)
    description = models.TextField(_("description"), blank=True)
    launch_url = models.URLField(_("where people open it"), blank=True)

    class Meta:
        verbose_name = _("target system")
        verbose_name_plural = _("target systems")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """A group, application, team or site in a target system, by the id that it has there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    system = models.ForeignKey(
        TargetSystem, verbose_name=_("target system"), on_delete=models.PROTECT, related_name="resources"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind.choices)
    origin_id = models.CharField(_("id in the system"), max_length=200)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    is_privileged = models.BooleanField(
        _("privileged"), default=False, help_text=_("Can neither be given without approval nor without an end.")
    )
    owners = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owners"),
        related_name="owned_resources",
        blank=True,
        help_text=_("They put it into the catalogs that they own, and take it out; a stage of a policy can ask them."),
    )
    owner_groups = models.ManyToManyField(
        Group,
        verbose_name=_("groups of owners"),
        related_name="owned_resources",
        blank=True,
        help_text=_("Whoever belongs to one of these, directly or through nested groups, owns it as well."),
    )

    origin_name = models.CharField(max_length=200, blank=True, editable=False)
    """What it is called there; the name follows it as long as nobody gave another one here."""
    discovered_at = models.DateTimeField(_("last seen there"), null=True, blank=True, editable=False)
    missing_since = models.DateTimeField(_("missing there since"), null=True, blank=True, editable=False)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("resource")
        verbose_name_plural = _("resources")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(fields=["system", "origin_id"], name="catalog_resource_once_per_system_and_origin")
        ]

    def __str__(self) -> str:
        return self.name


class ResourceRole(models.Model):
    """What one can be in a resource: a member, an owner, an administrator; by the id that the role has there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="roles")
    origin_id = models.CharField(_("id in the system"), max_length=200)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    origin_name = models.CharField(max_length=120, blank=True, editable=False)
    """As the resource's."""
    discovered_at = models.DateTimeField(_("last seen there"), null=True, blank=True, editable=False)
    missing_since = models.DateTimeField(_("missing there since"), null=True, blank=True, editable=False)

    objects = ResourceRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("resource role")
        verbose_name_plural = _("resource roles")
        ordering = ("resource__name", "name", "id")
        constraints = [
            models.UniqueConstraint(fields=["resource", "origin_id"], name="catalog_role_once_per_resource_and_origin")
        ]

    def __str__(self) -> str:
        return gettext("%(role)s of %(resource)s") % {"role": self.name, "resource": self.resource}
