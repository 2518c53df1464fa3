"""Who may do what with reviews: one pure question each."""

from django.db.models import Count, Exists, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy

from catalog.models import Catalog
from catalog.permissions import can_manage_packages
from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from .lifecycle import CampaignStatus
from .models import Campaign, PanelMember, Review, ReviewItem


def can_define(user: User, review: Review) -> bool:
    """Whoever manages packages in the catalog that it is about, whoever owns the resource, and administrators.

    Reviews of a person, and those that an event starts, reach across catalogs: administrators only.
    """
    if is_administrator(user):
        return True
    if not user.is_active:
        return False
    if catalog := catalog_of(review):
        return can_manage_packages(user, catalog)
    resource = review.resource or (review.resource_role.resource if review.resource_role else None)
    return resource is not None and type(resource).objects.owned_by(user).filter(pk=resource.pk).exists()


STEERED_BY = gettext_lazy("Only those who may define the review steer its campaigns.")


def can_steer(user: User, campaign: Campaign) -> bool:
    """Who may extend, stop, reset, remind and apply: whoever may define its review."""
    return can_define(user, campaign.review)


def can_see_results(user: User, campaign: Campaign) -> bool:
    """Whoever may steer it, and those who read everything."""
    return can_read_everything(user) or can_steer(user, campaign)


def sees_campaigns(user: User) -> bool:
    """Who looks over campaigns: whoever sees a review, and those who read everything."""
    return can_read_everything(user) or Review.objects.visible_to(user).exists()


def can_decide(user: User, item: ReviewItem) -> bool:
    """Whoever sits in its panel, while its stage is open; but nobody on their own access unless people review
    themselves in this stage (architecture: nobody decides for themselves, administrators included).
    """
    campaign = item.campaign
    if not user.is_active or campaign.status != CampaignStatus.IN_PROGRESS or item.stage != campaign.stage:
        return False
    if item.person_id == user.pk and not campaign.stages.get(position=campaign.stage).is_self_review:
        return False
    return item.panel.members.filter(person=user, left_at=None).exists()


def reviews_at_all(user: User) -> bool:
    """Whether this person is, or ever was, a reviewer; known with whoever is signed in."""
    known: bool | None = getattr(user, "has_seats", None)
    return PanelMember.objects.filter(person=user).exists() if known is None else known


def open_reviews(user: User) -> int:
    """In how many campaigns items are open that this person is asked about; known with whoever is signed in."""
    known: int | None = getattr(user, "open_reviews", None)
    if known is None:
        waiting = PanelMember.objects.filter(person=user).waiting()
        known = waiting.aggregate(found=Count("panel__campaign", distinct=True))["found"]
    return known or 0


def has_seats() -> Exists:
    """Whether a person of the enclosing statement ever reviewed: known as `has_seats` where it is asked for."""
    return Exists(PanelMember.objects.filter(person=OuterRef("pk")))


def number_of_open() -> Coalesce:
    """For how many campaigns a person of the enclosing statement has open items: known as `open_reviews`."""
    waiting = PanelMember.objects.filter(person=OuterRef("pk")).waiting().order_by()
    found = waiting.values("person").annotate(found=Count("panel__campaign", distinct=True)).values("found")
    return Coalesce(Subquery(found, output_field=IntegerField()), 0)


def catalog_of(review: Review) -> Catalog | None:
    """The catalog that it is about; None of resources, and of all that a person has."""
    if review.policy:
        return review.policy.package.catalog
    return review.package.catalog if review.package else review.catalog
