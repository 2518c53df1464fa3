"""Whether somebody can ask for a package, and the words for why not."""

from itertools import product

import pytest

from catalog.choices import RequestorScope
from catalog.models import AccessPackage
from directory.models import User
from portal.standing import Standing, standings
from tests.cast import Cast

from .conftest import Ask, Give


def standing_of(person: User, package: AccessPackage) -> Standing:
    fresh = AccessPackage.objects.with_contents().get(pk=package.pk)
    return standings([fresh], person=person)[package.pk]


@pytest.mark.parametrize("scope", [None, *RequestorScope.values])
def test_it_says_the_same_as_what_decides_on_requests(cast: Cast, gus: User, audrey: User, scope: str | None) -> None:
    package = cast.package("Sales: Standard Access")
    if scope:
        cast.policy(package, scope=scope).people.add(cast.rita)
    people = [cast.rita, cast.marco, cast.olga, cast.ada, gus, audrey]
    for is_enabled, catalog_enabled, visible_outside, policy_enabled in product([True, False], repeat=4):
        AccessPackage.objects.update(is_enabled=is_enabled)
        cast.catalog.is_enabled, cast.catalog.is_externally_visible = catalog_enabled, visible_outside
        cast.catalog.save()
        package.policies.update(is_enabled=policy_enabled)
        for person in people:
            standing = standing_of(person, package)
            can_ask = AccessPackage.objects.requestable_by(person).filter(pk=package.pk).exists()
            assert standing.can_ask is can_ask
            assert bool(standing.obstacle) is not can_ask


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
