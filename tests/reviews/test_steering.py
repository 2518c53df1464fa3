"""Steering a campaign: who may, when it is too late, and what comes of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accessgov.outbox import WorkStatus
from audit.models import Event
from provisioning.delivery import perform_all_due
from reviews import events
from reviews.actions import applying, closing, deciding, steering
from reviews.choices import ApplyWhen, Frequency, Result, ReviewerKind, Verdict
from reviews.lifecycle import CampaignStatus, IllegalMove
from reviews.models import CampaignWork, Decision, Panel, PeerCount, WorkKind
from tests.cast import NOW, appoint
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, make_review, open_by_hand

END = NOW + 14 * DAY
ACTS: dict[str, dict[str, Any]] = {
    "extend": {"until": END + DAY},
    "stop": {"why": "Enough"},
    "stop_stage": {"why": "Enough"},
    "reset": {"why": "Wrong people"},
    "cancel": {"why": "Wrong people"},
    "remind": {},
    "apply_results": {},
    "restart": {},
}
TOLD = {
    "extend": events.CAMPAIGN_EXTENDED,
    "stop": events.CAMPAIGN_STOPPED,
    "stop_stage": events.CAMPAIGN_STAGE_STOPPED,
    "reset": events.CAMPAIGN_RESET,
    "cancel": events.CAMPAIGN_CANCELED,
    "remind": events.CAMPAIGN_REMINDED,
}


def act(name, campaign, actor, **more):
    return getattr(steering, name)(campaign=campaign, actor=actor, now=NOW + DAY, **{**ACTS[name], **more})


@pytest.mark.parametrize("name", ACTS)
def test_reviewers_and_those_who_are_reviewed_do_not_steer(cast, campaign, name):
    for person in (cast.marco, cast.rita):
        with pytest.raises(PermissionDenied):
            act(name, campaign, person)


@pytest.mark.parametrize("name", TOLD)
def test_whoever_looks_after_the_catalog_steers_and_the_journal_says_so(cast, campaign, name):
    appoint(cast.catalog, cast.olga)
    act(name, campaign, cast.olga)
    assert Event.objects.get(verb=TOLD[name]).actor == cast.olga


@pytest.mark.parametrize("name", TOLD)
def test_nothing_of_a_campaign_that_closed_is_steered_any_more(cast, campaign, name):
    closing.close_all_due(now=END)
    with pytest.raises(IllegalMove):
        act(name, campaign, cast.ada)


@pytest.mark.parametrize("name", [name for name in ACTS if "why" in ACTS[name]])
def test_whoever_ends_something_says_why(cast, campaign, name):
    with pytest.raises(ValidationError) as refused:
        act(name, campaign, cast.ada, why=" ")
    assert list(refused.value.message_dict) == ["why"]


# --- Extending --------------------------------------------------------------------------------------------------------


def test_extended_it_is_open_for_longer(cast, campaign):
    act("extend", campaign, cast.ada)
    closing.close_all_due(now=END)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.ends_at) == (CampaignStatus.IN_PROGRESS, END + DAY)
    assert campaign.stages.get().ends_at == END + DAY


@pytest.mark.parametrize("until", [NOW - DAY, END, END - timedelta(seconds=1)])
def test_it_is_not_extended_to_a_moment_that_is_no_later(cast, campaign, until):
    with pytest.raises(ValidationError) as refused:
        act("extend", campaign, cast.ada, until=until)
    assert list(refused.value.message_dict) == ["until"]


def test_it_is_not_extended_into_the_next_campaign(cast, package, held):
    review = make_review(package, frequency=Frequency.MONTHLY, next_at=NOW + 28 * DAY)
    campaign = open_by_hand(review, held, cast.marco)
    with pytest.raises(ValidationError):
        act("extend", campaign, cast.ada, until=NOW + 29 * DAY)
    act("extend", campaign, cast.ada, until=NOW + 28 * DAY)


def test_extending_a_stage_moves_the_end_of_all_and_counts_the_stages_to_come(cast, package, held):
    review = make_review(package, next_at=NOW + 28 * DAY)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, duration=7 * DAY)
    campaign = open_by_hand(review, held, cast.marco)
    with pytest.raises(ValidationError):
        act("extend", campaign, cast.ada, until=NOW + 22 * DAY)
    assert act("extend", campaign, cast.ada, until=NOW + 20 * DAY).ends_at == NOW + 27 * DAY


# --- Stopping, ending a stage, canceling ------------------------------------------------------------------------------


def test_stopped_it_closes_at_once_and_what_was_answered_is_applied(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    act("stop", campaign, cast.ada)
    closing.close_all_due(now=NOW + DAY)
    applying.apply_all_due(now=NOW + DAY)
    perform_all_due(now=NOW + DAY)
    assert members_of("Sales EMEA") == {"rita"}
    with pytest.raises(IllegalMove):
        act("stop", campaign, cast.ada)


def test_a_stage_that_is_ended_early_opens_the_next_one(cast, package, held):
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, duration=7 * DAY)
    campaign = open_by_hand(review, held, cast.marco)
    act("stop_stage", campaign, cast.ada)
    with pytest.raises(IllegalMove):
        act("stop_stage", campaign, cast.ada)
    closing.close_all_due(now=NOW + DAY)
    campaign.refresh_from_db()
    assert (campaign.stage, campaign.ends_at) == (2, NOW + 8 * DAY)


def test_stopped_while_its_next_stage_is_being_opened_it_closes_all_the_same(cast, package, held):
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER)
    campaign = open_by_hand(review, held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    act("stop_stage", campaign, cast.ada)
    act("stop", campaign, cast.ada)
    closing.close_all_due(now=NOW + DAY)
    assert CampaignWork.objects.get(kind=WorkKind.ADVANCE).status == WorkStatus.SUPERSEDED
    assert campaign.items.get(person=cast.charlie).result == Result.REMOVE


def test_canceled_it_has_no_result_at_all(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    act("cancel", campaign, cast.ada)
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.CANCELED
    assert set(campaign.items.values_list("result", flat=True)) == {Result.UNDECIDED}
    assert members_of("Sales EMEA") == {"charlie", "rita"}
    with pytest.raises(IllegalMove):
        answer(campaign, charlie=Verdict.APPROVE)


# --- Resetting, reminding ---------------------------------------------------------------------------------------------


def test_reset_nothing_is_answered_and_everything_that_was_stays_in_the_history(cast, campaign):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    act("reset", campaign, cast.ada)
    assert set(campaign.items.values_list("verdict", "is_open", "decided_by")) == {(Verdict.NOT_REVIEWED, True, None)}
    panel = Panel.objects.get(campaign=campaign)
    assert (panel.total, panel.open_items) == (2, 2)
    assert Decision.objects.filter(item__campaign=campaign).count() == 2
    answer(campaign, charlie=Verdict.APPROVE)


def test_reset_in_a_later_stage_the_answers_of_the_earlier_one_stand_again(cast, package, held):
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, duration=7 * DAY)
    campaign = open_by_hand(review, held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    answer(campaign, charlie=Verdict.APPROVE, rita=Verdict.APPROVE, now=END)
    steering.reset(campaign=campaign, why="Anew", actor=cast.ada, now=END + DAY)
    facts = campaign.items.values_list("person__username", "verdict", "decided_in", "decided_by", "reason", "is_open")
    assert set(facts) == {
        ("charlie", Verdict.DENY, 1, cast.marco.pk, "Known", True),
        ("rita", Verdict.NOT_REVIEWED, None, None, "", True),
    }
    panel = Panel.objects.get(campaign=campaign, stage=2)
    assert (panel.total, panel.open_items) == (2, 2)


def test_what_was_taken_back_in_an_earlier_stage_does_not_come_back(cast, package, held):
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, duration=7 * DAY)
    campaign = open_by_hand(review, held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    act("reset", campaign, cast.ada)
    closing.close_all_due(now=END)
    answer(campaign, charlie=Verdict.APPROVE, now=END)
    steering.reset(campaign=campaign, why="Anew", actor=cast.ada, now=END + DAY)
    assert campaign.items.get(person=cast.charlie).verdict == Verdict.NOT_REVIEWED


def test_canceled_while_it_is_starting_its_counts_are_forgotten(cast, campaign):
    PeerCount.objects.create(campaign=campaign, what=campaign.pk, alike=campaign.pk, people=2)
    act("cancel", campaign, cast.ada)
    assert not PeerCount.objects.exists()


def test_where_answers_were_applied_at_once_they_are_not_taken_back(cast, package, held):
    campaign = open_by_hand(make_review(package, applies=ApplyWhen.AT_ONCE), held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    with pytest.raises(IllegalMove):
        act("reset", campaign, cast.ada)


def test_nobody_is_reminded_where_everything_is_answered(cast, campaign):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    with pytest.raises(IllegalMove):
        act("remind", campaign, cast.ada)


# --- Applying by hand, going on ---------------------------------------------------------------------------------------


def test_results_are_applied_by_hand_once(cast, package, held):
    campaign = open_by_hand(make_review(package, applies=ApplyWhen.BY_HAND), held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    with pytest.raises(IllegalMove):
        act("apply_results", campaign, cast.ada)
    closing.close_all_due(now=END)
    steering.apply_results(campaign=campaign, actor=cast.ada, now=END)
    with pytest.raises(IllegalMove):
        steering.apply_results(campaign=campaign, actor=cast.ada, now=END)
    applying.apply_all_due(now=END)
    perform_all_due(now=END)
    assert members_of("Sales EMEA") == {"rita"}
    assert Event.objects.get(verb=events.CAMPAIGN_APPLYING).actor == cast.ada


def test_what_got_stuck_goes_on_where_it_stopped(cast, campaign, monkeypatch):
    answer(campaign, charlie=Verdict.DENY)
    monkeypatch.setattr(CampaignWork, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(closing, "what_goes", lambda terms: 1 / 0)
    closing.close_all_due(now=END)
    assert CampaignWork.objects.get().status == WorkStatus.STUCK
    assert "ZeroDivisionError" in Event.objects.get(verb=events.CAMPAIGN_WORK_STUCK).details["error"]

    monkeypatch.undo()
    assert steering.restart(campaign=campaign, actor=cast.ada, now=END) == 1
    assert steering.restart(campaign=campaign, actor=cast.ada, now=END) == 0
    closing.close_all_due(now=END)
    assert campaign.items.get(person=cast.charlie).result == Result.REMOVE


def test_whoever_steers_never_decides_on_themselves(cast, campaign):
    appoint(cast.catalog, cast.charlie)
    act("extend", campaign, cast.charlie)
    with pytest.raises(PermissionDenied):
        deciding.decide(
            items=[campaign.items.get(person=cast.charlie)], verdict=Verdict.APPROVE, actor=cast.charlie, now=NOW
        )
