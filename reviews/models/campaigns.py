"""Campaigns: the occurrences of reviews, with the terms and stages that they started under."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accessgov.outbox import WorkQuerySet, WorkRow, WorkStatus

from ..choices import ReviewerKind
from ..lifecycle import CAMPAIGN_MOVES, LONGEST_STATUS, RUNNING, CampaignStatus, check_move
from ..querysets import CampaignQuerySet
from ..terms import Terms
from .reviews import Review


class Campaign(models.Model):
    """One occurrence of a review, from freezing its population until everything that it decided is applied.

    `slot` says which occurrence it is: `schedule:<when it was due>`, `hand:<id>`, or `event:<id>` of the event that
    started it; one campaign for each. `digest` is the SHA-256 of its frozen population (`freezing`), which the journal
    has too.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="campaigns")
    slot = models.CharField(max_length=60, editable=False)
    name = models.CharField(_("name"), max_length=160)
    status = models.CharField(
        _("status"), max_length=LONGEST_STATUS, choices=CampaignStatus.choices, default=CampaignStatus.STARTING
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person concerned"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="campaigns_about",
    )
    """Of a review that an event started."""
    terms = models.JSONField(default=dict, editable=False)
    stage = models.PositiveSmallIntegerField(_("stage"), default=1)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("begun"))
    starts_at = models.DateTimeField(_("open since"), null=True, blank=True)
    """When its population was frozen and reviewers could begin."""
    ends_at = models.DateTimeField(_("open until"), null=True, blank=True)
    """When its last stage closes."""
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    total = models.PositiveIntegerField(_("items"), default=0)
    digest = models.CharField(_("digest of the population"), max_length=64, blank=True)
    freshness = models.JSONField(default=dict, editable=False)
    """How old what it knew was when it started: {source in words: ISO 8601 instant or null}."""

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=["review", "slot"], name="reviews_campaign_once_per_occurrence"),
            models.UniqueConstraint(
                fields=["review"],
                name="reviews_campaign_one_running_per_review",
                condition=Q(status__in=RUNNING, person=None),
            ),
            models.UniqueConstraint(
                fields=["review", "person"],
                name="reviews_campaign_one_running_per_person",
                condition=Q(status__in=RUNNING, person__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="reviews_campaign_newest"),
            models.Index(fields=["status", "ends_at"], name="reviews_campaign_open"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> Terms:
        """The terms under which it runs."""
        return Terms.read(self.terms)

    @property
    def is_open(self) -> bool:
        """Whether reviewers answer."""
        return self.status == CampaignStatus.IN_PROGRESS

    def move_to(self, status: str, *, at: datetime) -> None:
        """Write a new status and the time that belongs to it. Raises IllegalMove."""
        check_move(CAMPAIGN_MOVES, old=self.status, new=status)
        self.status = status
        times = {
            CampaignStatus.IN_PROGRESS: "starts_at",
            CampaignStatus.COMPLETING: "closed_at",
            CampaignStatus.CANCELED: "closed_at",
            CampaignStatus.COMPLETED: "completed_at",
        }
        written = ["status"]
        if name := times.get(CampaignStatus(status)):
            setattr(self, name, at)
            written.append(name)
        self.save(update_fields=written)


class CampaignStage(models.Model):
    """One round of a campaign, as the review had it when the campaign started.

    `named` and `fallback` hold who is named: {"people": [ids], "groups": [ids]}; `takes` the answers (`Verdict`) of
    the stage before that are asked about again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField(_("stage"))
    reviewers = models.CharField(_("who reviews"), max_length=16, choices=ReviewerKind.choices)
    named = models.JSONField(default=dict)
    fallback = models.JSONField(default=dict)
    duration = models.DurationField(_("open for"))
    takes = models.JSONField(default=list)
    shows_earlier = models.BooleanField(default=True)
    starts_at = models.DateTimeField(_("opens"), null=True, blank=True)
    ends_at = models.DateTimeField(_("closes"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("stage of a campaign")
        verbose_name_plural = _("stages of a campaign")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="reviews_round_position_once_per_campaign"),
        ]

    def __str__(self) -> str:
        return gettext("stage %(position)d") % {"position": self.position}

    @property
    def is_self_review(self) -> bool:
        """Whether people answer for themselves; otherwise nobody ever does."""
        return self.reviewers == ReviewerKind.SELF


class PopulationPart(models.Model):
    """A committed part of a campaign's frozen population: whoever goes on with the launch begins behind `cursor`.

    `digest` is the SHA-256 over its items in the order of their ids, as `freezing.line_of` writes them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=12)
    """What its items are of: `assignments` or `grants`."""
    cursor = models.UUIDField(null=True)
    """The key of the last assignment, or grant, that it took in; None where it took in all that were left."""
    items = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("part of a population")
        verbose_name_plural = _("parts of a population")
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="reviews_part_number_once_per_campaign")
        ]

    def __str__(self) -> str:
        return str(self.number)


class WorkKind(models.TextChoices):
    """What is done to a campaign in committed steps by a worker."""

    LAUNCH = "launch", _("freezing the population")
    ADVANCE = "advance", _("opening the next stage")
    CLOSE = "close", _("drawing the results")
    APPLY = "apply", _("applying the results")


class CampaignWork(WorkRow):
    """One long piece of work on a campaign, done in batches that are each committed; gone on with after a crash."""

    MAX_ATTEMPTS = 12

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="work")
    kind = models.CharField(_("what is done"), max_length=10, choices=WorkKind.choices)
    done = models.PositiveIntegerField(_("done"), default=0)
    cursor = models.UUIDField(null=True, blank=True, editable=False)

    objects = WorkQuerySet["CampaignWork"].as_manager()

    class Meta(WorkRow.Meta):
        verbose_name = _("work on a campaign")
        verbose_name_plural = _("work on campaigns")
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["due_at"], name="reviews_work_due", condition=Q(status=WorkStatus.PENDING))
        ]
        constraints: ClassVar[list[Any]] = [
            *WorkRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["campaign", "kind"],
                name="reviews_work_one_open_per_campaign_and_kind",
                condition=Q(status__in=(WorkStatus.PENDING, WorkStatus.STUCK)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.get_kind_display()}"
