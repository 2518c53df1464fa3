"""Starting: by the calendar, each occurrence once, and by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from audit.models import Event
from reviews.actions import closing, launching, starting
from reviews.choices import Frequency, ReviewScope, Trigger
from reviews.lifecycle import IllegalMove
from reviews.models import Campaign, CampaignWork, Review
from tests.cast import NOW, appoint

from .conftest import DAY, make_review

pytestmark = pytest.mark.django_db


def at(month, day, hour=6):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def weekly(package, policy):
    """Every Monday at six, from NOW's day on."""
    review = make_review(package, frequency=Frequency.WEEKLY, starts_on=NOW.date())
    starting.schedule(review, NOW - DAY)
    return review


def end(campaign=None):
    """Whatever runs is over."""
    Campaign.objects.filter(status__in=("starting", "inProgress")).update(status="completed", completed_at=NOW)


def test_an_occurrence_starts_when_its_time_has_come(weekly):
    assert weekly.next_at == at(3, 2)
    assert starting.start_due(at(3, 2, 5)) == 0
    assert starting.start_due(NOW) == 1
    campaign = Campaign.objects.get()
    assert (campaign.slot, campaign.started_by, campaign.status) == ("schedule:2026-03-02T06:00Z", None, "starting")
    weekly.refresh_from_db()
    assert (weekly.next_at, weekly.started) == (at(3, 9), 1)
    assert CampaignWork.objects.get().kind == "launch"
    assert Event.objects.get(verb="campaign.started").details["slot"] == campaign.slot


@pytest.mark.parametrize("scope", [ReviewScope.PACKAGE, ReviewScope.POLICY])
def test_what_happens_to_a_campaign_is_found_by_its_package(package, policy, held, scope):
    review = make_review(package if scope == ReviewScope.PACKAGE else policy, scope=scope, frequency=Frequency.WEEKLY)
    starting.schedule(review, NOW - DAY)
    starting.start_due(at(3, 9))
    launching.launch_all_due(now=at(3, 9))
    closing.move_on_due(now=at(3, 30))
    closing.close_all_due(now=at(3, 30))
    told = Event.objects.filter(package_id=package.pk, package_label=str(package)).values_list("verb", flat=True)
    assert {"review.occurrence_skipped", "campaign.started", "campaign.opened", "campaign.closed"} <= set(told)


def test_terms_and_stages_are_copied_as_they_are(cast, weekly):
    stage = weekly.stages.get()
    stage.fallback_people.add(cast.olga)
    weekly.stages.create(position=2, reviewers="packageOwner", takes_approved=False)
    starting.start_due(NOW)
    Review.objects.update(note="Changed afterwards")
    campaign = Campaign.objects.get()
    assert (campaign.rules.scope, campaign.rules.note) == ("package", "")
    first, second = campaign.stages.all()
    assert (first.reviewers, first.fallback) == ("manager", {"people": [str(cast.olga.pk)], "groups": []})
    assert second.takes == ["deny", "dontKnow", "notReviewed"]


def test_two_schedulers_start_one_campaign(weekly):
    """Promise R11; `test_races` has them at the same moment."""
    assert [starting.start_due(NOW), starting.start_due(NOW)] == [1, 0]
    Review.objects.update(next_at=at(3, 2))  # as the other one read it
    end()
    assert starting.start_due(NOW) == 0
    assert Campaign.objects.count() == 1


def test_of_missed_occurrences_only_the_latest_is_made_up_for(weekly):
    """Promise R12."""
    assert starting.start_due(at(3, 24)) == 1
    assert Campaign.objects.get().slot == "schedule:2026-03-23T06:00Z"
    skipped = Event.objects.filter(verb="review.occurrence_skipped").order_by("pk")
    assert [event.details["planned"][:10] for event in skipped] == ["2026-03-02", "2026-03-09", "2026-03-16"]
    assert all("made up for" in event.details["why"] for event in skipped)
    weekly.refresh_from_db()
    assert weekly.next_at == at(3, 30)


