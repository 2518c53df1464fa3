"""Whether somebody can ask for a package, and the words for why not."""

from itertools import product

import pytest

from catalog.choices import RequestorScope
from catalog.models import AccessPackage, Catalog
from directory.models import User
from portal.standing import Standing, standings
from tests.cast import Cast

from .conftest import Ask, Give


def standing_of(person: User, package: AccessPackage) -> Standing:
    fresh = AccessPackage.objects.with_contents().get(pk=package.pk)
    return standings([fresh], person=person)[package.pk]


@pytest.mark.parametrize("scope", [None, *RequestorScope.values])
def test_it_says_the_same_as_what_decides_on_requests(cast: Cast, gus: User, audrey: User, scope: str | None) -> None:
    for switches in product([True, False], repeat=4):
        is_enabled, catalog_enabled, visible_outside, policy_enabled = switches
        package = cast.package(f"Sales: {switches}")
        package.catalog, _ = Catalog.objects.get_or_create(
            name=f"Sales: {switches[1:3]}",
            defaults={"is_enabled": catalog_enabled, "is_externally_visible": visible_outside},
        )
        package.is_enabled = is_enabled
        package.save()
        if scope:
            cast.policy(package, scope=scope, is_enabled=policy_enabled).people.add(cast.rita)
    for person in (cast.rita, cast.marco, cast.olga, cast.ada, gus, audrey):
        requestable = set(AccessPackage.objects.requestable_by(person))
        packages = list(AccessPackage.objects.with_contents())
        assert len(packages) == 16
        seen = standings(packages, person=person)
        for package in packages:
            assert seen[package.pk].can_ask is (package in requestable), package.name
            assert bool(seen[package.pk].obstacle) is (package not in requestable), package.name


def test_only_the_policies_of_the_most_specific_tier_apply(cast: Cast, package: AccessPackage) -> None:
    named = cast.policy(package, name="Leads", scope="specificDirectoryUsers")
    named.people.add(cast.rita)
    assert [str(policy) for policy in standing_of(cast.rita, package).policies] == ["Leads"]
    assert [str(policy) for policy in standing_of(cast.charlie, package).policies] == ["Everybody"]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("specificDirectoryUsers", "Only named people and groups can ask for it."),
        ("allMemberUsers", "Only members of the organisation can ask for it, not guests."),
        ("notSpecified", "Nobody asks for it: Olga assigns it."),
        (None, "Nobody can ask for it at present: it has no policy that takes requests."),
    ],
)
def test_the_obstacle_is_said_in_words(cast: Cast, gus: User, scope: str | None, words: str) -> None:
    package = cast.package("Sales: Standard Access")
    if scope:
        cast.policy(package, scope=scope)
    assert standing_of(gus, package).obstacle == words


def test_whoever_has_it_or_has_asked_for_it_cannot_ask(cast: Cast, package, give: Give, ask: Ask) -> None:
    access_request = ask(package, cast.rita)
    assert standing_of(cast.rita, package).access_request == access_request
    assert not standing_of(cast.rita, package).can_ask
    assignment = give(package, cast.charlie)
    assert standing_of(cast.charlie, package).assignment == assignment
    assert not standing_of(cast.charlie, package).can_ask
    assert standing_of(cast.marco, package).can_ask


def test_four_statements_answer_for_any_number_of_packages(cast: Cast, package, django_assert_num_queries) -> None:
    for number in range(5):
        cast.policy(cast.package(f"Sales: Region {number}"))
    packages = list(AccessPackage.objects.with_contents())
    with django_assert_num_queries(4):
        assert all(standing.can_ask for standing in standings(packages, person=cast.rita).values())
