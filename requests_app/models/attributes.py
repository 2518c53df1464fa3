"""Attributes of people that answers brought, and the access that keeps them there."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .assignments import Assignment


class BroughtAttribute(models.Model):
    """One reason why a person has an attribute: this access asked for it (corner 33).

    The last reason to end takes the attribute away, or puts back what was there before the first.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="brought_attributes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="brought_attributes")
    name = models.CharField(max_length=60)
    value = models.JSONField()
    """What the person has by the answers; a change by anybody else is left alone when the access ends."""
    before = models.JSONField(null=True)
    """What the person had before the first answer brought it; None: nothing."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("attribute brought by an answer")
        verbose_name_plural = _("attributes brought by answers")
        constraints = [
            models.UniqueConstraint(fields=["assignment", "name"], name="requests_attribute_once_per_assignment")
        ]
        indexes = [
            models.Index(fields=["person", "name"], name="requests_attribute_living", condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
