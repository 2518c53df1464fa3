"""Recommendations: what is known of an item when its campaign starts, what follows from it, and why in words."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.models import AccessPackage, Incompatibility, Policy, Resource, TargetSystem
from directory.models import Group, Membership, User
from provisioning.models import GrantReason, LastUse, UseReading, UseSource
from requests_app.lifecycle import ExceptionStatus
from requests_app.models import Assignment, SeparationException
from reviews import recommending
from reviews.actions import counting
from reviews.choices import NoResponse, Recommendation, ReviewScope
from reviews.models import Campaign, ReviewItem
from reviews.terms import Terms
from tests.cast import NOW, Cast

from .conftest import DAY, give, make_review

LATER = NOW + 100 * DAY
"""When campaigns start here: what was given at NOW is not new any more."""


def start(subject: Any, *, at: datetime = LATER, **more: Any) -> Campaign:
    review = make_review(subject, **more)
    return Campaign.objects.create(
        review=review, slot="hand:1", name=review.name, terms=Terms.of(review).as_json(), created_at=at
    )


def facts(assignment: Assignment, *, at: datetime = LATER, campaign: Campaign | None = None) -> dict[str, Any]:
    """What a campaign of the package that starts then would freeze of this assignment."""
    campaign = campaign or start(assignment.package, at=at)
    counting.count_peers(campaign=campaign)
    known = recommending.facts_of_assignments(campaign.rules, campaign.created_at, campaign=campaign)
    names = {f"its_{name}": expression for name, expression in known.items()}
    row = Assignment.objects.filter(pk=assignment.pk).annotate(**names).values(*names).get()
    return {name.removeprefix("its_"): value for name, value in row.items()}


def recommendation(assignment: Assignment, **more: Any) -> str:
    return facts(assignment, **more)["recommendation"]


def tell_use(
    cast: Cast,
    person: User,
    used_at: datetime | None,
    *,
    seen_at: datetime = LATER,
    resource: Any = None,
    system: TargetSystem | None = None,
) -> None:
    """A system, the cast's unless another is given, or one resource in it, tells when somebody last used it."""
    system = system or cast.system
    LastUse.objects.update_or_create(
        person=person,
        used=resource.pk if resource else system.pk,
        defaults={
            "system": system,
            "resource": resource,
            "last_used_at": used_at,
            "source": UseSource.CONNECTOR,
            "seen_at": seen_at,
        },
    )
    reading, _is_new = UseReading.objects.get_or_create(system=system)
    reading.seen_at, reading.is_by_resource = seen_at, reading.is_by_resource or resource is not None
    reading.save()


@pytest.fixture
def mine(held: list[Assignment]) -> Assignment:
    """Rita's access."""
    return next(one for one in held if one.person.username == "rita")


def item(**frozen: Any) -> ReviewItem:
    """An item of a campaign that started LATER, with these facts."""
    campaign = Campaign(created_at=LATER, terms=Terms(scope="package", subject_id="", subject="").as_json())
    return ReviewItem(campaign=campaign, **{"manager_name": "Marco", "held_since": NOW, **frozen})


# --- Use --------------------------------------------------------------------------------------------------------------


def test_what_was_used_lately_is_to_stay(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.rita, LATER - 3 * DAY)
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (LATER - 3 * DAY, Recommendation.APPROVE)


def test_what_was_not_used_for_the_days_of_the_review_is_to_go(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.rita, LATER - 31 * DAY)
    assert recommendation(mine) == Recommendation.DENY
    assert recommendation(mine, campaign=start(mine.policy, scope=ReviewScope.POLICY, recommends_after=60)) == (
        Recommendation.APPROVE
    )


def test_what_was_never_used_is_to_go(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.rita, None)
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (None, Recommendation.DENY)


def test_new_access_is_not_called_unused(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.rita, None, seen_at=NOW + 29 * DAY)
    assert recommendation(mine, at=NOW + 29 * DAY) == Recommendation.NONE


def test_nothing_is_recommended_where_nothing_is_known(mine: Assignment) -> None:
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (None, Recommendation.NONE)


def test_somebody_else_s_use_says_nothing(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.charlie, LATER)
    assert recommendation(mine) == Recommendation.NONE


