"""When people last used what they have, as far as a system tells, and when each system was last asked."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import Resource, TargetSystem


class UseSource(models.TextChoices):
    CONNECTOR = "connector", _("its connector")
    IMPORT = "import", _("an imported file")


class LastUse(models.Model):
    """When one person last used a system, or one resource in it; without a time, that they never did.

    What is said of a resource says more than what is said of its system.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="last_uses", db_index=False
    )
    system = models.ForeignKey(TargetSystem, on_delete=models.CASCADE, related_name="last_uses")
    resource = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.CASCADE, related_name="last_uses")
    used = models.UUIDField(editable=False)
    """The id of the resource, or else of the system: of each there is one row."""
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    source = models.CharField(_("told by"), max_length=10, choices=UseSource.choices)
    seen_at = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("last use")
        verbose_name_plural = _("last uses")
        constraints = [
            models.UniqueConstraint(fields=["person", "used"], name="provisioning_last_use_once_per_person_and_thing")
        ]

    def __str__(self) -> str:
        return f"{self.person} @ {self.resource or self.system}"


class UseReading(models.Model):
    """When a system last told who uses it, and of how many accounts and people."""

    system = models.OneToOneField(TargetSystem, primary_key=True, on_delete=models.CASCADE, related_name="use_reading")
    seen_at = models.DateTimeField(_("as of"), null=True, blank=True)
    source = models.CharField(_("told by"), max_length=10, choices=UseSource.choices, blank=True)
    people = models.PositiveIntegerField(_("people"), default=0)
    is_by_resource = models.BooleanField(default=False, editable=False)
    """Whether it has ever told of single resources, and not of the system alone."""
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("reading of last use")
        verbose_name_plural = _("readings of last use")

    def __str__(self) -> str:
        return str(self.system)
