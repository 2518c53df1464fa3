"""The population: whose access a review looks at, by its scope and its filters."""

from datetime import timedelta
from uuid import uuid4

import pytest

from directory.models import PersonKind, User
from provisioning.actions import repeat
from provisioning.delivery import perform_all_due
from provisioning.models import Grant, LastUse, UseReading, UseSource
from requests_app.models import Assignment
from reviews.choices import ReviewScope
from reviews.models import Campaign, ReviewItem
from reviews.population import sources_of
from reviews.terms import Terms
from tests.cast import NOW, break_directory

from .conftest import DAY, give, make_review
from .test_launching import launch

pytestmark = pytest.mark.django_db
LATER = NOW + 100 * DAY


@pytest.fixture(autouse=True)
def known_for_long(cast):
    """Nobody of the cast is new."""
    User.objects.update(date_joined=NOW - 1000 * DAY)


def population(subject, *, at=NOW, **more):
    """Who has what, of a campaign that begins then: their usernames with the packages or roles."""
    review = make_review(subject, **more)
    campaign = Campaign(review=review, terms=Terms.of(review).as_json(), created_at=at)
    found = set()
    for source in sources_of(campaign):
        what = "package__name" if source.key == "assignment" else "resource_role__resource__name"
        found |= set(source.rows.values_list("person__username", what))
    return found


def adopt(person, role, **fields):
    values = {"status": "verified", "is_adopted": True, "changed_at": NOW, "verified_at": NOW}
    return Grant.objects.create(person=person, resource_role=role, **{**values, **fields})


@pytest.fixture
def other(cast):
    """A second package, in the same catalog, of another resource; Charlie has it."""
    package = cast.package("Marketing: Campaigns", cast.role("Marketing")[1])
    cast.policy(package, approver=None, duration_amount=720)
    give(package, cast.charlie)
    return package


def test_of_a_policy_what_was_delivered_under_it(cast, package, policy, held):
    """Corner 40: the population is per policy."""
    second = cast.policy(package, approver=None, name="Second")
    Assignment.objects.filter(person=cast.rita).update(policy=second)
    assert population(policy, scope=ReviewScope.POLICY) == {("charlie", package.name)}
    assert population(second, scope=ReviewScope.POLICY) == {("rita", package.name)}
    assert population(package) == {("charlie", package.name), ("rita", package.name)}


def test_of_a_catalog_what_all_its_packages_give(cast, package, held, other):
    found = population(cast.catalog, scope=ReviewScope.CATALOG)
    assert found == {("charlie", package.name), ("rita", package.name), ("charlie", other.name)}


def test_of_a_person_everything_that_they_have(cast, package, held, other):
    found = population(cast.charlie, scope=ReviewScope.PERSON)
    assert found == {("charlie", package.name), ("charlie", other.name)}


def test_of_a_resource_and_of_a_role_all_who_hold_it_adopted_access_too(cast, package, held, other):
    role = package.package_roles.get().resource_role
    adopt(cast.olga, role)
    expected = {(name, "Sales EMEA") for name in ("charlie", "rita", "olga")}
    assert population(role, scope=ReviewScope.ROLE) == expected
    assert population(role.resource, scope=ReviewScope.RESOURCE) == expected


@pytest.mark.parametrize("status", ["pending", "failed", "drifted", "removalPending", "removed"])
def test_a_grant_that_the_target_does_not_have_is_left_out(cast, package, status):
    role = package.package_roles.get().resource_role
    adopt(cast.olga, role, status=status)
    assert population(role, scope=ReviewScope.ROLE) == set()


@pytest.mark.parametrize("scope", [ReviewScope.ROLE, ReviewScope.RESOURCE])
def test_what_is_just_delivered_once_more_is_looked_at_also_where_the_target_is_in_trouble(cast, package, held, scope):
    role = package.package_roles.get().resource_role
    subject = role if scope == ReviewScope.ROLE else role.resource
    everybody = {("charlie", "Sales EMEA"), ("rita", "Sales EMEA")}
    repeat([one.pk for one in held], story=uuid4(), now=NOW + DAY)
    assert set(Grant.objects.values_list("status", flat=True)) == {"pending"}
    assert population(subject, scope=scope) == everybody
    break_directory()
    perform_all_due(now=NOW + DAY)
    assert set(Grant.objects.values_list("status", flat=True)) == {"failed"}
    assert population(subject, scope=scope) == everybody


@pytest.mark.parametrize("scope", [ReviewScope.CATALOG, ReviewScope.PERSON])
def test_what_no_package_gives_is_looked_at_where_it_is_asked_for(cast, package, held, other, scope):
    ours = other.package_roles.get().resource_role
    adopt(cast.rita, ours)
    Grant.objects.filter(person=cast.rita, resource_role__packages=package).update(is_adopted=True)
    subject = cast.catalog if scope == ReviewScope.CATALOG else cast.rita
    without = population(subject, scope=scope)
    found = population(subject, scope=scope, includes_adopted=True)
    assert found - without == {("rita", "Marketing")}, "what a package gives as well is reviewed as the assignment"