def test_signing_in_to_accessgov_is_use_of_nothing_else(cast: Cast, mine: Assignment) -> None:
    User.objects.filter(pk=cast.rita.pk).update(last_login=LATER)
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (None, Recommendation.NONE)


def test_a_system_that_was_not_asked_for_long_cannot_say_that_something_is_unused(cast: Cast, mine: Assignment) -> None:
    tell_use(cast, cast.rita, NOW + 5 * DAY, seen_at=NOW + 6 * DAY)
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (NOW + 5 * DAY, Recommendation.NONE)


def test_use_of_the_resource_counts_before_use_of_its_system(cast: Cast, mine: Assignment) -> None:
    resource = mine.package.package_roles.get().resource_role.resource
    tell_use(cast, cast.rita, LATER - DAY)
    tell_use(cast, cast.rita, NOW, resource=resource)
    found = facts(mine)
    assert (found["last_used_at"], found["recommendation"]) == (NOW, Recommendation.DENY)


def test_the_newest_use_of_any_role_of_a_package_counts(cast: Cast, package: AccessPackage, mine: Assignment) -> None:
    other = cast.role("Sales APAC")[1]
    package.package_roles.create(resource_role=other)
    tell_use(
        cast, cast.rita, NOW, resource=package.package_roles.exclude(resource_role=other).get().resource_role.resource
    )
    tell_use(cast, cast.rita, LATER - DAY, resource=other.resource)
    assert facts(mine)["last_used_at"] == LATER - DAY


# --- Use of several systems -------------------------------------------------------------------------------------------


@pytest.fixture
def payroll(package: AccessPackage) -> TargetSystem:
    """Another system, in which Sales: Standard Access gives a role as well."""
    system = TargetSystem.objects.create(name="Payroll", slug="payroll")
    resource = Resource.objects.create(system=system, name="Payslips", origin_id="payslips")
    package.package_roles.create(resource_role=resource.roles.create(name="Reader", origin_id="reader"))
    return system


BOTH_WAYS = pytest.mark.parametrize("scope", [ReviewScope.PACKAGE, ReviewScope.PERSON])
"""Where the systems of the reviewed packages are known beforehand, and where each row looks for its own."""


def found_by(scope: str, mine: Assignment) -> dict[str, Any]:
    return facts(mine, campaign=start(mine.package if scope == ReviewScope.PACKAGE else mine.person, scope=scope))


def in_directory(package: AccessPackage) -> Resource:
    role = package.package_roles.get(resource_role__resource__system__name="Directory").resource_role
    return role.resource


@BOTH_WAYS
def test_use_of_one_system_counts_though_a_resource_of_another_tells_that_it_was_never_used(
    cast: Cast, mine: Assignment, payroll: TargetSystem, scope: str
) -> None:
    tell_use(cast, cast.rita, None, resource=in_directory(mine.package))
    tell_use(cast, cast.rita, LATER - DAY, system=payroll)
    found = found_by(scope, mine)
    assert (found["last_used_at"], found["recommendation"]) == (LATER - DAY, Recommendation.APPROVE)


@BOTH_WAYS
def test_use_of_a_system_counts_where_one_of_its_resources_tells_nothing_itself(
    cast: Cast, mine: Assignment, package: AccessPackage, scope: str
) -> None:
    tell_use(cast, cast.rita, NOW, resource=in_directory(package))
    tell_use(cast, cast.rita, LATER - DAY)
    assert found_by(scope, mine)["recommendation"] == Recommendation.DENY
    package.package_roles.create(resource_role=cast.role("Sales APAC")[1])
    found = found_by(scope, mine)
    assert (found["last_used_at"], found["recommendation"]) == (LATER - DAY, Recommendation.APPROVE)


@BOTH_WAYS
def test_what_is_unused_in_one_system_is_not_called_unused_where_another_was_not_asked(
    cast: Cast, mine: Assignment, payroll: TargetSystem, scope: str
) -> None:
    tell_use(cast, cast.rita, NOW)
    found = found_by(scope, mine)
    assert (found["last_used_at"], found["recommendation"]) == (NOW, Recommendation.NONE)
    tell_use(cast, cast.rita, None, system=payroll)
    assert found_by(scope, mine)["recommendation"] == Recommendation.DENY
    UseReading.objects.filter(system=payroll).update(seen_at=LATER - 31 * DAY)
    assert found_by(scope, mine)["recommendation"] == Recommendation.NONE
    tell_use(cast, cast.rita, LATER - DAY)
    assert found_by(scope, mine)["recommendation"] == Recommendation.APPROVE


