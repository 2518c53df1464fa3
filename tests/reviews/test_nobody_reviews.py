"""A review without possible reviewers is refused with the reason, where that can be known."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from directory.models import User
from reviews import reach, recurrence, wording
from reviews.actions import defining, starting
from reviews.actions.rules import Stage
from reviews.choices import Frequency, ReviewerKind, ReviewScope
from reviews.models import Campaign, Review, ReviewStage
from tests.cast import NOW, Cast

from .conftest import DAY, make_review

REASON = "Nobody could answer: whom it names is not there"


def without_anybody(cast: Cast) -> None:
    """No administrator is enabled, the package's owner and the manager left, and nobody owns the catalog."""
    User.objects.filter(pk__in=(cast.marco.pk, cast.olga.pk, cast.ada.pk)).update(is_active=False)


def define(review: Review, **named: Any) -> Review:
    stage = Stage(ReviewStage(position=1, reviewers=named.pop("by", ReviewerKind.MANAGER)), **named)
    return defining.save_review(review=review, stages=[stage], actor=None, now=NOW)


def of_package(package: Any) -> Review:
    return Review(name="Sales", scope=ReviewScope.PACKAGE, package=package, starts_on=NOW.date())


def test_it_is_not_set_up(cast: Cast, package, held) -> None:
    without_anybody(cast)
    with pytest.raises(ValidationError) as refused:
        define(of_package(package))
    [said] = refused.value.message_dict["stages"]
    assert said.startswith(REASON)
    assert not Review.objects.filter(package=package).exists()


@pytest.mark.parametrize("there", ["a fallback", "the manager", "the package's owner", "an administrator", "nothing"])
def test_with_anybody_at_all_it_is(cast: Cast, package, policy, held, there: str) -> None:
    without_anybody(cast)
    back = {"the manager": cast.marco, "the package's owner": cast.olga, "an administrator": cast.ada}
    User.objects.filter(pk__in=[back[there].pk] if there in back else []).update(is_active=True)
    if there == "nothing":
        type(held[0]).objects.update(status="ended", ended_at=NOW)
    define(of_package(package), fallback_people=[cast.charlie] if there == "a fallback" else [])
    assert Review.objects.filter(package=package).exists()


def test_people_review_themselves_without_anybody_else(cast: Cast, package, held) -> None:
    without_anybody(cast)
    define(of_package(package), by=ReviewerKind.SELF)


def test_a_review_of_one_person_by_that_person_alone_is_refused(cast: Cast) -> None:
    review = Review(name="Rita", scope=ReviewScope.PERSON, person=cast.rita, starts_on=NOW.date())
    with pytest.raises(ValidationError, match="nobody answers on their own access"):
        define(review, by=ReviewerKind.PEOPLE, people=[cast.rita])
    define(review, by=ReviewerKind.PEOPLE, people=[cast.rita, cast.olga])


def test_it_is_not_started_by_hand_when_everybody_has_left(cast: Cast, package, held) -> None:
    review = make_review(package)
    without_anybody(cast)
    cast.ada.refresh_from_db()
    cast.ada.is_superuser = cast.ada.is_active = True  # as whoever was signed in a moment before
    with pytest.raises(starting.NobodyReviews, match=REASON):
        starting.start_review(review=review, actor=cast.ada, now=NOW)
    assert not Campaign.objects.exists()


def test_by_the_calendar_it_waits_for_somebody_and_says_so(cast: Cast, package, held) -> None:
    """Silence would decide on everybody's access, who may all lose it by that."""
    review = make_review(package, frequency=Frequency.QUARTERLY)
    review.schedule(recurrence.occurrence(review, 0))
    without_anybody(cast)
    assert starting.start_due(NOW + DAY) == 0
    review.refresh_from_db()
    assert "it starts when there is somebody who could answer" in wording.waiting_in_words(review, now=NOW + DAY)
    User.objects.filter(pk=cast.olga.pk).update(is_active=True)
    assert starting.start_due(NOW + DAY) == 1


def test_asking_costs_one_statement_where_there_is_an_administrator(
    cast: Cast, package, held, django_assert_num_queries
) -> None:
    review = make_review(package)
    with django_assert_num_queries(1):
        assert reach.is_reviewable(review, now=NOW)
