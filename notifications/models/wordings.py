"""Wording: what a letter says in one language, where administrators say it in words of their own."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from ..topics import languages
from .messages import Occasion

LONGEST_SUBJECT = 200
LONGEST_BODY = 8000


class Wording(models.Model):
    """Subject and body of a letter; without a row, the letter says what it says originally."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    occasion = models.CharField(_("letter"), max_length=24)
    language = models.CharField(_("language"), max_length=12, choices=languages)
    subject = models.CharField(_("subject"), max_length=LONGEST_SUBJECT)
    body = models.TextField(_("text"), max_length=LONGEST_BODY)

    class Meta:
        verbose_name = _("wording of a letter")
        verbose_name_plural = _("wordings of letters")
        ordering = ("occasion", "language")
        constraints = [
            models.UniqueConstraint(
                fields=["occasion", "language"], name="notifications_wording_once_per_letter_and_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.letter} ({self.get_language_display()})"

    @property
    def letter(self) -> str:
        """The name of the letter."""
        return str(Occasion(self.occasion).label)
