"""Reviews: reviewers are asked and reminded while they have open items, and others are told what came of it."""

from datetime import timedelta

import pytest
from django.db import transaction

from audit import journal
from notifications.actions import queue_campaign_reminders, queue_review_questions
from notifications.models import Message, Occasion
from reviews import events
from reviews.choices import ReviewerKind, Verdict
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, CampaignWork, Panel, ReviewItem, WorkKind
from tests.cast import NOW
from tests.reviews.conftest import give, make_review, open_by_hand

from .conftest import post

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None, duration_amount=720)
    return package


@pytest.fixture
def held(cast, package):
    held = give(package, cast.charlie, cast.rita)
    Message.objects.all().delete()
    return held


@pytest.fixture
def campaign(cast, package, held):
    """Marco and Olga are asked until the 16th."""
    review = make_review(package, note="Only what the spring campaign needs.", created_by=cast.ada)
    return open_by_hand(review, held, cast.marco, cast.olga)


def sent(occasion, clock, moment):
    clock.move_to(moment)
    queue_review_questions(now=moment)
    queue_campaign_reminders(now=moment)
    letters = post(moment)
    recent = Message.objects.filter(occasion=occasion, settled_at=moment).exclude(subject="")
    assert {letter.subject for letter in letters} == set(recent.values_list("subject", flat=True))
    return sorted(letters, key=lambda letter: letter.to)


def answer_everything(campaign):
    values = {"is_open": False, "verdict": Verdict.APPROVE, "decided_in": 1, "decided_at": NOW}
    ReviewItem.objects.filter(campaign=campaign).update(**values)
    Panel.objects.filter(campaign=campaign).update(open_items=0)


def test_reviewers_are_asked_once_with_what_is_open_and_until_when(cast, campaign, clock):
    marco, olga = sent(Occasion.REVIEW_ASKED, clock, NOW)
    assert (marco.to, olga.to) == (["marco@example.com"], ["olga@example.com"])
    assert marco.subject == "Please review by 16 Mar 2026: Review of Sales: Standard Access"
    for words in ("2 items", "Charlie, Rita", "Only what the spring campaign needs.", f"/reviews/{campaign.pk}/"):
        assert words in marco.body
    assert not sent(Occasion.REVIEW_ASKED, clock, NOW + DAY)


def test_people_who_review_themselves_are_asked_about_themselves(cast, package, held, clock):
    open_by_hand(make_review(package, by=ReviewerKind.SELF), held, cast.rita)
    [rita] = sent(Occasion.REVIEW_ASKED, clock, NOW)
    assert "whether you still need access that you have (2 items)" in rita.body
    assert "Charlie" not in rita.body


