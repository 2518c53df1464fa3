"""A role that is denied while the package that gives it gives what stays as well: nothing that was approved is lost."""

import pytest

from catalog import actions as catalog_actions
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant
from requests_app import actions as requests
from requests_app.models import Assignment
from reviews.actions import applying, closing, deciding
from reviews.choices import ApplyWhen, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import Panel, ReviewItem
from tests.cast import NOW
from tests.reviews.answers import members_of
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

END = NOW + 14 * DAY
LATER = END + DAY


@pytest.fixture
def both(cast):
    """Charlie has two roles by one package."""
    package = cast.package("Both", cast.role("First")[1], cast.role("Second")[1])
    cast.policy(package, approver=None, duration_amount=720)
    [given] = give(package, cast.charlie)
    return given


def open_over_roles(cast, assignment, **more):
    """A campaign that asks about each role of an assignment by itself."""
    campaign = open_by_hand(make_review(assignment.package, **more), [], cast.marco)
    grants = Grant.objects.filter(reasons__reference=assignment.pk).select_related("resource_role__resource")
    panel = Panel.objects.get(campaign=campaign)
    ReviewItem.objects.bulk_create(
        ReviewItem(
            campaign=campaign, panel=panel, person=cast.charlie, grant=one, person_name="Charlie",
            what=f"Member of {one.resource_role.resource}",
        )
        for one in grants
    )  # fmt: skip
    Panel.objects.filter(pk=panel.pk).update(total=2, open_items=2)
    return campaign


def about(campaign, name):
    return campaign.items.get(what=f"Member of {name}")


def say(campaign, cast, **verdicts):
    for name, verdict in verdicts.items():
        deciding.decide(items=[about(campaign, name)], verdict=verdict, reason="So", actor=cast.marco, now=NOW)


def finish(campaign, *, now=END):
    closing.close_all_due(now=now)
    applying.apply_all_due(now=now)
    perform_all_due(now=now)
    applying.follow(now=now)
    campaign.refresh_from_db()


@pytest.fixture
def torn(cast, both):
    """Of two roles that one package gives, the first was approved and the second denied."""
    campaign = open_over_roles(cast, both)
    say(campaign, cast, First=Verdict.APPROVE, Second=Verdict.DENY)
    finish(campaign)
    return campaign


def test_what_was_approved_is_not_taken_away_by_what_was_denied(torn, both):
    assert members_of("First") == {"charlie"}
    assert Assignment.objects.live().filter(pk=both.pk).exists()
    item = about(torn, "Second")
    assert item.state == ApplyState.FAILED
    assert item.problem == (
        "Both gives it together with Member of First, which stays: change the package or end the assignment by hand."
    )
    assert torn.status == CampaignStatus.APPLYING


def test_it_is_settled_when_somebody_ends_the_assignment_by_hand(cast, torn, both):
    requests.give_back(assignment=both, actor=cast.charlie, now=LATER)
    finish(torn, now=LATER)
    assert (about(torn, "Second").state, about(torn, "Second").problem) == (ApplyState.APPLIED, "")
    assert torn.status == CampaignStatus.COMPLETED


def take_out(cast, package, name, *, now):
    role = package.package_roles.get(resource_role__resource__name=name).resource_role
    catalog_actions.remove_roles(package=package, roles=[role], actor=cast.ada, now=now)
    perform_all_due(now=now)


def test_it_is_settled_when_the_role_is_taken_out_of_the_package(cast, torn, both):
    take_out(cast, both.package, "Second", now=LATER)
    finish(torn, now=LATER)
    assert (members_of("First"), members_of("Second")) == ({"charlie"}, set())
    assert (about(torn, "Second").state, about(torn, "Second").problem) == (ApplyState.APPLIED, "")
    assert torn.status == CampaignStatus.COMPLETED
    assert Assignment.objects.live().filter(pk=both.pk).exists()


def test_a_role_that_is_taken_out_of_its_package_while_it_is_reviewed_was_gone_already(cast, both):
    campaign = open_over_roles(cast, both)
    take_out(cast, both.package, "Second", now=NOW)
    say(campaign, cast, First=Verdict.APPROVE, Second=Verdict.DENY)
    finish(campaign)
    assert about(campaign, "Second").state == ApplyState.NOT_FOUND
    assert members_of("First") == {"charlie"}
    assert campaign.status == CampaignStatus.COMPLETED


def test_a_package_that_lost_a_role_while_it_is_reviewed_goes_with_what_it_gives_by_then(cast, both):
    campaign = open_by_hand(make_review(both.package), [both], cast.marco)
    take_out(cast, both.package, "Second", now=NOW)
    item = campaign.items.get()
    deciding.decide(items=[item], verdict=Verdict.DENY, reason="No", actor=cast.marco, now=NOW)
    finish(campaign)
    item.refresh_from_db()
    assert item.state == ApplyState.APPLIED
    assert members_of("First") == members_of("Second") == set()


