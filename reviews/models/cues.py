"""Cues: what happened to a person, after which a review of their access is to begin."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkQuerySet, WorkRow, WorkStatus

from .reviews import Review


class Cue(WorkRow):
    """One campaign to be begun about one person, for what happened to them.

    Left in the transaction in which it happened, and heeded by a worker, so that an import of thousands of movers costs
    one statement a batch.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="cues")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="review_cues"
    )
    event = models.UUIDField(editable=False)
    """The id of what happened; there is one campaign for each."""

    objects = WorkQuerySet["Cue"].as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("review to be begun")
        verbose_name_plural = _("reviews to be begun")
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="reviews_cue_due", condition=Q(status=WorkStatus.PENDING))
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.person}"
