"""What happens to reviewed access when several things happen to it at once: real threads, real commits."""

import pytest

from catalog.models import AccessPackage
from provisioning.delivery import perform_all_due
from provisioning.models import Operation, OperationKind
from requests_app import actions as requests
from requests_app.lifecycle import AssignmentStatus, RequestType
from requests_app.models import AccessRequest, Assignment
from reviews.actions import applying, closing, steering
from reviews.choices import Result, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus
from reviews.models import Campaign
from tests.cast import NOW, Cast, make_cast
from tests.requests_app.test_concurrency import together
from tests.reviews.answers import answer, members_of
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

pytestmark = pytest.mark.django_db(transaction=True)
END = NOW + 14 * DAY


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def package(cast: Cast) -> AccessPackage:
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None, duration_amount=14)
    return package


@pytest.fixture
def campaign(cast: Cast, package: AccessPackage) -> Campaign:
    return open_by_hand(make_review(package), give(package, cast.charlie, cast.rita), cast.marco)


def finish() -> None:
    closing.close_all_due(now=END)
    applying.apply_all_due(now=END)
    perform_all_due(now=END)
    applying.follow(now=END)


def test_a_decision_and_the_close_at_once_leave_one_outcome(cast, campaign):
    results = together(
        lambda: answer(campaign, charlie=Verdict.DENY),
        lambda: steering.stop(campaign=campaign, why="Enough", actor=cast.ada, now=NOW),
    )
    is_answered = results[0] is None
    finish()
    item = campaign.items.get(person=cast.charlie)
    assert (item.verdict == Verdict.DENY) == (item.result == Result.REMOVE) == is_answered
    assert ("charlie" in members_of("Sales EMEA")) == (not is_answered)


def test_applying_expiring_and_giving_back_at_once_remove_it_once(cast, campaign, package):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.DENY)
    held = Assignment.objects.select_related("person", "package").get(person=cast.charlie)
    over = held.ends_at
    assert over is not None
    closing.close_all_due(now=over)
    results = together(
        lambda: applying.apply_all_due(now=over),
        lambda: requests.expire_due(now=over),
        lambda: requests.give_back(assignment=held, actor=cast.charlie, now=over),
    )
    assert not [one for one in results[:2] if isinstance(one, Exception)]
    perform_all_due(now=over)
    applying.follow(now=over)
    removals = AccessRequest.objects.filter(kind__in=(RequestType.SYSTEM_REMOVE, RequestType.USER_REMOVE))
    assert sorted(removals.values_list("person__username", flat=True)) == ["charlie", "rita"]
    assert Operation.objects.filter(kind=OperationKind.REVOKE).count() == 2
    assert set(Assignment.objects.values_list("status", flat=True)) == {AssignmentStatus.ENDED}
    assert set(campaign.items.values_list("state", flat=True)) <= {ApplyState.APPLIED, ApplyState.NOT_FOUND}
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.COMPLETED


def test_two_sweeps_close_a_campaign_once(campaign):
    def sweep() -> int:
        return closing.move_on_due(now=END)

    assert sorted(together(sweep, sweep, sweep)) == [0, 0, 1]


def test_stopping_and_canceling_at_once_leave_one_outcome(cast, campaign):
    answer(campaign, charlie=Verdict.DENY)
    results = together(
        lambda: steering.stop(campaign=campaign, why="Enough", actor=cast.ada, now=NOW),
        lambda: steering.cancel(campaign=campaign, why="Wrong", actor=cast.ada, now=NOW),
    )
    assert sum(isinstance(one, Exception) for one in results) == 1
    finish()
    campaign.refresh_from_db()
    is_canceled = campaign.status == CampaignStatus.CANCELED
    assert is_canceled == ("charlie" in members_of("Sales EMEA"))


def test_workers_at_the_same_campaign_at_once_remove_everything_once(campaign):
    answer(campaign, charlie=Verdict.DENY, rita=Verdict.DENY)
    closing.close_all_due(now=END)

    def apply() -> int:
        return applying.apply_all_due(now=END)

    assert not [one for one in together(apply, apply, apply) if isinstance(one, Exception)]
    finish()
    assert AccessRequest.objects.filter(kind=RequestType.SYSTEM_REMOVE).count() == 2
    assert members_of("Sales EMEA") == set()
