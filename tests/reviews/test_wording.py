"""Reviews in plain words: when, what, who and what comes of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Policy
from catalog.wording import policy_in_words, prefetched
from directory.models import Group
from reviews import reach, wording
from reviews.choices import ApplyWhen, DeniedGuests, Frequency, NoResponse, ReviewerKind, ReviewScope, Trigger
from reviews.models import Review
from reviews.recurrence import occurrence
from tests.cast import NOW

from .conftest import DAY, make_review

FIRST = date(2027, 1, 1)


@pytest.fixture
def review(package: Any) -> Review:
    return make_review(package, frequency=Frequency.SEMI_ANNUALLY, starts_on=FIRST, next_at=NOW + 300 * DAY)


def test_a_review_is_one_sentence(review) -> None:
    assert wording.sentence(review) == (
        "Every six months from 1 Jan 2027, access to Sales: Standard Access is reviewed by each person's manager "
        "within 14 days; what nobody answers stays."
    )


@pytest.mark.parametrize(
    ("frequency", "interval", "said"),
    [
        (Frequency.WEEKLY, 1, "every week"),
        (Frequency.WEEKLY, 2, "every 2 weeks"),
        (Frequency.MONTHLY, 1, "every month"),
        (Frequency.MONTHLY, 5, "every 5 months"),
        (Frequency.QUARTERLY, 1, "every quarter"),
        (Frequency.QUARTERLY, 2, "every six months"),
        (Frequency.ANNUALLY, 1, "every year"),
        (Frequency.SEMI_ANNUALLY, 4, "every 2 years"),
    ],
)
def test_how_often_is_said_as_people_say_it(frequency, interval, said) -> None:
    assert wording.frequency_in_words(Review(frequency=frequency, interval=interval)) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"frequency": Frequency.ONCE}, "once, on 1 Jan 2027"),
        ({"frequency": Frequency.MONTHLY, "ends_on": date(2028, 1, 1)}, "every month from 1 Jan 2027 until 1 Jan 2028"),
        ({"frequency": Frequency.MONTHLY, "occurrences": 3}, "every month from 1 Jan 2027, 3 times"),
        ({"trigger": Trigger.MANAGER_CHANGED}, "when somebody has a new manager"),
        ({"trigger": Trigger.DORMANT, "dormant_days": 90}, "when somebody has used nothing for 90 days"),
    ],
)
def test_when_it_starts_is_said(facts, said) -> None:
    assert wording.when_in_words(Review(starts_on=FIRST, **facts)) == said


def test_what_is_looked_at_is_said_with_its_limits(cast, package, policy) -> None:
    def what(scope: str, **facts: Any) -> str:
        return wording.what_in_words(Review(scope=scope, **facts))

    assert what(ReviewScope.POLICY, policy=policy) == "access to Sales: Standard Access under “Everybody”"
    assert what(ReviewScope.CATALOG, catalog=cast.catalog) == "access to all packages of Sales"
    assert what(ReviewScope.PERSON, person=cast.rita) == "all access of Rita"
    limits = {"is_for_guests": True, "is_for_privileged": True, "inactive_days": 30}
    assert what(ReviewScope.PACKAGE, package=package, **limits) == (
        "access to Sales: Standard Access (only guests, what is privileged and what was not used for 30 days)"
    )


def test_stages_are_said_one_after_the_other_with_whom_they_name(cast, review) -> None:
    second = review.stages.create(position=2, reviewers=ReviewerKind.PEOPLE, duration=timedelta(days=3))
    second.people.add(cast.olga)
    second.groups.add(Group.objects.create(name="Auditors"))
    second.fallback_people.add(cast.ada)
    assert "by each person's manager within 14 days, then by Olga or a member of Auditors within 3 days (else Ada)" in (
        wording.sentence(review)
    )


def test_what_comes_of_it_is_said_where_it_is_not_as_usual(review) -> None:
    review.if_no_response, review.applies = NoResponse.REMOVE, ApplyWhen.AT_ONCE
    review.denied_guests, review.is_enabled = DeniedGuests.BLOCK, False
    said = wording.sentence(review)
    for part in ("what nobody answers is removed", "removed at once", "guests are blocked", "disabled."):
        assert part in said


def test_doing_nothing_can_take_everybody_s_access_and_whoever_sets_that_up_is_warned(review) -> None:
    """Reference, section 10.3: no response = remove may wipe a whole membership."""
    assert wording.warnings(review) == []
    review.if_no_response = NoResponse.REMOVE
    assert "everybody loses this access" in wording.warnings(review)[0]


def test_the_next_starts_are_foretold(review) -> None:
    review.next_at = occurrence(review, 1)
    days = [moment.date() for moment in wording.next_starts(review, now=NOW, most=2)]
    assert days == [date(2027, 7, 1), date(2028, 1, 1)]
    review.is_enabled = False
    assert wording.next_starts(review, now=NOW) == []


def test_what_is_due_is_no_start_to_come_but_waits(review) -> None:
    review.next_at = occurrence(review, 0)
    later = review.next_at + DAY
    assert wording.next_starts(review, now=later, most=1) == [occurrence(review, 1)]
    assert (
        wording.waiting_in_words(review, now=later) == "One is due since Fri 1 Jan 2027, 06:00: it starts in a moment."
    )
    review.campaigns.create(slot="1", name="Autumn", status="inProgress", created_at=NOW)
    assert "it starts when “Autumn” has closed" in wording.waiting_in_words(review, now=later)
    assert wording.waiting_in_words(review, now=review.next_at - DAY) == ""
    review.is_enabled = False
    assert wording.waiting_in_words(review, now=later) == ""


def test_a_policy_says_how_its_access_is_reviewed(cast, policy, review) -> None:
    """The catalog does not know reviews: they add their clause to its sentence."""
    assert "reviewed every six months by the manager" in policy_in_words(policy)
    review.is_enabled = False
    review.save(update_fields=["is_enabled"])
    assert "reviewed" not in policy_in_words(Policy.objects.get(pk=policy.pk))


def test_a_review_of_some_does_not_promise_a_review_to_all(policy, review) -> None:
    review.is_for_guests = True
    review.save(update_fields=["is_for_guests"])
    assert "reviewed" not in policy_in_words(policy)
    assert wording.told_to_holders([policy]) == {}


def test_many_policies_are_said_at_the_price_of_one(cast, package, policy, review) -> None:
    def price() -> int:
        with CaptureQueriesContext(
            connection,
        ) as statements:
            for one in Policy.objects.complete().prefetch_related("people", "groups", "organisations", *prefetched()):
                policy_in_words(one)
        return len(statements)

    cast.policy(package, name="Decided by the manager")
    one = price()
    for number in range(5):
        cast.policy(package, name=f"Policy {number}")
    assert price() == one


def test_whoever_asks_for_a_package_reads_that_it_is_reviewed(cast, package, policy, review, client) -> None:
    client.force_login(cast.rita)
    assert "Reviewed every six months by the manager." in client.get(f"/packages/{package.pk}/").content.decode()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (ReviewerKind.MANAGER, "2 items of 2 people, put to 1 reviewer."),
        (ReviewerKind.SELF, "2 items of 2 people, put to 2 reviewers."),
        (ReviewerKind.PACKAGE_OWNER, "2 items of 2 people, put to 1 reviewer."),
        (ReviewerKind.CATALOG_OWNERS, "nobody whom its first stage names is there"),
        (ReviewerKind.RESOURCE_OWNERS, "put to 1 reviewer."),
        (ReviewerKind.SPONSORS, "put to 1 reviewer."),
        (ReviewerKind.PEOPLE, "put to 2 reviewers."),
    ],
)
def test_whom_it_would_reach_now_is_counted(cast, package, held, kind, said) -> None:
    cast.rita.sponsors.add(cast.olga)
    package.package_roles.get().resource_role.resource.owners.add(cast.marco)
    review = make_review(package, by=kind)
    review.stages.get().people.add(cast.olga, cast.ada)
    assert said in reach.in_words(reach.reach_of(review, now=NOW + DAY))


def test_nobody_waits_for_very_many_to_be_counted(package, held, monkeypatch, django_assert_num_queries) -> None:
    monkeypatch.setattr(reach, "MOST_COUNTED", 1)
    review = make_review(package)
    with django_assert_num_queries(2):
        found = reach.reach_of(review, now=NOW + DAY)
    assert reach.in_words(found).startswith("More than 1 items")


def test_of_a_catalog_with_what_no_package_gives_each_person_counts_once(cast, package, held) -> None:
    review = make_review(cast.catalog, scope=ReviewScope.CATALOG, includes_adopted=True)
    assert "2 items of 2 people" in reach.in_words(reach.reach_of(review, now=NOW + DAY))


def test_what_reaches_nobody_and_what_an_event_starts_is_said(cast, package) -> None:
    assert "Nothing at present" in reach.in_words(reach.reach_of(make_review(package), now=NOW))
    movers = Review(trigger=Trigger.MANAGER_CHANGED)
    assert "one person" in reach.in_words(reach.reach_of(movers, now=NOW))