def test_both_reminders_come_when_they_are_due_once_each_and_not_to_those_who_are_done(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    assert not sent(Occasion.REVIEW_HALFTIME, clock, NOW + 6 * DAY)
    half = sent(Occasion.REVIEW_HALFTIME, clock, NOW + 7 * DAY)
    assert [letter.subject for letter in half] == [
        "2 items to review by 16 Mar 2026: Review of Sales: Standard Access"
    ] * 2
    assert not sent(Occasion.REVIEW_HALFTIME, clock, NOW + 8 * DAY)
    last = sent(Occasion.REVIEW_TOMORROW, clock, NOW + 13 * DAY)
    assert [letter.subject for letter in last] == [
        "Ends soon: 2 items to review in Review of Sales: Standard Access"
    ] * 2
    assert not sent(Occasion.REVIEW_TOMORROW, clock, NOW + 13 * DAY + timedelta(hours=1))


def test_whoever_is_done_is_not_reminded(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    answer_everything(campaign)
    assert not sent(Occasion.REVIEW_HALFTIME, clock, NOW + 7 * DAY)


def test_a_reminder_that_was_overtaken_is_not_sent(cast, campaign, clock):
    queue_review_questions(now=NOW)
    answer_everything(campaign)
    assert not post(NOW)
    assert set(Message.objects.values_list("withheld_because", flat=True)) == {"Everything is answered already."}


def test_after_a_downtime_the_later_reminder_is_enough(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    assert len(sent(Occasion.REVIEW_TOMORROW, clock, NOW + 13 * DAY)) == 2


def test_without_mails_nobody_is_told_and_without_reminders_nobody_is_reminded(cast, package, held, clock):
    silent = make_review(package, sends_mails=False)
    open_by_hand(silent, held, cast.marco)
    assert not sent(Occasion.REVIEW_ASKED, clock, NOW)
    Campaign.objects.all().update(status=CampaignStatus.CANCELED)
    patient = make_review(package, reminds=False)
    campaign = open_by_hand(patient, held, cast.olga)
    assert len(sent(Occasion.REVIEW_ASKED, clock, NOW)) == 1
    assert not sent(Occasion.REVIEW_HALFTIME, clock, NOW + 7 * DAY)
    Campaign.objects.filter(pk=campaign.pk).update(reminded_at=NOW + 8 * DAY)
    assert len(sent(Occasion.REVIEW_REMINDED, clock, NOW + 8 * DAY)) == 1, "by hand it is still somebody's wish"


def test_reminding_by_hand_reaches_those_with_open_items_each_time(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    for day in (2, 3):
        Campaign.objects.filter(pk=campaign.pk).update(reminded_at=NOW + day * DAY)
        letters = sent(Occasion.REVIEW_REMINDED, clock, NOW + day * DAY)
        assert [letter.subject for letter in letters] == [
            "Reminder: 2 items to review in Review of Sales: Standard Access"
        ] * 2
    assert not sent(Occasion.REVIEW_REMINDED, clock, NOW + 4 * DAY)


def record(verb, campaign, **details):
    with transaction.atomic():
        journal.record(verb, actor=None, target=campaign, at=NOW, details=details)


def test_whoever_gets_items_handed_on_is_told_each_time(cast, campaign, clock):
    for _time in range(2):
        record(events.ITEM_HANDED_ON, campaign, count=2, reviewer="Olga", why="Hers", asked=[str(cast.olga.pk)])
    letters = post(NOW)
    assert [letter.subject for letter in letters] == [
        "Handed on to you: 2 items to review in Review of Sales: Standard Access"
    ] * 2


def test_a_completed_campaign_is_told_to_whoever_set_it_up_and_whom_it_names(cast, package, held):
    review = make_review(package, created_by=cast.ada)
    review.told_at_end.add(cast.charlie)
    campaign = open_by_hand(review, held, cast.marco)
    record(events.CAMPAIGN_COMPLETED, campaign)
    letters = sorted(post(NOW), key=lambda letter: letter.to)
    assert [letter.to for letter in letters] == [["ada@example.com"], ["charlie@example.com"]]
    assert letters[0].subject == "Completed: Review of Sales: Standard Access"
    assert "everything that it decided is applied" in letters[0].body


def test_administrators_are_alarmed_of_a_campaign_that_does_not_go_on(cast, campaign):
    CampaignWork.objects.create(
        campaign=campaign,
        kind=WorkKind.APPLY,
        status="stuck",
        due_at=NOW,
        created_at=NOW,
        last_error="The disk is full.",
    )
    record(events.CAMPAIGN_WORK_STUCK, campaign, error="The disk is full.")
    [letter] = post(NOW + timedelta(minutes=15))
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Stuck: Review of Sales: Standard Access"
    assert "The disk is full." in letter.body


def test_a_reminder_by_hand_reaches_nobody_who_is_asked_later(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    Campaign.objects.filter(pk=campaign.pk).update(reminded_at=NOW + DAY)
    sent(Occasion.REVIEW_REMINDED, clock, NOW + DAY)
    campaign.panels.get().members.create(person=cast.ada, asked_at=NOW + 2 * DAY)
    [ada] = sent(Occasion.REVIEW_ASKED, clock, NOW + 2 * DAY)
    assert ada.to == ["ada@example.com"]


def test_a_reminder_of_a_moment_that_is_still_to_come_waits_for_it(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    Campaign.objects.filter(pk=campaign.pk).update(reminded_at=NOW + timedelta(seconds=1))
    assert queue_campaign_reminders(now=NOW) == 0
    assert queue_campaign_reminders(now=NOW + timedelta(seconds=1)) == 2
    assert queue_campaign_reminders(now=NOW + timedelta(seconds=2)) == 0


def test_whoever_was_told_that_it_ends_tomorrow_is_told_anew_after_an_extension(cast, campaign, clock):
    sent(Occasion.REVIEW_ASKED, clock, NOW)
    assert len(sent(Occasion.REVIEW_TOMORROW, clock, NOW + 13 * DAY)) == 2
    campaign.stages.update(ends_at=NOW + 20 * DAY)
    assert not sent(Occasion.REVIEW_TOMORROW, clock, NOW + 14 * DAY)
    assert len(sent(Occasion.REVIEW_TOMORROW, clock, NOW + 19 * DAY)) == 2
