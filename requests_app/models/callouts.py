"""Callouts: one call of one custom extension about one request, to be made, made, and answered."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkRow
from catalog.choices import CalloutMoment, TimeoutMeaning
from catalog.models import CustomExtension

from ..callout_querysets import CalloutQuerySet
from ..lifecycle import CALLOUT_MOVES, CALLOUT_OPEN, CalloutState, check_move
from .access_requests import AccessRequest
from .approvals import Approval


class Callout(WorkRow):
    """One call of an extension: sent as a row of work; where it is waited for, its `state` goes on from there.

    Its id is the `webhook-id` of every attempt, by which whoever is called knows a repetition.
    """

    access_request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="callouts")
    extension = models.ForeignKey(
        CustomExtension, verbose_name=_("custom extension"), on_delete=models.PROTECT, related_name="callouts"
    )
    moment = models.CharField(_("when"), max_length=50, choices=CalloutMoment.choices)
    approval = models.ForeignKey(
        Approval, null=True, blank=True, on_delete=models.CASCADE, related_name="callouts", editable=False
    )
    """The stage of which it is asked who decides."""
    state = models.CharField(_("state"), max_length=20, choices=CalloutState.choices, default=CalloutState.PENDING)
    answer_by = models.DateTimeField(_("to be answered by"), null=True, blank=True)
    """Until when it is waited for; None where it is not."""
    on_timeout = models.CharField(_("without an answer"), max_length=10, choices=TimeoutMeaning.choices)
    is_denial = models.BooleanField(_("denied"), default=False)
    detail = models.TextField(_("what it answered"), blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    """Who answered in its place; None where it did itself."""

    objects = CalloutQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("callout")
        verbose_name_plural = _("callouts")
        indexes: ClassVar[list[Any]] = [
            *WorkRow.Meta.indexes,
            models.Index(
                fields=["answer_by"],
                name="requests_callout_answer_by",
                condition=Q(answer_by__isnull=False, state__in=CALLOUT_OPEN),
            ),
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.CheckConstraint(
                name="requests_callout_answered_at_iff_answered",
                condition=Q(state=CalloutState.ANSWERED, answered_at__isnull=False)
                | (~Q(state=CalloutState.ANSWERED) & Q(answered_at=None)),
            ),
            models.CheckConstraint(
                name="requests_callout_waits_only_with_a_time_limit",
                condition=~Q(state=CalloutState.WAITING) | Q(answer_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.extension)

    @property
    def is_waited_for(self) -> bool:
        """Whether it is still to be answered."""
        return self.answer_by is not None and self.state in CALLOUT_OPEN

    def move_to(self, state: str, *, at: datetime) -> None:
        """Write a new state and what goes with it. Raises IllegalMove."""
        check_move(CALLOUT_MOVES, old=self.state, new=state)
        self.state = state
        self.answered_at = at if state == CalloutState.ANSWERED else None
        self.save(update_fields=["state", "answered_at", "answered_by", "is_denial", "detail"])
