"""A review that is open: Rita and Charlie have a package, and Marco, who manages both, is asked about them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.models import AccessPackage, Policy
from directory.models import User
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.models import Assignment
from reviews.choices import Frequency, ReviewerKind, ReviewScope
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, Panel, Review, ReviewItem
from reviews.terms import Terms
from tests.cast import NOW, Cast, make_cast

DAY = timedelta(days=1)

Opener = Callable[..., Campaign]


@pytest.fixture
def cast(db: None) -> Cast:
    """The cast, where Marco manages Charlie as well."""
    cast = make_cast()
    cast.charlie.manager = cast.marco
    cast.charlie.save(update_fields=["manager"])
    return cast


@pytest.fixture
def package(cast: Cast) -> AccessPackage:
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast: Cast, package: AccessPackage) -> Policy:
    """It approves by itself, and lasts long enough not to get in the way of reviews."""
    return cast.policy(package, approver=None, duration_amount=720)


def give(package: AccessPackage, *people: User, now: datetime = NOW) -> list[Assignment]:
    """Have people have a package that approves by itself, really delivered."""
    for person in people:
        actions.submit(package=package, actor=person, justification="For work", now=now)
    perform_all_due(now=now)
    return list(Assignment.objects.live().filter(package=package, person__in=people).order_by("person__username"))


@pytest.fixture
def held(cast: Cast, package: AccessPackage, policy: Policy) -> list[Assignment]:
    """Charlie and Rita have it."""
    return give(package, cast.charlie, cast.rita)


def make_review(
    subject: Any, *, scope: str = ReviewScope.PACKAGE, by: str = ReviewerKind.MANAGER, **more: Any
) -> Review:
    """A review of this thing by the calendar, of one stage that is open for 14 days."""
    values = {"name": f"Review of {subject}", "frequency": Frequency.ONCE, "starts_on": NOW.date(), "created_at": NOW}
    field = {ReviewScope.ROLE: "resource_role"}.get(ReviewScope(scope), str(scope))
    review = Review.objects.create(scope=scope, **{field: subject}, **{**values, **more})
    review.stages.create(position=1, reviewers=by)
    return review


def open_by_hand(review: Review, assignments: Sequence[Assignment], *reviewers: User, now: datetime = NOW) -> Campaign:
    """An open campaign over these assignments, of one panel, written row by row: for tests of what comes after."""
    ends_at = now + 14 * DAY
    campaign = Campaign.objects.create(
        review=review,
        slot="schedule:0",
        name=review.name,
        terms=Terms.of(review).as_json(),
        status=CampaignStatus.IN_PROGRESS,
        created_at=now,
        starts_at=now,
        ends_at=ends_at,
        total=len(assignments),
    )
    for stage in review.stages.all():
        is_first = stage.position == 1
        campaign.stages.create(
            position=stage.position,
            reviewers=stage.reviewers,
            named={"people": [str(one.pk) for one in reviewers], "groups": []},
            fallback={"people": [], "groups": []},
            duration=stage.duration,
            takes=[str(verdict) for verdict in stage.takes],
            shows_earlier=stage.shows_earlier,
            starts_at=now if is_first else None,
            ends_at=ends_at if is_first else None,
        )
    panel = Panel.objects.create(
        campaign=campaign,
        stage=1,
        key="people",
        only_member=reviewers[0] if len(reviewers) == 1 else None,
        via="named",
        total=len(assignments),
        open_items=len(assignments),
    )
    for reviewer in reviewers:
        panel.members.create(person=reviewer, asked_at=now)
    ReviewItem.objects.bulk_create(
        ReviewItem(
            campaign=campaign,
            panel=panel,
            person=one.person,
            assignment=one,
            person_name=str(one.person),
            what=str(one.package),
            where=str(one.package.catalog),
            under=str(one.policy),
            held_since=one.delivered_at,
            held_until=one.ends_at,
        )
        for one in assignments
    )
    return campaign


@pytest.fixture
def campaign(cast: Cast, package: AccessPackage, held: list[Assignment]) -> Campaign:
    """Open since NOW for 14 days: Marco is asked about Charlie's and Rita's access."""
    return open_by_hand(make_review(package), held, cast.marco)