def test_what_is_not_delivered_yet_has_ended_or_ends_now_is_left_out(cast, package, held):
    Assignment.objects.filter(person=cast.rita).update(ends_at=NOW)
    Assignment.objects.filter(person=cast.charlie).update(delivered_at=None, status="delivering")
    assert population(package) == set()


def test_what_lost_a_role_since_it_was_delivered_is_still_looked_at(cast, package, held):
    Assignment.objects.filter(person=cast.rita).update(status="partiallyDelivered")
    assert ("rita", package.name) in population(package)


def test_of_guests_only(cast, package, held):
    User.objects.filter(pk=cast.rita.pk).update(kind=PersonKind.GUEST)
    assert population(package, is_for_guests=True) == {("rita", package.name)}
    assert population(package.package_roles.get().resource_role, scope="role", is_for_guests=True) == {
        ("rita", "Sales EMEA")
    }


def test_of_privileged_access_only(cast, package, held, other):
    resource = other.package_roles.get().resource_role.resource
    resource.is_privileged = True
    resource.save()
    assert population(cast.catalog, scope="catalog", is_for_privileged=True) == {("charlie", other.name)}
    assert population(resource, scope="resource", is_for_privileged=True) == {("charlie", "Marketing")}


def use(cast, person, at):
    UseReading.objects.get_or_create(system=cast.system, defaults={"seen_at": LATER})
    LastUse.objects.create(
        person=person, system=cast.system, used=cast.system.pk, last_used_at=at, source=UseSource.IMPORT, seen_at=LATER
    )


def test_of_what_was_not_used_for_so_many_days(cast, package, held):
    use(cast, cast.rita, LATER - 5 * DAY)
    use(cast, cast.charlie, LATER - 45 * DAY)
    assert population(package, inactive_days=30, at=LATER) == {("charlie", package.name)}
    assert population(package, inactive_days=60, at=LATER) == set()
    role = package.package_roles.get().resource_role
    assert population(role, scope="role", inactive_days=30, at=LATER) == {("charlie", "Sales EMEA")}


def test_whoever_or_whatever_is_newer_than_the_window_is_left_out(cast, package, held):
    """Reference, section 10.3: newly created users younger than the window are excluded."""
    assert len(population(package, inactive_days=30, at=LATER)) == 2
    assert population(package, inactive_days=30, at=NOW + 10 * DAY) == set(), "the access is newer"
    User.objects.filter(pk=cast.rita.pk).update(date_joined=LATER - 10 * DAY)
    assert population(package, inactive_days=30, at=LATER) == {("charlie", package.name)}
    User.objects.filter(pk=cast.rita.pk).update(hired_on=(LATER - 400 * DAY).date())
    assert len(population(package, inactive_days=30, at=LATER)) == 2, "hired long ago, known here since lately"


def test_grants_are_frozen_with_role_system_and_since_when(cast, package, held):
    role = package.package_roles.get().resource_role
    adopt(cast.olga, role, changed_at=NOW - 50 * DAY)
    campaign = launch(make_review(role, scope=ReviewScope.ROLE), actor=cast.ada, now=NOW + timedelta(minutes=1))
    items = {item.person_name: item for item in ReviewItem.objects.filter(campaign=campaign)}
    assert set(items) == {"Rita", "Charlie", "Olga"}
    olga, rita = items["Olga"], items["Rita"]
    assert (olga.what, olga.where, olga.under) == (str(role), "Directory", "")
    assert (olga.is_adopted, olga.held_since, olga.assignment_id) == (True, NOW - 50 * DAY, None)
    assert (rita.is_adopted, rita.held_since) == (False, NOW)


def test_a_catalog_with_adopted_access_is_frozen_from_both_sources(cast, package, held, other, monkeypatch):
    adopt(cast.rita, other.package_roles.get().resource_role)
    monkeypatch.setattr("reviews.actions.launching.PART", 2)
    campaign = launch(make_review(cast.catalog, scope="catalog", includes_adopted=True), actor=cast.ada)
    assert list(campaign.parts.values_list("source", "items")) == [
        ("assignments", 2),
        ("assignments", 1),
        ("grants", 1),
    ]
    assert campaign.total == 4


def test_people_without_a_display_name_are_called_by_their_username(cast, package, held):
    User.objects.filter(pk__in=(cast.rita.pk, cast.marco.pk)).update(display_name="")
    launch(make_review(package), actor=cast.ada)
    rita = ReviewItem.objects.get(person=cast.rita)
    assert (rita.person_name, rita.manager_name) == ("rita", "marco")
