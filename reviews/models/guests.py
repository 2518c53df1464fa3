"""Guests whom a campaign denied: blocked when its results are applied, deleted some weeks later."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .campaigns import Campaign


class Farewell(models.TextChoices):
    """What became of a guest who was blocked."""

    WAITING = "waiting", _("blocked, to be deleted")
    DELETED = "deleted", _("deleted")
    SPARED = "spared", _("not deleted: they were enabled again")


class GuestRemoval(models.Model):
    """A guest who was blocked, and when they are deleted unless somebody enables them again before."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guest_removals")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("guest"), on_delete=models.PROTECT, related_name="guest_removals"
    )
    outcome = models.CharField(_("outcome"), max_length=8, choices=Farewell.choices, default=Farewell.WAITING)
    blocked_at = models.DateTimeField(_("blocked"))
    delete_at = models.DateTimeField(_("to be deleted"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("removal of a guest")
        verbose_name_plural = _("removals of guests")
        ordering = ("delete_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["person"], name="reviews_guest_blocked_once_at_a_time", condition=Q(settled_at=None)
            ),
            models.CheckConstraint(
                name="reviews_guest_settled_iff_not_waiting",
                condition=Q(outcome=Farewell.WAITING, settled_at=None)
                | ~Q(outcome=Farewell.WAITING) & Q(settled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["delete_at"], name="reviews_guest_due", condition=Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.person)
