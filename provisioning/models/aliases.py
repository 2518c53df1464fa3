"""Names under which people were given something in systems that know them by names alone."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .connectors import Connector


class Alias(models.Model):
    """What one person was called when something was given to them, so that it is taken from whoever bears it there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="aliases")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    username = models.CharField(_("user name"), max_length=300)
    email = models.CharField(_("mail address"), max_length=300, blank=True)
    employee_number = models.CharField(_("employee number"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("name in a system")
        verbose_name_plural = _("names in systems")
        constraints = [
            models.UniqueConstraint(
                fields=["connector", "person", "username", "email", "employee_number"],
                name="provisioning_alias_kept_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.username} @ {self.connector}"

    @property
    def said(self) -> str:
        """All the names that were told, in one line."""
        return " · ".join(name for name in (self.username, self.email, self.employee_number) if name)
