"""Review items: the access that a campaign asks about, frozen as it was, and everything that was answered on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant
from requests_app.lifecycle import LIVE
from requests_app.models import Assignment

from ..choices import Recommendation, Result, Verdict
from ..lifecycle import APPLY_MOVES, ApplyState, check_move
from ..querysets import ItemQuerySet
from .campaigns import Campaign
from .panels import Panel


class ReviewItem(models.Model):
    """One person's access that is asked about: an assignment, or a grant that they hold.

    What was known when the campaign started is kept in words (`person_name` … `conflicts_with`) and never written
    again; `freezing` has a digest over it. `decided_in` is the stage of the last answer: an answer of an earlier stage
    stands until a later one overwrites it. It is open while its stage has no answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="items", db_index=False)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="items", db_index=False)
    stage = models.PositiveSmallIntegerField(_("stage"), default=1)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.PROTECT, related_name="review_items"
    )
    assignment = models.ForeignKey(
        Assignment, null=True, on_delete=models.PROTECT, related_name="review_items", db_index=False
    )
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="review_items", db_index=False)

    person_name = models.CharField(_("person"), max_length=200)
    department = models.CharField(_("department"), max_length=120, blank=True)
    job_title = models.CharField(_("job title"), max_length=120, blank=True)
    manager_name = models.CharField(_("manager"), max_length=200, blank=True)
    is_guest = models.BooleanField(_("guest"), default=False)
    what = models.CharField(_("access"), max_length=330)
    """The package, or the role of the resource."""
    where = models.CharField(_("in"), max_length=200, blank=True)
    """The catalog, or the target system."""
    under = models.CharField(_("policy"), max_length=120, blank=True)
    is_privileged = models.BooleanField(_("privileged"), default=False)
    is_adopted = models.BooleanField(_("was there before"), default=False)
    held_since = models.DateTimeField(_("since"), null=True)
    held_until = models.DateTimeField(_("until"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    peers = models.PositiveIntegerField(_("people like them"), default=0)
    peers_with = models.PositiveIntegerField(_("of whom have it"), default=0)
    covered_by = models.CharField(_("also given by"), max_length=120, blank=True)
    conflicts_with = models.CharField(_("incompatible with"), max_length=120, blank=True)
    recommendation = models.CharField(
        _("recommendation"), max_length=16, choices=Recommendation.choices, default=Recommendation.NONE
    )

    is_open = models.BooleanField(_("open"), default=True)
    verdict = models.CharField(_("answer"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_REVIEWED)
    decided_in = models.PositiveSmallIntegerField(null=True)
    decided_at = models.DateTimeField(_("answered at"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.TextField(_("why"), blank=True)

    result = models.CharField(_("result"), max_length=8, choices=Result.choices, default=Result.UNDECIDED, blank=True)
    state = models.CharField(_("applied"), max_length=12, choices=ApplyState.choices, default=ApplyState.NEW)
    applied_at = models.DateTimeField(_("applied at"), null=True)
    problem = models.TextField(_("what stands in the way"), blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("review item")
        verbose_name_plural = _("review items")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "campaign"],
                name="reviews_item_once_per_assignment",
                condition=Q(assignment__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["grant", "campaign"], name="reviews_item_once_per_grant", condition=Q(grant__isnull=False)
            ),
            models.CheckConstraint(
                name="reviews_item_is_an_assignment_or_a_grant",
                condition=Q(assignment__isnull=False, grant=None) | Q(assignment=None, grant__isnull=False),
            ),
            models.CheckConstraint(
                name="reviews_item_answered_iff_somebody_did",
                condition=Q(verdict=Verdict.NOT_REVIEWED, decided_at=None, decided_in=None, decided_by=None)
                | ~Q(verdict=Verdict.NOT_REVIEWED) & Q(decided_at__isnull=False, decided_in__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["panel", "is_open", "id"], name="reviews_item_asked"),
            models.Index(fields=["campaign", "state", "id"], name="reviews_item_applying"),
        ]

    def __str__(self) -> str:
        return f"{self.person_name}: {self.what}"

    @property
    def has_ended(self) -> bool:
        """Whether this access ended since it was frozen; a statement, unless it was read `with_access`."""
        if self.assignment:
            return self.assignment.status not in LIVE
        return self.grant is None or self.grant.status in (GrantStatus.REMOVAL_PENDING, GrantStatus.REMOVED)

    @classmethod
    def conclude_all(cls, rows: ItemQuerySet, *, goes: Q) -> int:
        """Write the results of those of a set of items that were not applied yet, by one statement; returns how many.

        What `goes` holds of is to be removed; the rest stays, and nothing is to be done about it.
        """
        result = Case(When(goes, then=Value(Result.REMOVE.value)), default=Value(Result.KEEP.value))
        state = Case(When(goes, then=Value(ApplyState.NEW.value)), default=Value(ApplyState.NOT_NEEDED.value))
        return rows.filter(state=ApplyState.NEW).update(result=result, state=state)

    @classmethod
    def move_all(cls, items: "Sequence[ReviewItem]", *, state: str, at: datetime, **also: Any) -> None:
        """Write how far applying came for locked items, by one statement. Raises IllegalMove before anything is."""
        for item in items:
            check_move(APPLY_MOVES, old=item.state, new=state)
        values: dict[str, Any] = {"state": state, "applied_at": at, "problem": "", **also}
        cls.objects.filter(pk__in=[item.pk for item in items]).update(**values)
        for item in items:
            for name, value in values.items():
                setattr(item, name, value)

    @classmethod
    def fail_all(cls, items: "Sequence[ReviewItem]", *, problems: Mapping[UUID, str], at: datetime) -> None:
        """Keep why locked items could not be applied yet. Raises IllegalMove before anything is written."""
        for item in items:
            if item.state != ApplyState.FAILED:
                check_move(APPLY_MOVES, old=item.state, new=ApplyState.FAILED)
        for item in items:
            item.state, item.applied_at, item.problem = ApplyState.FAILED, at, problems[item.pk]
        cls._default_manager.bulk_update(items, ["state", "applied_at", "problem"])


class Decision(models.Model):
    """One answer, as it was given: what counts is with the item, what came before it stays here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="decisions")
    stage = models.PositiveSmallIntegerField(_("stage"))
    verdict = models.CharField(_("answer"), max_length=12, choices=Verdict.choices)
    reason = models.TextField(_("why"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="review_decisions"
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
    decided_at = models.DateTimeField(_("at"))
    is_bulk = models.BooleanField(_("together with others"), default=False)
    follows_recommendation = models.BooleanField(_("by accepting recommendations"), default=False)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("-decided_at", "-id")
        indexes = [models.Index(fields=["decided_by", "decided_at"], name="reviews_decision_pace")]

    def __str__(self) -> str:
        return self.get_verdict_display()

    @property
    def decider(self) -> str:
        """Who answered, also where that was in somebody's place: “Olga for Marco”."""
        if self.in_place_of is None:
            return str(self.decided_by)
        return gettext("%(delegate)s for %(delegator)s") % {"delegate": self.decided_by, "delegator": self.in_place_of}
