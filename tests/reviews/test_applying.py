"""What comes of results: really removed, shown as long as it is not, and complete only when everything is gone."""

from datetime import timedelta

import pytest

from audit.models import Event
from catalog.models import ResourceRole
from directory.models import Group
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Grant, Operation, OperationKind
from requests_app import actions as requests
from requests_app import events as requests_events
from requests_app.lifecycle import AssignmentStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from reviews import events
from reviews.actions import applying, closing
from reviews.choices import ApplyWhen, ReviewScope, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus, IllegalMove
from reviews.models import Panel, ReviewItem
from tests.cast import NOW, break_directory, mend_directory
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

END = NOW + 14 * DAY


def finish(campaign, *, now=END):
    """Close it, apply it, have the targets do it."""
    closing.close_all_due(now=now)
    applying.apply_all_due(now=now)
    perform_all_due(now=now)
    applying.follow(now=now)
    campaign.refresh_from_db()


def item_of(campaign, username):
    return campaign.items.get(person__username=username)


def test_what_was_denied_is_really_removed(campaign):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    finish(campaign)
    assert members_of("Sales EMEA") == {"rita"}
    assert item_of(campaign, "charlie").state == ApplyState.APPLIED
    assert item_of(campaign, "rita").state == ApplyState.NOT_NEEDED
    assert (campaign.status, campaign.completed_at) == (CampaignStatus.COMPLETED, END)


def test_it_ends_by_a_removal_like_any_other(campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    removal = AccessRequest.objects.get(kind=RequestType.SYSTEM_REMOVE)
    assert Assignment.objects.get(access_requests=removal).status == AssignmentStatus.ENDED
    ended = Event.objects.get(verb=requests_events.ASSIGNMENT_ENDED)
    assert ended.details["why"] == f"{campaign} decided so"
    assert Operation.objects.filter(kind=OperationKind.REVOKE).count() == 1


def test_each_item_is_journalled_when_it_is_gone(campaign):
    answer(campaign, charlie=Verdict.DENY)
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    assert item_of(campaign, "charlie").state == ApplyState.APPLYING
    assert not Event.objects.filter(verb=events.ITEM_APPLIED).exists()
    perform_all_due(now=END)
    told = Event.objects.get(verb=events.ITEM_APPLIED)
    assert (told.person_label, told.details["what"]) == ("Charlie", "Sales: Standard Access")
    assert told.correlation_id == campaign.pk


def test_while_the_target_is_away_an_item_says_that_it_is_not_removed_and_why(campaign):
    answer(campaign, charlie=Verdict.DENY)
    break_directory()
    finish(campaign)
    item = item_of(campaign, "charlie")
    assert item.state == ApplyState.FAILED
    assert item.problem == Grant.objects.exclude(last_error="").get().last_error
    assert campaign.status == CampaignStatus.APPLYING
    assert Event.objects.filter(verb=events.ITEM_FAILED).count() == 1

    mend_directory()
    later = END + timedelta(days=1)
    perform_all_due(now=later)
    applying.follow(now=later)
    item.refresh_from_db()
    campaign.refresh_from_db()
    assert (item.state, item.problem, item.applied_at) == (ApplyState.APPLIED, "", later)
    assert (campaign.status, campaign.completed_at) == (CampaignStatus.COMPLETED, later)
    assert members_of("Sales EMEA") == {"rita"}


def test_what_somebody_else_ended_meanwhile_was_gone_already(cast, campaign, held):
    answer(campaign, charlie=Verdict.DENY)
    requests.give_back(assignment=held[0], actor=cast.charlie, now=NOW + DAY)
    perform_all_due(now=NOW + DAY)
    finish(campaign)
    assert item_of(campaign, "charlie").state == ApplyState.NOT_FOUND
    assert Event.objects.filter(verb=events.ITEM_NOT_FOUND).count() == 1
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 0
    assert campaign.status == CampaignStatus.COMPLETED


def test_what_is_being_removed_for_another_reason_is_followed_like_the_rest(cast, campaign, held):
    answer(campaign, charlie=Verdict.DENY)
    break_directory()
    requests.give_back(assignment=held[0], actor=cast.charlie, now=NOW + DAY)
    perform_all_due(now=NOW + DAY)
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    item = item_of(campaign, "charlie")
    assert item.state == ApplyState.FAILED
    assert item.problem
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 0


def test_access_that_was_asked_for_anew_meanwhile_is_not_touched(cast, campaign, package, held):
    answer(campaign, charlie=Verdict.DENY)
    requests.give_back(assignment=held[0], actor=cast.charlie, now=NOW + DAY)
    perform_all_due(now=NOW + DAY)
    give(package, cast.charlie, now=NOW + 2 * DAY)
    finish(campaign)
    assert members_of("Sales EMEA") == {"charlie", "rita"}
    assert item_of(campaign, "charlie").state == ApplyState.NOT_FOUND


def test_a_role_that_another_package_gives_too_stays_and_the_assignment_is_gone(cast, campaign, package):
    other = cast.package("Other", ResourceRole.objects.get())
    cast.policy(other, approver=None)
    give(other, cast.charlie)
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    assert item_of(campaign, "charlie").state == ApplyState.APPLIED
    assert members_of("Sales EMEA") == {"charlie", "rita"}
    assert list(Assignment.objects.live().filter(person=cast.charlie)) == [Assignment.objects.get(package=other)]


def test_removing_goes_on_in_batches_where_it_stopped(campaign, monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 1)
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.DENY)
    finish(campaign)
    assert members_of("Sales EMEA") == set()
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 2