def skipped() -> list[tuple[str, str]]:
    """The days on which nothing started, and why."""
    told = Event.objects.filter(verb="review.occurrence_skipped").order_by("pk").values_list("details", flat=True)
    return [(details["planned"][:10], details["why"]) for details in told]


def test_a_week_s_review_starts_every_week_though_each_is_open_to_the_next_one_s_hour(weekly, held):
    """A stage ends seven days after it opened, which is a moment after the next occurrence is due."""
    weekly.stages.update(duration=7 * DAY)
    moment = at(3, 2)
    for number in range(4):
        slot = at(3, 2) + number * 7 * DAY
        for minute in range(10):
            moment = slot + timedelta(minutes=minute)
            closing.move_on_due(now=moment)
            starting.start_due(moment)
            launching.launch_all_due(now=moment + timedelta(seconds=5))
    days = [campaign.slot[9:19] for campaign in Campaign.objects.order_by("created_at")]
    assert days == ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"]
    assert skipped() == []
    weekly.refresh_from_db()
    assert weekly.next_at == at(3, 30)


def test_an_occurrence_while_the_one_before_still_runs_waits_for_its_end(weekly):
    starting.start_due(NOW)
    assert [starting.start_due(at(3, 9, 7)), starting.start_due(at(3, 10))] == [0, 0]
    weekly.refresh_from_db()
    assert (weekly.next_at, skipped()) == (at(3, 9), [])
    end()
    assert [starting.start_due(at(3, 11)), starting.start_due(at(3, 11))] == [1, 0]
    weekly.refresh_from_db()
    assert (weekly.next_at, weekly.started) == (at(3, 16), 2)


def test_one_that_waited_until_the_next_was_due_as_well_is_left_out_once(weekly):
    starting.start_due(NOW)
    for day in (9, 12, 16, 17):
        assert starting.start_due(at(3, day, 7)) == 0
    assert skipped() == [("2026-03-09", "the campaign before it is still running")]
    end()
    assert starting.start_due(at(3, 18)) == 1
    assert Campaign.objects.filter(slot="schedule:2026-03-16T06:00Z").exists()
    assert len(skipped()) == 1


def test_what_was_started_by_hand_shortly_before_takes_nothing_from_the_calendar(cast, package, policy):
    review = make_review(package, frequency=Frequency.ANNUALLY)
    starting.schedule(review, NOW - DAY)
    starting.start_review(review=review, actor=cast.ada, now=NOW - DAY)
    assert starting.start_due(NOW) == 0
    end()
    assert starting.start_due(NOW + 13 * DAY) == 1
    assert Campaign.objects.filter(slot="schedule:2026-03-02T06:00Z").exists()


def test_an_occurrence_goes_on_waiting_when_the_review_is_changed(weekly):
    starting.start_due(NOW)
    starting.start_due(at(3, 9))
    weekly.refresh_from_db()
    starting.schedule(weekly, at(3, 11))
    assert weekly.next_at == at(3, 9)


def test_reviews_that_wait_hold_up_no_other(weekly, package, monkeypatch):
    monkeypatch.setattr(starting, "AT_A_TIME", 1)
    starting.start_due(NOW)
    other = make_review(package, name="Another", starts_on=date(2026, 3, 10))
    starting.schedule(other, NOW)
    assert starting.start_due(at(3, 10)) == 1
    assert Campaign.objects.filter(review=other).exists()


def test_one_that_comes_once_is_not_scheduled_again(package, policy):
    review = make_review(package)
    starting.schedule(review, NOW - DAY)
    starting.start_due(NOW)
    review.refresh_from_db()
    assert review.next_at is None


def test_it_ends_on_a_date(package, policy):
    review = make_review(package, frequency=Frequency.WEEKLY, ends_on=date(2026, 3, 9))
    starting.schedule(review, NOW - DAY)
    assert starting.start_due(at(3, 2)) == 1
    end()
    assert starting.start_due(at(3, 9)) == 1
    review.refresh_from_db()
    assert review.next_at is None


