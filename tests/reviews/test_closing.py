"""The close of a campaign: when it comes, what it makes of answers and of their absence."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from directory.models import User
from requests_app.models import Assignment
from reviews import events
from reviews.actions import applying, closing
from reviews.choices import ApplyWhen, NoResponse, Recommendation, Result, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import CampaignWork, WorkKind
from reviews.working import carry_all_due
from tests.cast import NOW
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

END = NOW + 14 * DAY


def results(campaign):
    return dict(campaign.items.values_list("person__username", "result"))


def test_a_stage_closes_when_its_time_is_over_and_not_before(campaign):
    assert closing.move_on_due(now=END - timedelta(seconds=1)) == 0
    assert closing.move_on_due(now=END) == 1
    assert closing.move_on_due(now=END) == 0
    campaign.refresh_from_db()
    assert (campaign.status, campaign.closed_at) == (CampaignStatus.COMPLETING, END)
    assert campaign.stages.get().closed_at == END
    assert CampaignWork.objects.get().kind == WorkKind.CLOSE


def test_nothing_is_removed_before_the_campaign_closes(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    applying.apply_all_due(now=END - timedelta(days=1))
    assert members_of("Sales EMEA") == {"charlie", "rita"}
    assert Assignment.objects.live().count() == 2


def test_what_is_approved_stays_and_what_is_denied_goes(campaign):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    assert closing.close_all_due(now=END) == 1
    assert results(campaign) == {"charlie": Result.REMOVE, "rita": Result.KEEP}
    states = dict(campaign.items.values_list("person__username", "state"))
    assert states == {"charlie": ApplyState.NEW, "rita": ApplyState.NOT_NEEDED}
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.APPLYING


def test_what_reviewers_do_not_know_stays_and_is_told(campaign):
    answer(campaign, charlie=Verdict.DONT_KNOW, rita=Verdict.DONT_KNOW)
    closing.close_all_due(now=END)
    assert set(results(campaign).values()) == {Result.KEEP}
    details = Event.objects.get(verb=events.CAMPAIGN_CLOSED).details
    assert details == {"kept": 2, "removed": 0, "unanswered": 0, "unknown": 2}


@pytest.mark.parametrize(
    ("if_no_response", "recommendation", "result"),
    [
        (NoResponse.KEEP, Recommendation.DENY, Result.KEEP),
        (NoResponse.REMOVE, Recommendation.APPROVE, Result.REMOVE),
        (NoResponse.RECOMMENDATION, Recommendation.DENY, Result.REMOVE),
        (NoResponse.RECOMMENDATION, Recommendation.APPROVE, Result.KEEP),
        (NoResponse.RECOMMENDATION, Recommendation.NONE, Result.KEEP),
    ],
)
def test_where_nobody_answers_the_terms_say_what_comes_of_it(
    cast, package, held, if_no_response, recommendation, result
):
    campaign = open_by_hand(make_review(package, if_no_response=if_no_response), held, cast.marco)
    campaign.items.update(recommendation=recommendation)
    closing.close_all_due(now=END)
    assert set(results(campaign).values()) == {result}


def test_the_last_answer_counts(campaign):
    answer(campaign, charlie=Verdict.DENY)
    answer(campaign, charlie=Verdict.APPROVE)
    closing.close_all_due(now=END)
    assert results(campaign)["charlie"] == Result.KEEP


def test_a_campaign_of_which_everything_stays_is_complete_at_its_close(campaign):
    answer(campaign, charlie=Verdict.APPROVE, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.completed_at) == (CampaignStatus.COMPLETED, END)
    assert not Event.objects.filter(verb=events.CAMPAIGN_APPLYING).exists()


def test_what_is_applied_by_hand_waits_for_somebody(cast, package, held):
    campaign = open_by_hand(make_review(package, applies=ApplyWhen.BY_HAND), held, cast.marco)
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DECIDED
    assert members_of("Sales EMEA") == {"charlie", "rita"}


def test_the_close_is_journalled_once_with_its_numbers(campaign):
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    closing.close_all_due(now=END + DAY)
    told = Event.objects.get(verb=events.CAMPAIGN_CLOSED)
    assert told.details == {"kept": 1, "removed": 1, "unanswered": 1, "unknown": 0}
    assert told.correlation_id == campaign.pk


def test_results_are_drawn_in_batches_each_of_which_goes_on_where_the_last_one_ended(campaign, monkeypatch):
    monkeypatch.setattr(closing, "BATCH", 1)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    assert Counter(results(campaign).values()) == {Result.KEEP: 1, Result.REMOVE: 1}
    assert CampaignWork.objects.get(kind=WorkKind.CLOSE).done == 2


def statements(call, **facts):
    with CaptureQueriesContext(connection) as captured:
        call(**facts)
    return len(captured)


def test_closing_and_applying_cost_the_same_for_few_and_for_many(cast):
    costs = []
    for count in (2, 12):
        package = cast.package(f"Package of {count}", cast.role(f"Group of {count}")[1])
        cast.policy(package, approver=None, duration_amount=720)
        people = [User.objects.create(username=f"one-of-{count}-{number}") for number in range(count)]
        campaign = open_by_hand(make_review(package), give(package, *people), cast.marco)
        for person in people:
            answer(campaign, now=NOW, **{person.username: Verdict.DENY})
        closing.move_on_due(now=END)
        close = statements(carry_all_due, kind=WorkKind.CLOSE, now=END)
        apply = statements(carry_all_due, kind=WorkKind.APPLY, now=END)
        assert campaign.items.filter(state=ApplyState.APPLYING).count() == count
        costs.append((close, apply))
    assert costs[0] == costs[1]


def test_a_campaign_that_stumbles_does_not_hold_up_the_others(cast, package, held, policy, monkeypatch):
    broken = open_by_hand(make_review(package), held, cast.marco)
    other = open_by_hand(make_review(cast.package("Other", cast.role("Other")[1])), [], cast.marco)
    right = closing.close_stage

    def stumble(campaign, *, now):
        if campaign.pk == broken.pk:
            raise RuntimeError("broken")
        right(campaign, now=now)

    monkeypatch.setattr(closing, "close_stage", stumble)
    assert closing.move_on_due(now=END) == 1
    other.refresh_from_db()
    assert other.status == CampaignStatus.COMPLETING