def test_a_role_is_not_called_unused_by_the_reading_of_another_system(
    cast: Cast, mine: Assignment, payroll: TargetSystem
) -> None:
    grant = in_directory(mine.package).roles.get().grants.get(person=cast.rita)
    type(grant).objects.update(changed_at=NOW)

    def recommended() -> str:
        known = recommending.facts_of_grants(campaign.rules, LATER, campaign=campaign)
        return type(grant).objects.annotate(found=known["recommendation"]).get(pk=grant.pk).found

    campaign = start(grant.resource_role, scope=ReviewScope.ROLE)
    tell_use(cast, cast.rita, None, system=payroll)
    assert recommended() == Recommendation.NONE
    tell_use(cast, cast.rita, None)
    assert recommended() == Recommendation.DENY
    tell_use(cast, cast.rita, LATER, resource=grant.resource_role.resource)
    assert recommended() == Recommendation.APPROVE


# --- Peers ------------------------------------------------------------------------------------------------------------


def colleagues(number: int, **shared: Any) -> list[User]:
    return [User.objects.create(username=f"peer{n}", display_name=f"Peer {n}", **shared) for n in range(number)]


def test_peers_are_the_other_enabled_people_with_the_same_manager(cast: Cast, mine: Assignment) -> None:
    colleagues(3, manager=cast.marco)
    User.objects.filter(username="peer0").update(is_active=False)
    found = facts(mine)
    assert (found["peers"], found["peers_with"]) == (3, 1), "Charlie, who has it, and two of the three"


def test_of_people_without_a_manager_peers_have_the_same_job_in_the_same_department(
    cast: Cast, mine: Assignment
) -> None:
    job = {"department": "Sales", "job_title": "Clerk"}
    User.objects.filter(username__in=["rita", "charlie"]).update(**job)
    User.objects.filter(username="rita").update(manager=None)
    colleagues(2, **job)
    User.objects.create(username="elsewhere", department="Sales", job_title="Head")
    found = facts(mine)
    assert (found["peers"], found["peers_with"]) == (3, 1)


def test_people_of_whom_nothing_is_known_have_no_peers(cast: Cast, mine: Assignment) -> None:
    User.objects.filter(username="rita").update(manager=None)
    found = facts(mine)
    assert (found["peers"], found["peers_with"]) == (0, 0)


def test_what_most_peers_have_is_to_stay_where_use_says_nothing(cast: Cast, mine: Assignment) -> None:
    give(mine.package, *colleagues(4, manager=cast.marco)[:2])
    assert (facts(mine)["peers"], recommendation(mine, campaign=start(mine.policy, scope=ReviewScope.POLICY))) == (
        5,
        Recommendation.APPROVE,
    )


def test_that_few_peers_have_it_recommends_nothing_by_itself(cast: Cast, mine: Assignment) -> None:
    colleagues(8, manager=cast.marco)
    found = facts(mine)
    assert (found["peers"], found["peers_with"], found["recommendation"]) == (9, 1, Recommendation.NONE)


def test_unused_access_is_to_go_even_where_all_peers_have_it(cast: Cast, mine: Assignment) -> None:
    give(mine.package, *colleagues(4, manager=cast.marco))
    tell_use(cast, cast.rita, NOW)
    assert recommendation(mine) == Recommendation.DENY


def test_peers_of_holders_of_a_role_are_counted_by_role(cast: Cast, mine: Assignment) -> None:
    colleagues(3, manager=cast.marco)
    role = mine.package.package_roles.get().resource_role
    campaign = start(role, scope=ReviewScope.ROLE)
    counting.count_peers(campaign=campaign)
    known = recommending.facts_of_grants(campaign.rules, LATER, campaign=campaign)
    row = role.grants.filter(person=cast.rita).annotate(**{f"its_{name}": one for name, one in known.items()}).get()
    assert (row.its_peers, row.its_peers_with) == (4, 1)  # type: ignore[attr-defined]


