"""Whom a policy reaches, said of everybody, is what is said of each one by themselves."""

from itertools import combinations

import pytest

from catalog.choices import RequestorScope
from catalog.models import Policy
from catalog.models.policies import TIERS
from catalog.reach import Reach, in_words, people_in, people_under, reach_of
from directory import actions as directory
from directory.models import ConnectedOrganisation, Group, OrganisationState, PersonKind, User
from tests.cast import NOW

Scope = RequestorScope
ASKING = [scope for scope in TIERS if scope != Scope.EMERGENCY]


@pytest.fixture
def package(cast):
    return cast.package("Sales: Partner Access", cast.role("Partners")[1])


@pytest.fixture
def policies(cast, package):
    """One policy of each scope, the named ones naming some; and guests from everywhere."""
    organisations = [
        directory.save_organisation(
            organisation=ConnectedOrganisation(name=name, state=state), domains=[f"{name}.example"], actor=None, now=NOW
        )
        for name, state in (("northwind", OrganisationState.CONFIGURED), ("contoso", OrganisationState.PROPOSED))
    ]
    guests = [
        directory.save_person(
            person=User(username=name, display_name=name.title(), email=f"x@{name}.example", kind=PersonKind.GUEST),
            actor=None,
            now=NOW,
        )
        for name in ("northwind", "contoso", "elsewhere")
    ]
    outer, inner = Group.objects.create(name="Outer"), Group.objects.create(name="Inner")
    directory.nest_group(parent=outer, child=inner, actor=None, now=NOW)
    for person in (cast.rita, guests[0]):
        directory.add_member(group=inner, person=person, actor=None, now=NOW)
    directory.disable_person(person=cast.olga, actor=cast.ada, now=NOW)
    made = {scope: cast.policy(package, scope=scope, name=str(scope)) for scope in ASKING}
    made[Scope.SPECIFIC].people.add(cast.charlie, cast.olga)
    made[Scope.SPECIFIC].groups.add(outer)
    made[Scope.ORGANISATIONS].organisations.add(organisations[1])
    return made


@pytest.mark.parametrize("is_open_to_guests", [True, False])
def test_what_is_said_of_everybody_is_what_is_said_of_each(cast, package, policies, is_open_to_guests):
    cast.catalog.is_externally_visible = is_open_to_guests
    cast.catalog.save()
    people = list(User.objects.enabled())
    for pair in (*((scope,) for scope in ASKING), *combinations(ASKING, 2)):
        Policy.objects.update(is_enabled=False)
        Policy.objects.filter(scope__in=pair).update(is_enabled=True)
        matches = {one: set(Policy.objects.matching(one).values_list("pk", flat=True)) for one in people}
        applies = {one: set(Policy.objects.applicable(one).values_list("pk", flat=True)) for one in people}
        for scope in pair:
            policy = Policy.objects.select_related("package__catalog").get(scope=scope)
            matching = {one for one in people if policy.pk in matches[one]}
            applying = {one for one in people if policy.pk in applies[one]}
            assert set(people_in(policy)) == matching, scope
            seen = applying if is_open_to_guests else {one for one in applying if not one.is_guest}
            assert set(people_under(policy)) == seen, pair


def test_it_is_said_in_words(cast, policies):
    Policy.objects.exclude(scope=Scope.SPECIFIC).update(is_enabled=False)
    assert in_words(reach_of(policies[Scope.SPECIFIC])) == "3 people now: Charlie, Northwind and Rita."
    assert in_words(reach_of(policies[Scope.NOBODY])) == "Nobody at present."
    assert in_words(Reach(1, ("Ada",))) == "1 person now: Ada."
    assert in_words(Reach(214, ("Ada", "Ben", "Cara"))) == "214 people now, for example Ada, Ben and Cara."


def test_a_guest_of_a_configured_organisation_is_not_among_those_of_a_proposed_one(policies):
    assert [one.username for one in people_in(policies[Scope.ORGANISATIONS])] == ["contoso"]
    assert [one.username for one in people_in(policies[Scope.ALL_CONFIGURED])] == ["northwind"]
