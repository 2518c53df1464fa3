"""How a campaign stands: progress from panels, counts by department, and how carefully reviewers answered."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F

from directory.models import User
from requests_app.models import Assignment
from reviews import results as counting
from reviews.choices import Recommendation, Result, Verdict
from reviews.lifecycle import ApplyState
from reviews.models import Campaign, Decision, ReviewItem
from reviews.quality import MANY, Care, quality
from reviews.results import contradicts, progress, results
from tests.cast import NOW, Cast

from .conftest import give, make_review, open_by_hand

SECOND = timedelta(seconds=1)


def answer(item: ReviewItem, verdict: str, *, by: User, at: Any = NOW, **more: Any) -> None:
    """Write an answer as the action does, without what comes with it."""
    Decision.objects.create(item=item, stage=item.stage, verdict=verdict, decided_by=by, decided_at=at, **more)
    written = {"verdict": verdict, "decided_in": item.stage, "decided_at": at, "decided_by": by}
    if ReviewItem.objects.filter(pk=item.pk, is_open=True).update(is_open=False, **written):
        type(item.panel).objects.filter(pk=item.panel_id).update(open_items=F("open_items") - 1)
    else:
        ReviewItem.objects.filter(pk=item.pk).update(**written)


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def test_progress_counts_the_open_items_of_panels(campaign: Campaign, cast: Cast) -> None:
    answer(item_of(campaign, cast.rita), Verdict.APPROVE, by=cast.marco)

    found = progress(campaign)

    assert (found.total, found.answered, found.open_items, found.percent) == (2, 1, 1, 50)
    assert (found.panels, found.panels_done) == (1, 0)


def test_progress_never_says_that_all_is_done_while_something_is_open() -> None:
    assert counting.Progress(total=1000, open_items=1).percent == 99


def test_progress_takes_one_statement_and_looks_at_no_item(
    campaign: Campaign, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_num_queries(1) as seen:
        progress(campaign)
    assert "reviews_reviewitem" not in seen.captured_queries[0]["sql"]


def test_results_tell_answers_and_what_came_of_them_by_department(campaign: Campaign, cast: Cast) -> None:
    campaign.items.filter(person=cast.rita).update(department="Sales")
    answer(item_of(campaign, cast.rita), Verdict.DENY, by=cast.marco)
    campaign.items.filter(person=cast.rita).update(
        result=Result.REMOVE, state=ApplyState.FAILED, problem="The directory is away."
    )
    campaign.items.filter(person=cast.charlie).update(result=Result.KEEP, state=ApplyState.NOT_NEEDED)

    found = results(campaign, now=NOW)

    assert (found.total.items, found.total.denied, found.total.unanswered) == (2, 1, 1)
    assert (found.total.kept, found.total.removed, found.total.failed) == (1, 1, 1)
    assert [(name, tally.items, tally.denied) for name, tally in found.departments] == [("Sales", 1, 1), ("", 1, 0)]
    assert found.problems == [("The directory is away.", 1)]


def test_answers_against_the_recommendation_are_counted(campaign: Campaign, cast: Cast) -> None:
    campaign.items.update(recommendation=Recommendation.DENY)
    for person in (cast.rita, cast.charlie):
        answer(item_of(campaign, person), Verdict.APPROVE, by=cast.marco)

    assert results(campaign, now=NOW).total.contradicting == 2


@pytest.mark.parametrize(
    ("verdict", "recommendation", "expected"),
    [
        (Verdict.APPROVE, Recommendation.DENY, True),
        (Verdict.DENY, Recommendation.APPROVE, True),
        (Verdict.DENY, Recommendation.DENY, False),
        (Verdict.APPROVE, Recommendation.NONE, False),
        (Verdict.DONT_KNOW, Recommendation.DENY, False),
    ],
)
def test_only_the_opposite_of_a_recommendation_contradicts_it(
    verdict: str, recommendation: str, expected: bool
) -> None:
    assert contradicts(verdict, recommendation) is expected


def test_results_of_a_large_campaign_are_counted_once_a_minute(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    cache.clear()
    monkeypatch.setattr(counting, "LARGE", 1)
    first = results(campaign, now=NOW)

    with django_assert_num_queries(0):
        again = results(campaign, now=NOW + SECOND)

    assert again == first
    assert again.as_of == NOW


def test_the_pace_is_the_median_of_the_time_between_answers(campaign: Campaign, cast: Cast) -> None:
    rita, charlie = item_of(campaign, cast.rita), item_of(campaign, cast.charlie)
    moments = (0, 10, 14, 20)
    for number, after in enumerate(moments):
        answer((rita, charlie)[number % 2], Verdict.APPROVE, by=cast.marco, at=NOW + after * SECOND)

    found = quality(campaign, now=NOW)

    assert found.reviewers[0].reviewer == "Marco"
    assert found.reviewers[0].seconds == 6.0  # of 10, 4 and 6


def test_what_is_answered_together_shares_the_time(campaign: Campaign, cast: Cast) -> None:
    rita, charlie = item_of(campaign, cast.rita), item_of(campaign, cast.charlie)
    answer(rita, Verdict.DENY, by=cast.marco)
    for item in (rita, charlie):
        answer(item, Verdict.APPROVE, by=cast.marco, at=NOW + 5 * SECOND, is_bulk=True)

    care = quality(campaign, now=NOW).reviewers[0]

    assert care.seconds == 2.5
    assert (care.answers, care.in_bulk, care.percent_in_bulk, care.changed, care.standing) == (3, 2, 66, 1, 2)


def test_a_pause_counts_no_longer_than_ten_minutes(campaign: Campaign, cast: Cast) -> None:
    answer(item_of(campaign, cast.rita), Verdict.DENY, by=cast.marco)
    answer(item_of(campaign, cast.charlie), Verdict.DENY, by=cast.marco, at=NOW + timedelta(days=1))

    assert quality(campaign, now=NOW).reviewers[0].seconds == 600


def test_approving_everything_within_a_minute_is_marked() -> None:
    hasty, thorough = Care(), Care()
    for care, apart in ((hasty, 5), (thorough, 30)):
        for number in range(MANY):
            moment = NOW + number * apart * SECOND
            care.saw(moment, answers=1, approvals=1, in_bulk=0, as_recommended=0)

    assert hasty.is_hasty
    assert not thorough.is_hasty


def test_whoever_denies_something_is_not_marked() -> None:
    care = Care()
    care.saw(NOW, answers=MANY, approvals=MANY - 1, in_bulk=MANY, as_recommended=0)
    assert not care.is_hasty


def test_counts_take_the_same_statements_however_many_items_there_are(
    cast: Cast, package: Any, policy: Any, django_assert_num_queries: Any
) -> None:
    people = [User.objects.create(username=f"p{number}", manager=cast.marco) for number in range(12)]
    give(package, *people)
    held = list(Assignment.objects.filter(package=package))
    campaign = open_by_hand(make_review(package), held, cast.marco)
    for item in campaign.items.all():
        answer(item, Verdict.DENY, by=cast.marco)

    with django_assert_num_queries(1):
        results(campaign, now=NOW)
    with django_assert_num_queries(4):
        quality(campaign, now=NOW)
