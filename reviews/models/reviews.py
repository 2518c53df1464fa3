"""Reviews: definitions of what is looked at again, how often and by whom; each occurrence is a campaign."""

from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from catalog.models import AccessPackage, Catalog, Policy, Resource, ResourceRole
from directory.models import Group

from ..choices import (
    ApplyWhen,
    DeniedGuests,
    Frequency,
    NoResponse,
    ReasonNeeded,
    ReviewerKind,
    ReviewScope,
    Trigger,
    Verdict,
)
from ..querysets import ReviewQuerySet

NAMED_BY = {
    ReviewScope.POLICY: "policy",
    ReviewScope.PACKAGE: "package",
    ReviewScope.CATALOG: "catalog",
    ReviewScope.RESOURCE: "resource",
    ReviewScope.ROLE: "resource_role",
    ReviewScope.PERSON: "person",
}
"""Which field names what a scope looks at."""
LONGEST_NOTE = 256
MOST_STAGES = 3


def _names_what_its_scope_needs() -> Q:
    fields = set(NAMED_BY.values())

    def only(filled: str) -> Q:
        return Q(**{f"{field}__isnull": field != filled for field in fields})

    named = [Q(scope=scope) & only(field) for scope, field in NAMED_BY.items()]
    return reduce(or_, named, Q(scope=ReviewScope.CONCERNED) & only(""))


