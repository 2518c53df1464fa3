"""Panels: who reviews what, who instead of whom, and that nobody is asked about themselves."""

import pytest

from catalog.models import Resource
from directory.actions import nest_group
from directory.models import Group, Membership, PersonKind, User
from reviews.choices import ReviewerKind
from reviews.models import Panel, PanelMember, ReviewItem
from tests.cast import NOW, appoint

from .conftest import make_review
from .test_launching import launch
from .test_population import adopt

pytestmark = pytest.mark.django_db


def asked(campaign):
    """Whom each item is put to: {person: reviewers}."""
    return {
        item.person.username: sorted(member.person.username for member in item.panel.members.all())
        for item in ReviewItem.objects.filter(campaign=campaign)
    }


def rerouted(campaign):
    """How those are asked whom the stage does not name, by the person whose access it is."""
    items = ReviewItem.objects.filter(campaign=campaign, panel__is_rerouted=True)
    return {item.person.username: item.panel.via for item in items}


def disable(*people):
    User.objects.filter(pk__in=[person.pk for person in people]).update(is_active=False)


def named(review, *people, groups=(), fallback=()):
    stage = review.stages.get()
    stage.people.set(people)
    stage.groups.set(groups)
    stage.fallback_people.set(fallback)
    return review


def test_the_manager(cast, package, held):
    assert asked(launch(make_review(package), actor=cast.ada)) == {"charlie": ["marco"], "rita": ["marco"]}


def test_everybody_themselves(cast, package, held):
    campaign = launch(make_review(package, by=ReviewerKind.SELF), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["charlie"], "rita": ["rita"]}
    assert not rerouted(campaign)


def test_named_people_and_whoever_is_in_a_named_group_also_by_nesting(cast, package, held):
    outer, inner = Group.objects.create(name="Outer"), Group.objects.create(name="Inner")
    nest_group(parent=outer, child=inner, actor=cast.ada, now=NOW)
    Membership.objects.create(group=inner, person=cast.ada, added_at=NOW)
    review = named(make_review(package, by=ReviewerKind.PEOPLE), cast.olga, groups=[outer])
    campaign = launch(review, actor=cast.ada)
    assert asked(campaign) == {"charlie": ["ada", "olga"], "rita": ["ada", "olga"]}
    assert Panel.objects.get(campaign=campaign).only_member is None


def test_the_packages_owner(cast, package, held):
    campaign = launch(make_review(package, by=ReviewerKind.PACKAGE_OWNER), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["olga"], "rita": ["olga"]}


def test_the_catalogs_owners_also_by_a_group(cast, package, held):
    group = Group.objects.create(name="Owners")
    Membership.objects.create(group=group, person=cast.marco, added_at=NOW)
    appoint(cast.catalog, cast.olga, group)
    campaign = launch(make_review(package, by=ReviewerKind.CATALOG_OWNERS), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["marco", "olga"], "rita": ["marco", "olga"]}


@pytest.mark.parametrize("scope", ["package", "role"])
def test_the_resources_owners(cast, package, held, scope):
    resource = Resource.objects.get()
    resource.owners.add(cast.ada)
    group = Group.objects.create(name="Owners")
    Membership.objects.create(group=group, person=cast.marco, added_at=NOW)
    resource.owner_groups.add(group)
    subject = package if scope == "package" else resource.roles.get()
    campaign = launch(make_review(subject, scope=scope, by=ReviewerKind.RESOURCE_OWNERS), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["ada", "marco"], "rita": ["ada", "marco"]}


def test_the_sponsors_and_for_whoever_has_none_the_fallback(cast, package, held):
    cast.rita.sponsors.set([cast.olga, cast.ada])
    review = named(make_review(package, by=ReviewerKind.SPONSORS), fallback=[cast.marco])
    campaign = launch(review, actor=cast.ada)
    assert asked(campaign) == {"charlie": ["marco"], "rita": ["ada", "olga"]}
    assert set(rerouted(campaign)) == {"charlie"}


def test_where_the_manager_is_disabled_or_there_is_none_the_stages_fallback_is_asked(cast, package, held):
    """Behaviour 2, and the first reading of the reference: where the manager is not found."""
    User.objects.filter(pk=cast.rita.pk).update(manager=None)
    disable(cast.marco)
    campaign = launch(named(make_review(package), fallback=[cast.ada]), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["ada"], "rita": ["ada"]}
    assert set(rerouted(campaign)) == {"charlie", "rita"}


