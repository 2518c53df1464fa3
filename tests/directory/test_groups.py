"""Groups in groups: the closure says at every moment who belongs where, by whichever way."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from directory import actions
from directory.models import Group, GroupClosure, Membership, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def anna():
    return User.objects.create_user("anna")


def groups(names):
    return [Group.objects.create(name=name) for name in names]


def nest(parent, child):
    actions.nest_group(parent=parent, child=child, actor=None, now=NOW)


def unnest(parent, child):
    actions.unnest_group(parent=parent, child=child, actor=None, now=NOW)


def closure():
    pairs = GroupClosure.objects.values_list("ancestor__name", "descendant__name")
    return {above + below for above, below in pairs if above != below}


def enclosing(person):
    return {group.name for group in Group.objects.enclosing(person.pk)}


def test_a_group_is_inside_itself_and_nowhere_else():
    groups("ab")
    assert GroupClosure.objects.count() == 2
    assert closure() == set()


def test_nesting_is_recorded_once():
    a, b = groups("ab")
    nest(a, b)
    nest(a, b)
    assert closure() == {"ab"}
    assert Event.objects.filter(verb="group.nested").count() == 1


def test_members_five_deep_belong_to_all_that_encloses_them(anna):
    chain = groups("abcde")
    for parent, child in pairwise(chain):
        nest(parent, child)
    actions.add_member(group=chain[-1], person=anna, actor=None, now=NOW)
    assert enclosing(anna) == set("abcde")
    assert Membership.objects.effective_in([chain[0].pk]).get().person == anna
    assert User.objects.in_groups([chain[2].pk]).get() == anna


def test_joining_two_chains_links_everything_above_with_everything_below():
    a, b, c, d = groups("abcd")
    nest(a, b)
    nest(c, d)
    nest(b, c)
    assert closure() == {"ab", "ac", "ad", "bc", "bd", "cd"}


def test_in_a_diamond_everybody_counts_once(anna):
    a, b, c, d = groups("abcd")
    for parent, child in ((a, b), (a, c), (b, d), (c, d)):
        nest(parent, child)
    actions.add_member(group=d, person=anna, actor=None, now=NOW)
    assert Membership.objects.effective_in([a.pk]).count() == 1
    assert enclosing(anna) == set("abcd")


def test_taking_one_side_of_a_diamond_away_keeps_the_other(anna):
    a, b, c, d = groups("abcd")
    for parent, child in ((a, b), (a, c), (b, d), (c, d)):
        nest(parent, child)
    actions.add_member(group=d, person=anna, actor=None, now=NOW)
    unnest(b, d)
    assert closure() == {"ab", "ac", "ad", "cd"}
    assert enclosing(anna) == set("acd")
    unnest(c, d)
    assert enclosing(anna) == {"d"}


def test_taking_the_middle_of_a_chain_away_parts_it_and_keeps_both_ends():
    a, b, c, d = groups("abcd")
    for parent, child in ((a, b), (b, c), (c, d)):
        nest(parent, child)
    unnest(b, c)
    assert closure() == {"ab", "cd"}


def test_taking_away_what_is_only_nested_deeper_changes_nothing():
    a, b, c = groups("abc")
    nest(a, b)
    nest(b, c)
    unnest(a, c)
    assert closure() == {"ab", "ac", "bc"}
    assert not Event.objects.filter(verb="group.unnested").exists()


@pytest.mark.parametrize(("parent", "child"), [(0, 0), (1, 0), (4, 0), (3, 1)])
def test_a_circle_is_refused(parent, child):
    chain = groups("abcde")
    for above, below in pairwise(chain):
        nest(above, below)
    before = closure()
    with pytest.raises(ValidationError) as refusal:
        nest(chain[parent], chain[child])
    assert refusal.value.code == "cycle"
    assert closure() == before


def test_only_administrators_nest(anna):
    a, b = groups("ab")
    with pytest.raises(PermissionDenied):
        actions.nest_group(parent=a, child=b, actor=anna, now=NOW)
    assert closure() == set()


def test_asking_for_the_groups_of_a_person_is_one_query(anna, django_assert_num_queries):
    groups("abc")
    with django_assert_num_queries(1):
        list(Group.objects.enclosing(anna.pk))
