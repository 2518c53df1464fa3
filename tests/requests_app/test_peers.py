"""Who else has it: the numbers that an approver sees beside a request."""

import pytest

from directory.models import User
from requests_app import actions, peers
from requests_app.models import Assignment
from requests_app.peers import Peers
from tests.cast import NOW


@pytest.fixture
def package(cast):
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None)
    return package


@pytest.fixture
def hire(cast):
    def hire(name, **fields):
        values = {"manager": cast.marco, "department": "Sales", "job_title": "Account Executive", **fields}
        return User.objects.create(username=name.lower(), display_name=name, **values)

    return hire


def test_the_team_and_those_with_the_same_job_are_counted_with_those_who_have_it(cast, package, hire):
    anna, ben, _cleo = hire("Anna"), hire("Ben", department="Service"), hire("Cleo", manager=cast.olga)
    hire("Dan", is_active=False)
    mine = hire("Me")
    for person in (anna, ben, mine):
        actions.submit(package=package, actor=person, justification="x", now=NOW)
    assert peers.of(mine, package.pk) == Peers(team=3, team_having=2, alike=2, alike_having=1)
    Assignment.objects.get(person=anna).move_to("removalPending", at=NOW)
    assert peers.of(mine, package.pk) == Peers(team=3, team_having=1, alike=2, alike_having=0)


def test_one_statement_and_none_where_there_is_nobody_to_compare_with(cast, package, hire, django_assert_num_queries):
    mine = hire("Me")
    with django_assert_num_queries(1):
        peers.of(mine, package.pk)
    with django_assert_num_queries(0):
        assert peers.of(cast.charlie, package.pk) == Peers()


def test_without_a_job_only_the_team_counts(cast, package, hire):
    hire("Anna")
    assert peers.of(cast.rita, package.pk) == Peers(team=1)
