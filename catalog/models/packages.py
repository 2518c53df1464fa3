"""Access packages and the resource roles that they bundle."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..naming import objection_to
from ..querysets import PackageQuerySet
from .resources import Catalog, ResourceRole


def validate_package_name(name: str) -> None:
    """Refuse names that do not say what the package is for."""
    if objection := objection_to(name):
        raise ValidationError(objection, code="undescriptive")


class AccessPackage(models.Model):
    """A bundle of resource roles with an accountable owner, asked for and granted as one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    catalog = models.ForeignKey(Catalog, verbose_name=_("catalog"), on_delete=models.PROTECT, related_name="packages")
    name = models.CharField(_("name"), max_length=120, validators=[validate_package_name])
    description = models.TextField(_("description"), help_text=_("What it gives and for whom, in words of everyday."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="owned_packages"
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    is_hidden = models.BooleanField(
        _("hidden"), default=False, help_text=_("Left out of browsing; whoever has the link may still ask for it.")
    )
    roles = models.ManyToManyField(ResourceRole, through="PackageRole", related_name="packages")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = PackageQuerySet.as_manager()

    class Meta:
        verbose_name = _("access package")
        verbose_name_plural = _("access packages")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(fields=["catalog", "name"], name="catalog_package_name_once_per_catalog")
        ]
        indexes = [models.Index(fields=["name", "id"], name="catalog_package_name")]

    def __str__(self) -> str:
        return self.name

    def gives_privilege(self) -> bool:
        """Whether one of its roles is of a privileged resource, by one statement."""
        return self.package_roles.filter(resource_role__resource__is_privileged=True).exists()


class PackageRole(models.Model):
    """One resource role in one package."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    package = models.ForeignKey(AccessPackage, on_delete=models.CASCADE, related_name="package_roles")
    resource_role = models.ForeignKey(
        ResourceRole, verbose_name=_("resource role"), on_delete=models.PROTECT, related_name="package_roles"
    )

    class Meta:
        verbose_name = _("resource role of a package")
        verbose_name_plural = _("resource roles of a package")
        constraints = [
            models.UniqueConstraint(fields=["package", "resource_role"], name="catalog_package_role_once_per_package")
        ]

    def __str__(self) -> str:
        return str(self.resource_role)

    def clean(self) -> None:
        """A package uses only what its catalog holds: catalogs are the boundary of delegation."""
        if not hasattr(self, "resource_role") or self.package.catalog_id is None:
            return
        if not self.package.catalog.resources.filter(pk=self.resource_role.resource_id).exists():
            raise ValidationError(
                _("%(resource)s is not in the catalog %(catalog)s; add it there first."),
                params={"resource": self.resource_role.resource, "catalog": self.package.catalog},
            )
