"""What about reviews ought to be looked at, listed with the findings of the catalog."""

from typing import Any

import pytest

from accessgov.outbox import WorkStatus
from catalog import findings
from catalog.choices import DurationKind
from catalog.models import Policy
from directory.models import Group, User
from reviews.choices import Frequency, ReviewerKind, ReviewScope
from reviews.lifecycle import CampaignStatus
from reviews.models import CampaignWork, Review, WorkKind
from tests.cast import NOW, appoint

from .conftest import DAY, make_review

PERMANENT = {"permanent_without_review", "permanent_and_no_longer_reviewed"}


@pytest.fixture
def permanent(cast: Any, package: Any) -> Policy:
    """Access without an end, in a catalog that Olga owns."""
    appoint(cast.catalog, cast.olga)
    return cast.policy(package, duration_kind=DurationKind.PERMANENT, duration_amount=None)


def found(user: User, *kinds: str) -> dict[str, findings.Finding]:
    return {one.kind: one for one in findings.findings(user, kinds=kinds)}


def yearly(subject: Any, scope: str, **more: Any) -> Review:
    return make_review(subject, scope=scope, frequency=Frequency.ANNUALLY, **{"next_at": NOW + 99 * DAY, **more})


def test_permanent_access_that_nobody_reviews_is_found(cast, permanent) -> None:
    assert found(cast.olga, *PERMANENT).keys() == {"permanent_without_review"}


@pytest.mark.parametrize("scope", [ReviewScope.POLICY, ReviewScope.PACKAGE, ReviewScope.CATALOG])
def test_a_review_of_the_policy_its_package_or_its_catalog_is_enough(cast, permanent, scope) -> None:
    subject = {"policy": permanent, "package": permanent.package, "catalog": cast.catalog}[scope]
    yearly(subject, scope)
    assert not found(cast.olga, *PERMANENT)


def test_a_review_of_another_package_is_not(cast, permanent) -> None:
    yearly(cast.package("Sales: Something Else"), ReviewScope.PACKAGE)
    assert found(cast.olga, *PERMANENT).keys() == {"permanent_without_review"}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"is_enabled": False}, "permanent_without_review"),
        ({"next_at": None}, "permanent_and_no_longer_reviewed"),
        ({"is_for_guests": True}, "permanent_and_no_longer_reviewed"),
    ],
)
def test_a_review_that_is_over_or_leaves_people_out_is_told_apart(cast, permanent, facts, kind) -> None:
    yearly(permanent.package, ReviewScope.PACKAGE, **facts)
    assert found(cast.olga, *PERMANENT).keys() == {kind}


def test_a_last_campaign_that_still_runs_is_a_review(cast, permanent) -> None:
    review = yearly(permanent.package, ReviewScope.PACKAGE, next_at=None)
    review.campaigns.create(slot="1", name="Running", status=CampaignStatus.IN_PROGRESS, created_at=NOW)
    assert not found(cast.olga, *PERMANENT)


def test_a_review_whose_named_reviewers_all_left_is_found_by_those_who_can_mend_it(cast, permanent) -> None:
    review = make_review(permanent.package, by=ReviewerKind.PEOPLE, next_at=NOW + DAY)
    stage = review.stages.get()
    stage.people.add(User.objects.create(username="otto", display_name="Otto", is_active=False))
    stage.groups.add(Group.objects.create(name="Nobody in it"))
    finding = found(cast.olga, "review_without_reviewers")["review_without_reviewers"]
    assert finding.sentence.startswith(f"“{review}”: in stage 1, none of those")
    assert (finding.mended_at, finding.catalog, finding.package) == (review, cast.catalog, permanent.package)
    assert finding.kind in {one.kind for one in findings.findings_of(permanent.package)}
    assert not found(cast.charlie)
    stage.people.add(cast.marco)
    assert not found(cast.olga, "review_without_reviewers")


def test_a_review_that_does_not_start_again_asks_nobody(cast, permanent) -> None:
    make_review(permanent.package, by=ReviewerKind.PEOPLE)
    assert not found(cast.olga, "review_without_reviewers")


def test_a_campaign_that_does_not_go_on_is_a_problem(cast, permanent) -> None:
    review = make_review(permanent.package)
    campaign = review.campaigns.create(slot="1", name="Spring", created_at=NOW)
    facts = {"kind": WorkKind.LAUNCH, "due_at": NOW, "created_at": NOW, "idempotency_key": "1"}
    CampaignWork.objects.create(campaign=campaign, status=WorkStatus.STUCK, last_error="no space left", **facts)
    finding = found(cast.olga, "campaign_stuck")["campaign_stuck"]
    assert finding.sentence == "“Spring” does not go on: no space left"
    assert finding.package == permanent.package
    assert not found(cast.charlie)


def test_what_belongs_to_no_catalog_is_found_by_administrators_alone(cast, permanent) -> None:
    role = cast.role("Sales EMEA plans")[1]
    make_review(role.resource, scope=ReviewScope.RESOURCE, by=ReviewerKind.PEOPLE, next_at=NOW)
    finding = found(cast.ada, "review_without_reviewers")["review_without_reviewers"]
    assert (finding.catalog, finding.package) == (None, None)
    assert not found(cast.olga, "review_without_reviewers")


def test_the_worst_comes_first_whichever_app_finds_it() -> None:
    severities = [check.severity for check in findings.CHECKS.values()]
    assert severities == sorted(severities, key=list(findings.Severity).index)