def test_applied_twice_it_is_removed_once(campaign):
    answer(campaign, charlie=Verdict.DENY)
    finish(campaign)
    finish(campaign, now=END + DAY)
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 1
    assert Event.objects.filter(verb=events.CAMPAIGN_COMPLETED).count() == 1


# --- At once ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(cast, package, held):
    return open_by_hand(make_review(package, applies=ApplyWhen.AT_ONCE), held, cast.marco)


def test_at_once_removes_with_the_answer(at_once):
    answer(at_once, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    perform_all_due(now=NOW)
    assert members_of("Sales EMEA") == {"rita"}
    assert item_of(at_once, "charlie").state == ApplyState.APPLIED
    assert item_of(at_once, "rita").state == ApplyState.NEW
    at_once.refresh_from_db()
    assert at_once.status == CampaignStatus.IN_PROGRESS


def test_what_was_removed_at_once_cannot_be_approved_afterwards(at_once):
    answer(at_once, charlie=Verdict.DENY)
    with pytest.raises(IllegalMove):
        answer(at_once, charlie=Verdict.APPROVE)


def test_the_close_of_a_review_that_applies_at_once_counts_and_removes_nothing_twice(at_once):
    answer(at_once, charlie=Verdict.DENY, rita=Verdict.APPROVE)
    perform_all_due(now=NOW)
    finish(at_once)
    assert at_once.status == CampaignStatus.COMPLETED
    assert Event.objects.get(verb=events.CAMPAIGN_CLOSED).details["removed"] == 1
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 1


def test_at_once_with_the_target_away_says_why(at_once):
    break_directory()
    answer(at_once, charlie=Verdict.DENY)
    perform_all_due(now=NOW)
    assert item_of(at_once, "charlie").state == ApplyState.FAILED


# --- Roles ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def of_role(cast, package, held):
    """A campaign over the holders of the role: Charlie and Rita by the package, Olga since before AccessGov."""
    role = ResourceRole.objects.get()
    Group.objects.get().memberships.create(person=cast.olga, added_at=NOW)
    grant = Grant.objects.create(
        person=cast.olga, resource_role=role, status=GrantStatus.VERIFIED, is_adopted=True, was_present=True,
        changed_at=NOW,
    )  # fmt: skip
    campaign = open_by_hand(make_review(role, scope=ReviewScope.ROLE), [], cast.marco)
    panel = Panel.objects.get(campaign=campaign)
    grants = Grant.objects.filter(resource_role=role).select_related("person")
    ReviewItem.objects.bulk_create(
        ReviewItem(
            campaign=campaign, panel=panel, person=one.person, grant=one, person_name=str(one.person), what=str(role),
            is_adopted=one.is_adopted,
        )
        for one in grants
    )  # fmt: skip
    Panel.objects.filter(pk=panel.pk).update(total=3, open_items=3)
    assert grant in grants
    return campaign


def test_a_role_that_is_denied_ends_the_assignments_that_give_it(cast, of_role):
    answer(of_role, charlie=Verdict.DENY, rita=Verdict.APPROVE, olga=Verdict.APPROVE)
    finish(of_role)
    assert members_of("Sales EMEA") == {"rita", "olga"}
    assert not Assignment.objects.live().filter(person=cast.charlie).exists()
    assert item_of(of_role, "charlie").state == ApplyState.APPLIED
    assert of_role.status == CampaignStatus.COMPLETED


def test_a_role_that_was_there_before_is_removed_where_it_is_denied(cast, of_role):
    answer(of_role, charlie=Verdict.APPROVE, rita=Verdict.APPROVE, olga=Verdict.DENY)
    finish(of_role)
    assert members_of("Sales EMEA") == {"charlie", "rita"}
    grant = Grant.objects.get(person=cast.olga)
    assert (grant.status, grant.is_adopted) == (GrantStatus.REMOVED, False)
    assert item_of(of_role, "olga").state == ApplyState.APPLIED


def test_a_role_that_is_both_given_and_was_there_before_goes_altogether(cast, of_role):
    Grant.objects.filter(person=cast.charlie).update(is_adopted=True, was_present=True)
    answer(of_role, charlie=Verdict.DENY)
    finish(of_role)
    assert members_of("Sales EMEA") == {"rita", "olga"}
    assert item_of(of_role, "charlie").state == ApplyState.APPLIED


def test_a_role_whose_removal_fails_says_why_and_goes_later(cast, of_role):
    answer(of_role, olga=Verdict.DENY)
    break_directory()
    finish(of_role)
    assert (item_of(of_role, "olga").state, of_role.status) == (ApplyState.FAILED, CampaignStatus.APPLYING)
    assert item_of(of_role, "olga").problem
    mend_directory()
    finish(of_role, now=END + DAY)
    assert (item_of(of_role, "olga").state, of_role.status) == (ApplyState.APPLIED, CampaignStatus.COMPLETED)


def test_what_was_approved_after_the_review_began_stays(cast, of_role):
    other = cast.package("Other", ResourceRole.objects.get())
    cast.policy(other, approver=None, duration_amount=720)
    answer(of_role, charlie=Verdict.DENY)
    give(other, cast.charlie, now=NOW + DAY)
    finish(of_role)
    assert "charlie" in members_of("Sales EMEA")
    item = item_of(of_role, "charlie")
    assert (item.state, bool(item.problem)) == (ApplyState.NOT_NEEDED, True)
    assert Event.objects.filter(verb=events.ITEM_APPROVED_ANEW).count() == 1
    assert of_role.status == CampaignStatus.COMPLETED


def test_a_role_that_is_given_anew_before_it_was_removed_does_not_hold_the_campaign_open(cast, of_role, package):
    answer(of_role, charlie=Verdict.DENY)
    break_directory()
    finish(of_role)
    assert of_role.status == CampaignStatus.APPLYING
    mend_directory()
    give(package, cast.charlie, now=END + DAY)
    applying.follow(now=END + DAY)
    of_role.refresh_from_db()
    assert item_of(of_role, "charlie").state == ApplyState.NOT_NEEDED
    assert of_role.status == CampaignStatus.COMPLETED
