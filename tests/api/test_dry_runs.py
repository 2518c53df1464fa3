"""Dry runs in the REST API: what delivering once more would change, for whoever may have it delivered, and no more."""

import pytest
from django.utils import timezone

from audit.models import Event
from directory.models import Group
from provisioning.delivery import perform_all_due
from provisioning.models import Connector, Operation
from requests_app import actions
from requests_app.models import Assignment
from tests.cast import appoint

from .conftest import V1


@pytest.fixture
def held(cast, package):
    """A package that Rita and Charlie have; somebody took Charlie's by hand."""
    cast.policy(package, approver=None)
    for person in (cast.rita, cast.charlie):
        actions.submit(package=package, actor=person, justification="New in Sales", now=timezone.now())
    perform_all_due(now=timezone.now())
    name = package.package_roles.get().resource_role.resource.name
    Group.objects.get(name=name).memberships.filter(person=cast.charlie).delete()
    return package


def lines_of(answer):
    return [(line["person"]["username"], line["is_wanted"], line["is_there"], line["step"]) for line in answer["lines"]]


EXPECTED = [("charlie", True, False, "give"), ("rita", True, True, "nothing")]


def test_it_lists_what_would_change_first_and_changes_nothing(cast, api, held):
    appoint(cast.catalog, cast.marco, role="accessPackageManager")
    before = (Event.objects.count(), Operation.objects.count())
    answer = api(cast.marco).get(f"{V1}/rollouts/dry-run/", {"package": str(held.pk)})
    assert answer.status_code == 200
    assert lines_of(answer.data) == EXPECTED
    assert answer.data["is_cut"] is False
    assert answer.data["lines"][0]["role"]["system"] == cast.system.slug
    assert (Event.objects.count(), Operation.objects.count()) == before


def test_a_system_is_looked_through_for_administrators_alone(cast, api, held):
    asked = {"system": cast.system.slug}
    assert lines_of(api(cast.ada).get(f"{V1}/rollouts/dry-run/", asked).data) == EXPECTED
    assert api(cast.olga).get(f"{V1}/rollouts/dry-run/", asked).status_code == 400


def test_one_assignment_is_looked_at_by_whoever_looks_after_the_package(cast, api, held):
    address = f"{V1}/assignments/{Assignment.objects.get(person=cast.charlie).pk}/dry-run/"
    assert lines_of(api(cast.olga).get(address).data) == EXPECTED[:1]
    assert api(cast.charlie).get(address).status_code == 403
    assert api(cast.rita).get(address).status_code == 404


def test_a_system_that_is_away_is_told_as_unknown_with_the_reason(cast, api, held):
    Connector.objects.update(is_enabled=False)
    answer = api(cast.ada).get(f"{V1}/rollouts/dry-run/", {"package": str(held.pk)})
    assert {(line["is_there"], line["step"]) for line in answer.data["lines"]} == {(None, "unknown")}
    assert "switched off" in answer.data["lines"][0]["why_unknown"]


@pytest.mark.parametrize("asked", [{}, {"package": "nothing"}, {"system": "nowhere"}, {"package": "", "system": "x"}])
def test_what_is_not_to_be_understood_is_refused(cast, api, held, asked):
    assert api(cast.ada).get(f"{V1}/rollouts/dry-run/", asked).status_code == 400


def test_whoever_may_not_have_it_delivered_again_does_not_see_what_that_would_change(cast, api, held):
    appoint(cast.catalog, cast.marco, role="accessPackageAssignmentManager")
    asked = {"package": str(held.pk)}
    assert api(cast.marco).get(f"{V1}/rollouts/dry-run/", asked).status_code == 403
    assert api(cast.rita).get(f"{V1}/rollouts/dry-run/", asked).status_code == 403
    assert api(cast.ada).post(f"{V1}/rollouts/dry-run/", asked).status_code == 405