@pytest.mark.parametrize(
    ("gone", "asked_instead"),
    [
        ((), ["olga"]),
        (("olga",), ["theo"]),
        (("olga", "theo"), ["ada"]),
    ],
)
def test_without_a_fallback_the_packages_owner_the_catalogs_owners_and_administrators(
    cast, package, held, gone, asked_instead
):
    theo = User.objects.create(username="theo", display_name="Theo")
    appoint(cast.catalog, theo)
    review = named(make_review(package), fallback=[])
    disable(cast.marco, *(User.objects.get(username=name) for name in gone))
    campaign = launch(review, actor=cast.ada)
    assert asked(campaign) == {"charlie": asked_instead, "rita": asked_instead}


def test_of_a_role_the_resources_owners_are_asked_instead_and_else_those_of_its_catalogs(cast, package, held):
    disable(cast.marco)
    role = package.package_roles.get().resource_role
    appoint(cast.catalog, cast.olga)
    first = launch(make_review(role, scope="role"), actor=cast.ada)
    assert asked(first) == {"charlie": ["olga"], "rita": ["olga"]}
    first.review.campaigns.update(status="completed")
    role.resource.owners.add(cast.ada)
    assert asked(launch(first.review, actor=cast.ada))["rita"] == ["ada"]


@pytest.mark.parametrize("by", ["packageOwner", "catalogOwners"])
def test_of_a_role_that_no_package_stands_for_the_resources_owners_are_asked(cast, package, held, by):
    role = package.package_roles.get().resource_role
    role.resource.owners.add(cast.olga)
    campaign = launch(make_review(role, scope="role", by=by), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["olga"], "rita": ["olga"]}
    assert set(rerouted(campaign)) == {"charlie", "rita"}


def test_nobody_is_put_alone_to_their_own_access(cast, package, held):
    """Promise C7, and behaviour 3: what would ask Rita about herself goes to the next in line."""
    review = named(make_review(package, by=ReviewerKind.PEOPLE), cast.rita, fallback=[cast.rita])
    campaign = launch(review, actor=cast.ada)
    assert asked(campaign) == {"charlie": ["rita"], "rita": ["olga"]}
    assert rerouted(campaign) == {"rita": "the package's owner"}


def test_people_who_cannot_sign_in_do_not_review_themselves(cast, package, held):
    disable(cast.rita)
    campaign = launch(named(make_review(package, by=ReviewerKind.SELF), fallback=[cast.ada]), actor=cast.ada)
    assert asked(campaign) == {"charlie": ["charlie"], "rita": ["ada"]}


def test_guests_review_themselves(cast, package, held):
    User.objects.filter(pk=cast.rita.pk).update(kind=PersonKind.GUEST)
    campaign = launch(make_review(package, by=ReviewerKind.SELF), actor=cast.ada)
    assert asked(campaign)["rita"] == ["rita"]


def test_what_is_adopted_and_what_packages_give_is_put_to_the_same_manager(cast, package, held):
    adopt(cast.rita, cast.role("Extra")[1])
    campaign = launch(make_review(cast.catalog, scope="catalog", includes_adopted=True), actor=cast.ada)
    panel = Panel.objects.get(campaign=campaign)
    assert (panel.only_member, panel.total) == (cast.marco, 3)


def test_reviewers_stay_as_they_were_when_it_started(cast, package, held):
    campaign = launch(make_review(package), actor=cast.ada)
    User.objects.filter(manager=cast.marco).update(manager=cast.olga)
    assert asked(campaign) == {"charlie": ["marco"], "rita": ["marco"]}


def test_only_panels_that_something_comes_to_remain(cast, package, held):
    campaign = launch(named(make_review(package), fallback=[cast.ada]), actor=cast.ada)
    assert Panel.objects.filter(campaign=campaign).count() == 1
    assert PanelMember.objects.filter(panel__campaign=campaign).count() == 1


def test_where_nobody_at_all_is_left_it_waits_for_an_administrator(cast, package, held):
    disable(cast.marco, cast.olga)
    review = make_review(package)
    campaign = launch(review, actor=cast.ada)
    assert asked(campaign)["rita"] == ["ada"]
    assert rerouted(campaign)["rita"] == "administrators"


def test_how_many_were_rerouted_is_journalled(cast, package, held):
    from audit.models import Event

    User.objects.filter(pk=cast.rita.pk).update(manager=None)
    launch(make_review(package), actor=cast.ada)
    assert Event.objects.get(verb="campaign.opened").details["rerouted"] == 1