def test_looking_again_and_again_neither_gives_up_nor_ends_anything(torn, monkeypatch):
    monkeypatch.setattr("reviews.actions.following.BATCH", 1)
    before = about(torn, "Second").applied_at
    finish(torn, now=LATER)
    assert (about(torn, "Second").state, about(torn, "Second").applied_at) == (ApplyState.FAILED, before)
    assert members_of("First") == members_of("Second") == {"charlie"}


def test_where_both_are_denied_the_assignment_ends(cast, both):
    campaign = open_over_roles(cast, both)
    say(campaign, cast, First=Verdict.DENY, Second=Verdict.DENY)
    finish(campaign)
    assert members_of("First") == members_of("Second") == set()
    assert campaign.status == CampaignStatus.COMPLETED


def test_at_once_a_role_waits_for_the_answer_on_what_goes_with_it(cast, both):
    campaign = open_over_roles(cast, both, applies=ApplyWhen.AT_ONCE)
    say(campaign, cast, Second=Verdict.DENY)
    assert members_of("First") == {"charlie"}
    assert about(campaign, "Second").state == ApplyState.FAILED
    say(campaign, cast, First=Verdict.DENY)
    perform_all_due(now=NOW)
    assert members_of("First") == members_of("Second") == set()
    assert about(campaign, "Second").state == ApplyState.APPLIED


def test_an_assignment_that_was_approved_itself_is_not_ended_for_a_role_of_it(cast, both):
    campaign = open_by_hand(make_review(both.package), [both], cast.marco)
    grant = Grant.objects.get(resource_role__resource__name="Second")
    Grant.objects.filter(pk=grant.pk).update(is_adopted=True, was_present=True)
    panel = Panel.objects.get(campaign=campaign)
    item = ReviewItem.objects.create(
        campaign=campaign, panel=panel, person=cast.charlie, grant=grant, person_name="Charlie", what="Member of Second"
    )
    own = campaign.items.get(assignment=both)
    Panel.objects.filter(pk=panel.pk).update(total=2, open_items=2)
    deciding.decide(items=[item], verdict=Verdict.DENY, reason="No", actor=cast.marco, now=NOW)
    deciding.decide(items=[own], verdict=Verdict.APPROVE, reason="Yes", actor=cast.marco, now=NOW)
    finish(campaign)
    item.refresh_from_db()
    assert (item.state, item.problem) == (
        ApplyState.FAILED, "Both still gives it: end the assignment by hand."
    )  # fmt: skip
    grant.refresh_from_db()
    assert (grant.status, grant.is_adopted) == (GrantStatus.VERIFIED, False)


# --- Several campaigns about the same ---------------------------------------------------------------------------------


def test_two_campaigns_that_deny_the_same_are_both_settled(cast, package, held):
    first = open_by_hand(make_review(package), held, cast.marco)
    second = open_by_hand(make_review(package), held, cast.marco)
    for campaign in (first, second):
        item = campaign.items.get(person=cast.charlie)
        deciding.decide(items=[item], verdict=Verdict.DENY, reason="No", actor=cast.marco, now=NOW)
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    perform_all_due(now=END)
    states = ReviewItem.objects.filter(assignment=held[0]).values_list("state", flat=True)
    assert list(states) == [ApplyState.APPLIED, ApplyState.APPLIED]


def test_what_a_campaign_removed_at_once_is_followed_also_after_it_was_canceled(cast, package, held):
    campaign = open_by_hand(make_review(package, applies=ApplyWhen.AT_ONCE), held, cast.marco)
    item = campaign.items.get(person=cast.charlie)
    deciding.decide(items=[item], verdict=Verdict.DENY, reason="No", actor=cast.marco, now=NOW)
    perform_all_due(now=NOW)
    campaign.items.filter(pk=item.pk).update(state=ApplyState.FAILED)
    campaign.move_to(CampaignStatus.CANCELED, at=NOW)
    applying.follow(now=NOW)
    item.refresh_from_db()
    assert item.state == ApplyState.APPLIED


def test_following_costs_the_same_however_many_campaigns_are_under_way(cast, package, held, django_assert_num_queries):
    for _ in range(3):
        campaign = open_by_hand(make_review(package), held, cast.marco)
        campaign.items.update(result="remove", state=ApplyState.APPLYING)
        campaign.move_to(CampaignStatus.COMPLETING, at=NOW)
        campaign.move_to(CampaignStatus.APPLYING, at=NOW)
    with django_assert_num_queries(2):
        assert applying.follow(now=NOW) == 0
