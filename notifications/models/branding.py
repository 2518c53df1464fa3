"""Branding: how mails look and who they say they are from; one row for the whole installation."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..colours import ON_DARK, lightened, refuse_unreadable

THE_ONE = 1
NAME = "AccessGov"
ACCENT = "#0a5a66"
LOOKS = ("name", "logo_text", "accent", "footer")
"""What can be changed."""


class Branding(models.Model):
    """The name, the mark, the accent colour and the last lines of every mail."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    name = models.CharField(
        _("name"), max_length=60, default=NAME, help_text=_("Stands at the top of every mail, and as its sender.")
    )
    logo_text = models.CharField(
        _("logo text"), max_length=4, blank=True, help_text=_("Up to four letters on a tile beside the name.")
    )
    accent = models.CharField(
        _("accent colour"),
        max_length=7,
        default=ACCENT,
        validators=[refuse_unreadable],
        help_text=_("Of the button and the links, such as #0a5a66: dark enough for white letters."),
    )
    footer = models.TextField(
        _("last lines"),
        max_length=500,
        blank=True,
        help_text=_("Below every mail: whom to ask, and what the law asks for."),
    )

    class Meta:
        verbose_name = _("branding of mails")
        verbose_name_plural = _("branding of mails")
        constraints = [models.CheckConstraint(name="notifications_branding_is_one_row", condition=models.Q(id=THE_ONE))]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Self:
        """The one row, or the defaults while nobody changed anything."""
        return cls.objects.filter(pk=THE_ONE).first() or cls()

    @property
    def accent_in_the_dark(self) -> str:
        """The accent, light enough to be read on a dark mail."""
        return lightened(self.accent, until_readable_on=ON_DARK)
