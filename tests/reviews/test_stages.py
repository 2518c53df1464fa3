"""Several stages: what moves on, to whom, and whose answer counts."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from audit.models import Event
from provisioning.delivery import perform_all_due
from reviews import events
from reviews.actions import applying, closing
from reviews.choices import Result, ReviewerKind, Verdict
from reviews.lifecycle import CampaignStatus, IllegalMove
from reviews.models import Panel
from tests.cast import NOW
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, make_review, open_by_hand

END = NOW + 14 * DAY


@pytest.fixture
def review(package):
    """First by the manager, then by the package's owner, for a week."""
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.PACKAGE_OWNER, duration=7 * DAY)
    return review


def begin(review, held, cast, **takes):
    review.stages.filter(position=2).update(**takes)
    return open_by_hand(review, held, cast.marco)


def item_of(campaign, username):
    return campaign.items.select_related("panel").get(person__username=username)


def test_items_move_on_to_those_whom_the_next_stage_names(cast, review, held):
    campaign = begin(review, held, cast)
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.stage, campaign.ends_at) == (CampaignStatus.IN_PROGRESS, 2, END + 7 * DAY)
    second = campaign.stages.get(position=2)
    assert (second.starts_at, second.ends_at) == (END, END + 7 * DAY)
    assert [member.person for member in Panel.objects.get(stage=2).members.all()] == [cast.olga]
    assert {item.stage for item in campaign.items.all()} == {2}
    assert Event.objects.get(verb=events.CAMPAIGN_STAGE_OPENED).details["position"] == 2


def test_the_panels_of_the_next_stage_count_what_moved_on(cast, review, held):
    campaign = begin(review, held, cast, takes_approved=False)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    panel = Panel.objects.get(campaign=campaign, stage=2)
    assert (panel.total, panel.open_items) == (1, 1)


@pytest.mark.parametrize(
    ("verdict", "switch"),
    [
        (Verdict.APPROVE, "takes_approved"),
        (Verdict.DENY, "takes_denied"),
        (Verdict.DONT_KNOW, "takes_unknown"),
        (None, "takes_unreviewed"),
    ],
)
def test_a_stage_takes_on_what_it_says_and_nothing_else(cast, review, held, verdict, switch):
    switches = ("takes_approved", "takes_denied", "takes_unknown", "takes_unreviewed")
    campaign = begin(review, held, cast, **{name: name == switch for name in switches})
    if verdict:
        answer(campaign, charlie=verdict)
    answer(campaign, rita=Verdict.DENY if verdict == Verdict.APPROVE else Verdict.APPROVE)
    closing.close_all_due(now=END)
    assert (item_of(campaign, "charlie").stage, item_of(campaign, "rita").stage) == (2, 1)


def test_what_does_not_move_on_keeps_its_answer_to_the_end(cast, review, held):
    campaign = begin(review, held, cast, takes_approved=False)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    with pytest.raises(PermissionDenied):
        answer(campaign, rita=Verdict.DENY, now=END + DAY)
    closing.close_all_due(now=END + 7 * DAY)
    assert item_of(campaign, "rita").result == Result.KEEP


def test_the_earlier_answer_stands_until_it_is_overwritten(cast, review, held):
    campaign = begin(review, held, cast)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.DENY)
    closing.close_all_due(now=END)
    item = item_of(campaign, "charlie")
    assert (item.verdict, item.is_open, item.decided_in) == (Verdict.DENY, True, 1)
    answer(campaign, charlie=Verdict.APPROVE, now=END + DAY)
    closing.close_all_due(now=END + 7 * DAY)
    assert item_of(campaign, "charlie").result == Result.KEEP
    assert item_of(campaign, "rita").result == Result.REMOVE


def test_a_later_stage_begins_only_when_the_one_before_is_over_even_if_everything_is_answered(cast, review, held):
    campaign = begin(review, held, cast)
    answer(campaign, charlie=Verdict.APPROVE, rita=Verdict.APPROVE)
    closing.close_all_due(now=END - timedelta(seconds=1))
    campaign.refresh_from_db()
    assert campaign.stage == 1


def test_a_stage_that_would_take_nothing_on_is_passed_over(cast, review, held):
    campaign = begin(review, held, cast, takes_approved=False, takes_unreviewed=False)
    answer(campaign, charlie=Verdict.APPROVE, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.COMPLETED
    passed = campaign.stages.get(position=2)
    assert (passed.starts_at, passed.closed_at) == (None, END)


def test_a_third_stage_looks_at_what_the_one_before_it_left(cast, review, held):
    review.stages.create(position=3, reviewers=ReviewerKind.MANAGER, takes_denied=False, takes_unreviewed=False)
    campaign = begin(review, held, cast, takes_approved=False, takes_unreviewed=False)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    answer(campaign, charlie=Verdict.APPROVE, now=END + DAY)
    closing.close_all_due(now=END + 7 * DAY)
    campaign.refresh_from_db()
    assert campaign.stage == 3
    assert (item_of(campaign, "charlie").stage, item_of(campaign, "rita").stage) == (3, 1)


def test_nobody_answers_between_two_stages(cast, review, held):
    campaign = begin(review, held, cast)
    closing.move_on_due(now=END)
    with pytest.raises(IllegalMove):
        answer(campaign, charlie=Verdict.DENY, now=END)


def test_items_move_on_in_batches_each_of_which_goes_on_where_the_last_one_ended(cast, review, held, monkeypatch):
    monkeypatch.setattr(closing, "BATCH", 1)
    campaign = begin(review, held, cast)
    closing.close_all_due(now=END)
    panel = Panel.objects.get(campaign=campaign, stage=2)
    assert (panel.total, panel.items.count()) == (2, 2)


def test_multi_stage_works_for_packages_to_the_end(cast, review, held):
    campaign = begin(review, held, cast)
    answer(campaign, charlie=Verdict.APPROVE, rita=Verdict.APPROVE)
    closing.close_all_due(now=END)
    answer(campaign, charlie=Verdict.DENY, now=END + DAY)
    over = END + 7 * DAY
    closing.close_all_due(now=over)
    applying.apply_all_due(now=over)
    perform_all_due(now=over)
    assert members_of("Sales EMEA") == {"rita"}
