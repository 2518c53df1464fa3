"""Delegations: who decides in somebody's place while they are away."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import Catalog

from ..querysets import DelegationQuerySet


class Delegation(models.Model):
    """While somebody is away, another person may decide what they are asked; they themselves still may, too.

    It covers what the person is asked from its start on, and with `takes_waiting` also what waits for them by then.
    It does not chain: whoever stands in hands on nothing of it by a delegation of their own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delegator = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who is away"), on_delete=models.PROTECT, related_name="delegations"
    )
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who decides meanwhile"),
        on_delete=models.PROTECT,
        related_name="delegations_received",
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    is_for_all_catalogs = models.BooleanField(_("for all catalogs"), default=True)
    catalogs = models.ManyToManyField(Catalog, verbose_name=_("catalogs"), related_name="delegations", blank=True)
    takes_waiting = models.BooleanField(_("also what is waiting when it begins"), default=False)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("set by"), on_delete=models.PROTECT, related_name="delegations_set"
    )
    set_at = models.DateTimeField(_("set at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    """When it was over, by its time or before; None while it holds or is still to come."""

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ("-starts_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="requests_delegation_to_somebody_else",
                condition=~Q(delegator=F("delegate")),
                violation_error_message=_("Somebody else must be chosen."),
            ),
            models.CheckConstraint(
                name="requests_delegation_ends_after_it_starts",
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("That is over before it begins."),
            ),
        ]
        indexes = [
            models.Index(fields=["delegator", "starts_at", "id"], name="requests_delegation_of_person"),
            models.Index(fields=["delegate"], name="requests_delegation_to", condition=Q(ended_at=None)),
            models.Index(fields=["starts_at", "id"], name="requests_delegation_newest"),
            models.Index(fields=["ends_at"], name="requests_delegation_ending", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return gettext("%(delegate)s for %(delegator)s") % {"delegate": self.delegate, "delegator": self.delegator}

    def holds_at(self, moment: datetime) -> bool:
        """Whether the delegate may decide at this moment."""
        has_begun = self.ended_at is None and self.starts_at <= moment
        return has_begun and (self.ends_at is None or self.ends_at > moment)