def test_peers_are_counted_once_and_forgotten(cast: Cast, mine: Assignment) -> None:
    campaign = start(mine.package)
    counting.count_peers(campaign=campaign)
    before = campaign.peer_counts.count()
    counting.count_peers(campaign=campaign)
    assert before == campaign.peer_counts.count() > 0
    counting.forget_peers(campaign=campaign)
    assert not campaign.peer_counts.exists()


# --- What they have beside it -----------------------------------------------------------------------------------------


@pytest.fixture
def other(cast: Cast) -> AccessPackage:
    """Payments: Release, which approves by itself."""
    package = cast.package("Payments: Release", cast.role("Payments")[1])
    cast.policy(package, approver=None, duration_amount=720)
    return package


def exclude(package: AccessPackage, other: AccessPackage, *, is_mutual: bool = False) -> Incompatibility:
    return Incompatibility.objects.create(package=package, other_package=other, is_mutual=is_mutual)


def test_incompatible_access_is_to_go(cast: Cast, mine: Assignment, other: AccessPackage) -> None:
    give(other, cast.rita)
    exclude(mine.package, other)
    tell_use(cast, cast.rita, LATER)
    found = facts(mine)
    assert (found["conflicts_with"], found["recommendation"]) == ("Payments: Release", Recommendation.DENY)


def test_the_other_side_of_a_rule_is_told_of_it_and_may_stay(
    cast: Cast, mine: Assignment, other: AccessPackage
) -> None:
    [beside] = give(other, cast.rita)
    exclude(mine.package, other)
    tell_use(cast, cast.rita, LATER)
    found = facts(beside)
    assert (found["conflicts_with"], found["recommendation"]) == ("Sales: Standard Access", Recommendation.APPROVE)


def test_of_two_that_rule_each_other_out_the_later_one_is_to_go(
    cast: Cast, mine: Assignment, other: AccessPackage
) -> None:
    [beside] = give(other, cast.rita, now=NOW + DAY)
    exclude(mine.package, other, is_mutual=True)
    assert (recommendation(mine), recommendation(beside)) == (Recommendation.NONE, Recommendation.DENY)
    assert facts(mine, campaign=start(mine.policy, scope=ReviewScope.POLICY))["conflicts_with"] == "Payments: Release"


def test_membership_of_a_group_that_is_ruled_out_is_a_conflict(cast: Cast, mine: Assignment) -> None:
    group = Group.objects.create(name="Auditors of sales")
    Membership.objects.create(group=group, person=cast.rita, added_at=NOW)
    Incompatibility.objects.create(package=mine.package, group=group)
    found = facts(mine)
    assert (found["conflicts_with"], found["recommendation"]) == ("Auditors of sales", Recommendation.DENY)


def test_an_exception_in_force_is_no_conflict(cast: Cast, mine: Assignment, other: AccessPackage) -> None:
    give(other, cast.rita)
    exclude(mine.package, other)
    SeparationException.objects.create(
        status=ExceptionStatus.APPROVED,
        person=cast.rita,
        package=mine.package,
        other_package=other,
        reason="both",
        control="looked at weekly",
        ends_at=LATER + DAY,
        asked_by=cast.rita,
        asked_at=NOW,
        decide_by=NOW + DAY,
        decided_by=cast.olga,
        decided_at=NOW,
    )
    found = facts(mine)
    assert (found["conflicts_with"], found["recommendation"]) == ("", Recommendation.NONE)


def test_others_with_the_incompatible_package_are_no_conflict(
    cast: Cast, mine: Assignment, other: AccessPackage
) -> None:
    give(other, cast.charlie)
    exclude(mine.package, other)
    assert facts(mine)["conflicts_with"] == ""


def test_a_package_that_gives_all_the_same_roles_is_named(cast: Cast, mine: Assignment, other: AccessPackage) -> None:
    give(other, cast.rita)
    campaign = start(mine.policy, scope=ReviewScope.POLICY)
    assert facts(mine)["covered_by"] == "", "it gives none of them"
    other.package_roles.create(resource_role=mine.package.package_roles.get().resource_role)
    assert facts(mine, campaign=campaign)["covered_by"] == "Payments: Release"
    wider = Assignment.objects.get(package=other, person=cast.rita)
    assert facts(wider)["covered_by"] == "", "the narrower one does not cover the wider"


