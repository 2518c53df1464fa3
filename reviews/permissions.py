"""Who may do what with reviews: one pure question each."""

from catalog.models import Catalog
from catalog.permissions import can_manage_packages
from directory.models import User
from directory.permissions import can_read_everything, is_administrator

from .lifecycle import CampaignStatus
from .models import Campaign, Review, ReviewItem


def can_define(user: User, review: Review) -> bool:
    """Whoever manages packages in the catalog that it is about, whoever owns the resource, and administrators.

    Reviews of a person, and those that an event starts, reach across catalogs: administrators only.
    """
    if is_administrator(user):
        return True
    if not user.is_active:
        return False
    if catalog := _catalog_of(review):
        return can_manage_packages(user, catalog)
    resource = review.resource or (review.resource_role.resource if review.resource_role else None)
    return resource is not None and type(resource).objects.owned_by(user).filter(pk=resource.pk).exists()


def can_steer(user: User, campaign: Campaign) -> bool:
    """Who may extend, stop, reset, remind and apply: whoever may define its review."""
    return can_define(user, campaign.review)


def can_see_results(user: User, campaign: Campaign) -> bool:
    """Whoever may steer it, and those who read everything."""
    return can_read_everything(user) or can_steer(user, campaign)


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


def _catalog_of(review: Review) -> Catalog | None:
    if review.policy:
        return review.policy.package.catalog
    return review.package.catalog if review.package else review.catalog