class Review(models.Model):
    """One definition: what is reviewed, when, by whom, and what comes of the answers.

    `next_at` is when its next campaign starts, None where none is to come; `started` counts those that did. Editing it
    changes the campaigns to come only: each keeps a copy of the terms under which it started.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)

    scope = models.CharField(_("what is reviewed"), max_length=12, choices=ReviewScope.choices)
    policy = models.ForeignKey(
        Policy, verbose_name=_("policy"), null=True, blank=True, on_delete=models.CASCADE, related_name="reviews"
    )
    package = models.ForeignKey(
        AccessPackage,
        verbose_name=_("access package"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="reviews",
    )
    catalog = models.ForeignKey(
        Catalog, verbose_name=_("catalog"), null=True, blank=True, on_delete=models.PROTECT, related_name="reviews"
    )
    resource = models.ForeignKey(
        Resource, verbose_name=_("resource"), null=True, blank=True, on_delete=models.PROTECT, related_name="reviews"
    )
    resource_role = models.ForeignKey(
        ResourceRole, verbose_name=_("role"), null=True, blank=True, on_delete=models.PROTECT, related_name="reviews"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="reviews_of",
    )
    is_for_guests = models.BooleanField(_("guests only"), default=False)
    is_for_privileged = models.BooleanField(_("privileged access only"), default=False)
    inactive_days = models.PositiveSmallIntegerField(
        _("only what was not used for so many days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text=_("Whoever is newer than that is left out."),
    )
    includes_adopted = models.BooleanField(
        _("also what no package gives"),
        default=False,
        help_text=_("Access that was there before AccessGov: of a catalog, on the resources in it."),
    )

    trigger = models.CharField(_("started by"), max_length=16, choices=Trigger.choices, default=Trigger.SCHEDULE)
    dormant_days = models.PositiveSmallIntegerField(
        _("dormant after so many days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(7), MaxValueValidator(730)],
    )
    frequency = models.CharField(_("how often"), max_length=14, choices=Frequency.choices, default=Frequency.ONCE)
    interval = models.PositiveSmallIntegerField(
        _("every so many"), default=1, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    start_time = models.TimeField(_("at"), default=time(6, 0))
    ends_on = models.DateField(_("last start until"), null=True, blank=True)
    occurrences = models.PositiveSmallIntegerField(
        _("ends after so many"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    started = models.PositiveIntegerField(default=0, editable=False)
    next_at = models.DateTimeField(_("next start"), null=True, blank=True, editable=False)

    if_no_response = models.CharField(
        _("where nobody answers"), max_length=30, choices=NoResponse.choices, default=NoResponse.KEEP
    )
    applies = models.CharField(_("applied"), max_length=10, choices=ApplyWhen.choices, default=ApplyWhen.AT_CLOSE)
    reason_needed = models.CharField(
        _("reviewers say why"), max_length=12, choices=ReasonNeeded.choices, default=ReasonNeeded.ON_DENIAL
    )
    shows_recommendations = models.BooleanField(_("recommendations are shown"), default=True)
    recommends_after = models.PositiveSmallIntegerField(
        _("days without use that count as unused"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )
    sends_mails = models.BooleanField(_("reviewers are told by mail"), default=True)
    reminds = models.BooleanField(_("reviewers are reminded"), default=True)
    note = models.CharField(_("note to reviewers"), max_length=LONGEST_NOTE, blank=True)
    denied_guests = models.CharField(
        _("guests who are denied"), max_length=16, choices=DeniedGuests.choices, default=DeniedGuests.REMOVE
    )
    told_at_end = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("who is told of the results"), related_name="+", blank=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("created at"), editable=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(
                name="reviews_review_names_what_its_scope_needs", condition=_names_what_its_scope_needs()
            ),
            models.CheckConstraint(
                name="reviews_review_by_the_calendar_has_a_start",
                condition=~Q(trigger=Trigger.SCHEDULE) | Q(starts_on__isnull=False),
            ),
            models.CheckConstraint(
                name="reviews_review_by_an_event_is_of_the_person_concerned",
                condition=Q(trigger=Trigger.SCHEDULE) & ~Q(scope=ReviewScope.CONCERNED)
                | ~Q(trigger=Trigger.SCHEDULE) & Q(scope=ReviewScope.CONCERNED),
            ),
            models.UniqueConstraint(
                fields=["policy"], name="reviews_review_one_per_policy", condition=Q(policy__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="reviews_review_due", condition=Q(is_enabled=True))]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> models.Model | None:
        """What it looks at; None of reviews that an event starts."""
        field = NAMED_BY.get(ReviewScope(self.scope))
        found: models.Model | None = getattr(self, field) if field else None
        return found

    @property
    def package_concerned(self) -> AccessPackage | None:
        """The package that it is about, itself or by one of its policies; None of anything else."""
        return self.policy.package if self.policy else self.package

    @property
    def takes_in_everybody(self) -> bool:
        """Whether it goes on by the calendar, and leaves out nobody of what it is about."""
        is_limited = self.is_for_guests or self.is_for_privileged or self.inactive_days is not None
        return self.is_enabled and self.next_at is not None and not is_limited

    def schedule(self, next_at: datetime | None) -> None:
        """Write when its next campaign starts."""
        self.next_at = next_at
        self.save(update_fields=["next_at"])


class ReviewStage(models.Model):
    """One round of a review, by its own reviewers; what moves on to the next is its own choice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    reviewers = models.CharField(
        _("who reviews"), max_length=16, choices=ReviewerKind.choices, default=ReviewerKind.MANAGER
    )
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("named people"), related_name="+", blank=True
    )
    groups = models.ManyToManyField(Group, verbose_name=_("named groups"), related_name="+", blank=True)
    fallback_people = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("where nobody is found: people"),
        related_name="+",
        blank=True,
        help_text=_("Left empty: the package's owner, else the catalog's owners, else administrators."),
    )
    fallback_groups = models.ManyToManyField(
        Group, verbose_name=_("where nobody is found: groups"), related_name="+", blank=True
    )
    duration = models.DurationField(
        _("open for"),
        default=timedelta(days=14),
        validators=[
            MinValueValidator(timedelta(hours=1), message=_("Give at least an hour.")),
            MaxValueValidator(timedelta(days=365), message=_("Give at most 365 days.")),
        ],
    )
    takes_approved = models.BooleanField(_("takes on what was approved"), default=True)
    takes_denied = models.BooleanField(_("takes on what was denied"), default=True)
    takes_unknown = models.BooleanField(_("takes on what nobody knew"), default=True)
    takes_unreviewed = models.BooleanField(_("takes on what was not reviewed"), default=True)
    shows_earlier = models.BooleanField(_("shows earlier answers"), default=True)

    class Meta:
        verbose_name = _("stage of a review")
        verbose_name_plural = _("stages of a review")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["review", "position"], name="reviews_stage_position_once_per_review"),
            models.CheckConstraint(
                name="reviews_stage_one_to_three",
                condition=Q(position__gte=1, position__lte=MOST_STAGES),
                violation_error_message=_("A review has three stages at most."),
            ),
            models.CheckConstraint(
                name="reviews_stage_takes_something_on",
                condition=Q(position=1)
                | Q(takes_approved=True)
                | Q(takes_denied=True)
                | Q(takes_unknown=True)
                | Q(takes_unreviewed=True),
                violation_error_message=_("A later stage that takes nothing on has nothing to review."),
            ),
        ]

    def __str__(self) -> str:
        return _("stage %(position)d") % {"position": self.position}

    @property
    def takes(self) -> list[Verdict]:
        """Which answers of the stage before it are asked about again."""
        chosen = {
            Verdict.APPROVE: self.takes_approved,
            Verdict.DENY: self.takes_denied,
            Verdict.DONT_KNOW: self.takes_unknown,
            Verdict.NOT_REVIEWED: self.takes_unreviewed,
        }
        return [verdict for verdict, is_taken in chosen.items() if is_taken]
