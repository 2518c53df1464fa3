"""MailSettings: in which language, when and about what somebody is told by mail."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..topics import Delivery, deliveries_of, languages

DIGEST_HOUR = 7


class MailSettings(models.Model):
    """What one person chose; without a row, everything comes at once and in the language of the installation."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="mail_settings"
    )
    language = models.CharField(_("language"), max_length=12, blank=True, choices=languages)
    digest_hour = models.PositiveSmallIntegerField(
        _("hour of the daily digest (UTC)"), default=DIGEST_HOUR, validators=[MaxValueValidator(23)]
    )
    deliveries = models.JSONField(_("how mails are sent"), default=dict, blank=True)
    """Topic → delivery, for each topic that is not left at its default."""

    class Meta:
        verbose_name = _("mail settings")
        verbose_name_plural = _("mail settings")
        constraints = [
            models.CheckConstraint(
                name="notifications_settings_digest_hour_is_an_hour", condition=models.Q(digest_hour__lte=23)
            )
        ]

    def __str__(self) -> str:
        return str(self.person)

    def delivery_of(self, topic: str) -> Delivery:
        """How mails about this topic are sent; what may not be switched off is not, whatever the row says."""
        possible = deliveries_of(topic)
        chosen = self.deliveries.get(topic)
        return Delivery(chosen) if chosen in possible else possible[0]

    def next_digest(self, now: datetime) -> datetime:
        """When the next daily digest is due."""
        today = now.replace(hour=self.digest_hour, minute=0, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
