"""Configuration of the catalog app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Catalog")

    def ready(self) -> None:
        from audit import filters
        from directory import permissions as directory

        from .permissions import holds_organisations_role
        from .querysets import packages_called

        filters.package_lookup = packages_called
        directory.holds_organisations_role = holds_organisations_role