def test_it_ends_after_so_many(package, policy):
    review = make_review(package, frequency=Frequency.MONTHLY, occurrences=2)
    starting.schedule(review, NOW - DAY)
    starting.start_due(at(3, 2))
    end()
    assert starting.start_due(at(4, 2)) == 1
    review.refresh_from_db()
    assert review.next_at is None


def test_a_disabled_review_starts_nothing(weekly):
    Review.objects.update(is_enabled=False)
    assert starting.start_due(NOW) == 0
    assert not Campaign.objects.exists()


def test_todays_occurrence_starts_though_its_hour_is_over(package, policy):
    review = make_review(package)
    starting.schedule(review, NOW)
    assert review.next_at == at(3, 2)
    assert starting.start_due(NOW) == 1
    starting.schedule(review, NOW)
    assert review.next_at is None, "it was started already"


def test_what_an_event_starts_is_not_scheduled(cast):
    review = Review.objects.create(
        name="Movers of this test", scope=ReviewScope.CONCERNED, trigger=Trigger.CONFLICT, created_at=NOW
    )
    starting.schedule(review, NOW)
    assert review.next_at is None
    with pytest.raises(IllegalMove):
        starting.start_review(review=review, actor=cast.ada, now=NOW)


def test_one_review_that_cannot_be_started_holds_up_no_other(weekly, package, monkeypatch):
    other = make_review(package, name="Another")
    starting.schedule(other, NOW - DAY)
    really = starting.begin

    def fails_for_weekly(**facts):
        if facts["review"].pk == weekly.pk:
            raise RuntimeError("broken")
        return really(**facts)

    monkeypatch.setattr(starting, "begin", fails_for_weekly)
    assert starting.start_due(NOW) == 1
    assert Campaign.objects.get().review == other
    weekly.refresh_from_db()
    assert weekly.next_at == at(3, 2), "it is tried again"


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_started_by_hand_it_leaves_the_calendar_alone(cast, weekly):
    campaign = starting.start_review(review=weekly, actor=cast.ada, now=NOW - DAY)
    assert campaign.started_by == cast.ada
    weekly.refresh_from_db()
    assert weekly.next_at == at(3, 2)
    assert Event.objects.get(verb="campaign.started").actor == cast.ada


def test_it_is_not_started_by_hand_while_one_runs(cast, weekly):
    starting.start_due(NOW)
    with pytest.raises(starting.StillRunning, match="still running"):
        starting.start_review(review=weekly, actor=cast.ada, now=NOW)
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(("name", "may"), [("ada", True), ("olga", True), ("marco", False), ("charlie", False)])
def test_who_may_start_a_review_by_hand(cast, weekly, name, may):
    appoint(cast.catalog, cast.olga)
    actor = getattr(cast, name)
    if may:
        starting.start_review(review=weekly, actor=actor, now=NOW)
    else:
        with pytest.raises(PermissionDenied):
            starting.start_review(review=weekly, actor=actor, now=NOW)
    assert Campaign.objects.exists() == may


# --- Really at once ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_schedulers_at_the_same_moment_start_and_freeze_it_once(cast, weekly, held):
    """Promises R11 and R13: four threads on a barrier, each with a connection of its own."""
    from threading import Barrier, Thread

    barrier = Barrier(4)

    def schedule_and_launch():
        barrier.wait(30)
        try:
            starting.start_due(NOW + timedelta(minutes=1))
            launching.launch_all_due(now=NOW + timedelta(minutes=1))
        finally:
            connection.close()

    threads = [Thread(target=schedule_and_launch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    launching.launch_all_due(now=NOW + timedelta(hours=1))
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.total, campaign.items.count()) == ("inProgress", 2, 2)
    assert Event.objects.filter(verb="campaign.started").count() == 1
    assert Event.objects.filter(verb="campaign.opened").count() == 1