def test_what_was_there_before_and_comes_with_a_package_too_is_said_so(cast: Cast, mine: Assignment) -> None:
    role = mine.package.package_roles.get().resource_role
    grant = role.grants.get(person=cast.rita)
    type(grant).objects.filter(pk=grant.pk).update(is_adopted=True)
    assert GrantReason.objects.living().filter(grant=grant).exists()
    campaign = start(role, scope=ReviewScope.ROLE)
    known = recommending.facts_of_grants(campaign.rules, LATER, campaign=campaign)
    found = role.grants.filter(pk=grant.pk).annotate(found=known["covered_by"]).get()
    assert found.found == "Sales: Standard Access"


# --- When they are wanted ---------------------------------------------------------------------------------------------


def test_nothing_but_use_is_found_out_where_nobody_sees_it(mine: Assignment) -> None:
    found = facts(mine, campaign=start(mine.package, shows_recommendations=False))
    assert list(found) == ["last_used_at"]


def test_recommendations_that_decide_are_found_out_even_unseen(mine: Assignment) -> None:
    campaign = start(mine.package, shows_recommendations=False, if_no_response=NoResponse.RECOMMENDATION)
    assert "recommendation" in facts(mine, campaign=campaign)


def test_facts_of_all_items_cost_one_statement_and_a_fixed_number_before_it(
    cast: Cast, mine: Assignment, other: AccessPackage, django_assert_max_num_queries: Any
) -> None:
    give(mine.package, *colleagues(20, manager=cast.marco))
    exclude(mine.package, other)
    tell_use(cast, cast.rita, NOW)
    campaign = start(mine.package)
    with django_assert_max_num_queries(8):
        counting.count_peers(campaign=campaign)
    with django_assert_max_num_queries(6):
        known = recommending.facts_of_assignments(campaign.rules, LATER, campaign=campaign)
        assert len(Assignment.objects.annotate(**{f"its_{name}": one for name, one in known.items()})) == 22


# --- In words ---------------------------------------------------------------------------------------------------------


@pytest.mark.one_database("about words alone")
@pytest.mark.parametrize(
    ("frozen", "said"),
    [
        ({"last_used_at": LATER - DAY}, "Last used on 9 Jun 2026"),
        ({"last_used_at": NOW}, "Not used since 2 Mar 2026"),
        ({"recommendation": Recommendation.DENY}, "Never used"),
        ({"peers": 14, "peers_with": 2}, "2 of 14 other people with the same manager have it"),
        ({"peers": 1, "peers_with": 1}, "1 of 1 other person with the same manager has it"),
        (
            {"peers": 3, "peers_with": 0, "manager_name": ""},
            "0 of 3 other people with the same job in the same department have it",
        ),
        ({"covered_by": "Sales: Everything"}, "Also given by Sales: Everything"),
        ({"conflicts_with": "Audit: Read"}, "Incompatible with Audit: Read, which they have as well"),
        ({"held_since": LATER - timedelta(days=800)}, "Held since 1 Apr 2024, for more than two years"),
    ],
)
def test_each_fact_is_said_in_a_sentence(frozen: dict[str, Any], said: str) -> None:
    assert recommending.in_words(item(**frozen)) == [said]


@pytest.mark.one_database("about words alone")
def test_where_nothing_is_known_nothing_is_said() -> None:
    assert recommending.in_words(item()) == []


def test_freshness_says_of_each_system_when_it_was_read(cast: Cast, mine: Assignment) -> None:
    campaign = start(mine.package)
    assert recommending.freshness(campaign.rules, LATER) == {"holders in Directory": None, "use of Directory": None}
    tell_use(cast, cast.rita, NOW, seen_at=NOW + DAY)
    assert recommending.freshness(campaign.rules, LATER)["use of Directory"] == "2026-03-03T09:00:00+00:00"


def test_freshness_of_a_person_s_review_is_that_of_the_systems_they_have_access_in(
    cast: Cast, mine: Assignment, policy: Policy
) -> None:
    campaign = start(cast.rita, scope=ReviewScope.PERSON)
    assert "use of Directory" in recommending.freshness(campaign.rules, LATER)
    nobody = start(cast.olga, scope=ReviewScope.PERSON)
    assert recommending.freshness(nobody.rules, LATER) == {}
