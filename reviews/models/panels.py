"""Panels: who reviews. Items point to a panel, so that a reviewer who leaves is replaced once, not a thousand times."""

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from directory.models import User

from ..querysets import PanelQuerySet, SeatQuerySet
from .campaigns import Campaign


class Panel(models.Model):
    """Those who review the same items of a campaign in one stage; the last answer of any of them counts.

    `key` tells panels of a stage apart: `manager:<id>`, `self:<id>`, `package:<id>` …, `fallback`, `given:<id>` of what
    was handed on to somebody. `only_member` is its one member, so that one statement tells of a set of items whether
    people would be asked about themselves. `open_items` is kept by the actions that answer, reset and move items.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="panels", db_index=False)
    stage = models.PositiveSmallIntegerField(_("stage"))
    key = models.CharField(max_length=60)
    anchor = models.UUIDField(null=True)
    """The id in its key: of the manager, person, package, catalog or resource that it is found by."""
    only_member = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    is_rerouted = models.BooleanField(_("by fallback"), default=False)
    """Nobody whom the stage names could be asked."""
    via = models.CharField(_("asked as"), max_length=120, blank=True)
    """Why these people are asked, in words."""
    total = models.PositiveIntegerField(_("items"), default=0)
    open_items = models.PositiveIntegerField(_("open items"), default=0)

    objects = PanelQuerySet.as_manager()

    class Meta:
        verbose_name = _("panel")
        verbose_name_plural = _("panels")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "stage", "key"], name="reviews_panel_key_once_per_stage"),
        ]
        indexes = [models.Index(fields=["campaign", "stage", "anchor"], name="reviews_panel_anchor")]

    def __str__(self) -> str:
        return self.via or self.key

    def reroute(self, people: Sequence[User], *, via: str) -> None:
        """Write that these people are asked now, for nobody whom the stage names can be."""
        self.only_member = people[0] if len(people) == 1 else None
        self.is_rerouted, self.via = True, via
        self.save(update_fields=["only_member", "is_rerouted", "via"])


class PanelMember(models.Model):
    """Somebody in a panel; `left_at` is set when they no longer are, which keeps who was asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reviewer"), on_delete=models.PROTECT, related_name="panel_seats"
    )
    in_place_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("in place of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    """Whom they stand in for while that one is away."""
    asked_at = models.DateTimeField(_("asked at"))
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("reviewer")
        verbose_name_plural = _("reviewers")
        constraints = [
            models.UniqueConstraint(
                fields=["panel", "person"],
                name="reviews_member_once_per_panel",
                condition=models.Q(left_at=None),
            )
        ]
        indexes = [
            models.Index(fields=["person"], name="reviews_member_asked", condition=models.Q(left_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.person)
