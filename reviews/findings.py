"""What about reviews ought to be looked at: access without an end that nobody reviews, reviews that nobody can do, …

The checks join those of the catalog, and are listed with them.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accessgov.outbox import WorkStatus
from catalog.choices import DurationKind
from catalog.findings.registry import Severity, check
from catalog.models import Policy
from directory.models import Membership

from .choices import ReviewerKind, Trigger
from .models import CampaignWork, Cue, Review, ReviewStage

TO_CATALOG = ("review__policy__package__catalog", "review__package__catalog", "review__catalog")
TO_PACKAGE = ("review__policy__package", "review__package")
NAMES = ("policy__package__catalog", "package__catalog", "catalog", "resource", "resource_role__resource", "person")


@check(
    _("Review that nobody can do"),
    severity=Severity.PROBLEM,
    says=_("“{0.review}”: in {0}, none of those who are named is there to review."),
    to_catalog=TO_CATALOG,
    to_package=TO_PACKAGE,
    mend="review",
)
def review_without_reviewers() -> QuerySet[ReviewStage]:
    """They are asked in vain; whoever is named as fallback, else the owners, would be."""
    people = ReviewStage.people.through.objects.filter(reviewstage=OuterRef("pk"), user__is_active=True)
    members = Membership.objects.filter(group__ancestor_links__ancestor=OuterRef("group_id"), person__is_active=True)
    groups = ReviewStage.groups.through.objects.filter(Exists(members.order_by()), reviewstage=OuterRef("pk"))
    goes_on = Q(review__next_at__isnull=False) | ~Q(review__trigger=Trigger.SCHEDULE)
    named = ReviewStage.objects.filter(goes_on, reviewers=ReviewerKind.PEOPLE, review__is_enabled=True)
    found = named.filter(~Exists(people), ~Exists(groups))
    return found.select_related("review", *(f"review__{name}" for name in NAMES))


@check(
    _("Campaign that does not go on"),
    severity=Severity.PROBLEM,
    says=_("“{0.campaign}” does not go on: {0.last_error}"),
    to_catalog=tuple(f"campaign__{way}" for way in TO_CATALOG),
    to_package=tuple(f"campaign__{way}" for way in TO_PACKAGE),
)
def campaign_stuck() -> QuerySet[CampaignWork]:
    stuck = CampaignWork.objects.filter(status=WorkStatus.STUCK)
    return stuck.select_related(*(f"campaign__review__{name}" for name in NAMES))


@check(
    _("Review of a person that does not begin"),
    severity=Severity.PROBLEM,
    says=_("“{0.review}” of {0.person} does not begin: {0.last_error}"),
    to_catalog=TO_CATALOG,
    to_package="",
)
def cue_stuck() -> QuerySet[Cue]:
    """What happened to somebody was to be followed by a review, and was tried too often in vain."""
    return Cue.objects.stuck().select_related("review", "person")


@check(
    _("Permanent access without review"),
    severity=Severity.WARNING,
    says=_("“{0}” of “{0.package}” gives access without an end, and nobody reviews it."),
)
def permanent_without_review() -> QuerySet[Policy]:
    return _unreviewed().filter(~Exists(_of_policy(Review.objects.enabled()).filter(trigger=Trigger.SCHEDULE)))


@check(
    _("Permanent access whose review is over"),
    severity=Severity.WARNING,
    says=_("“{0}” of “{0.package}” gives access without an end, but its review does not start again, or not for all."),
)
def permanent_and_no_longer_reviewed() -> QuerySet[Policy]:
    return _unreviewed().filter(Exists(_of_policy(Review.objects.enabled()).filter(trigger=Trigger.SCHEDULE)))


def _unreviewed() -> QuerySet[Policy]:
    """Policies that give access without an end, and that no review takes in as a whole, now or later."""
    permanent = Policy.objects.enabled().filter(duration_kind=DurationKind.PERMANENT)
    return permanent.filter(~Exists(_of_policy(Review.objects.taking_in_everybody()))).select_related(
        "package__catalog"
    )


def _of_policy(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Those of these reviews that look at what a policy of the outer statement gives."""
    catalog = Q(catalog=OuterRef("package__catalog"))
    return reviews.filter(Q(policy=OuterRef("pk")) | Q(package=OuterRef("package")) | catalog).order_by()
