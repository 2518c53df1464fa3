"""Rollouts: how far a change for everybody who has a package is, and delivering a package again to everybody."""

import pytest
from django.utils import timezone

from directory.models import User
from requests_app import actions, rolling_out
from requests_app.models import Rollout
from tests.cast import appoint

from .conftest import V1


@pytest.fixture
def held(cast, package):
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=timezone.now())
    return package


@pytest.fixture
def begun(held):
    return actions.reprocess_package(package=held, actor=None, why="Restored a backup", now=timezone.now())


def again(client, held, **fields):
    return client.post(f"{V1}/rollouts/", {"package": str(held.pk), "justification": "Restored a backup", **fields})


def test_a_package_manager_has_it_delivered_again_to_everybody_and_sees_how_far_it_is(cast, api, held):
    appoint(cast.catalog, cast.marco, role="accessPackageManager")
    made = again(api(cast.marco), held)
    assert made.status_code == 201
    assert (made.data["total"], made.data["done"], made.data["kind"]) == (1, 0, "reprocess")
    rolling_out.carry_all_due(now=timezone.now())
    told = api(cast.marco).get(f"{V1}/rollouts/{made.data['id']}/").data
    assert (told["done"], told["status"], told["why"]) == (1, "done", "Restored a backup")


def test_it_is_told_once_only_and_with_a_reason(cast, api, held, begun):
    assert again(api(cast.ada), held).status_code == 409
    assert again(api(cast.ada), held, justification="").status_code == 422
    assert again(api(cast.ada), held, package="nothing").status_code == 422


@pytest.mark.parametrize("role", [None, "catalogReader", "accessPackageAssignmentManager"])
def test_others_have_nothing_delivered_again(cast, api, held, role):
    if role:
        appoint(cast.catalog, cast.charlie, role=role)
    assert again(api(cast.charlie), held).status_code == 403
    assert not Rollout.objects.exists()


def test_whoever_looks_after_the_package_sees_its_rollouts_and_nobody_else(cast, api, begun):
    appoint(cast.catalog, cast.marco, role="accessPackageAssignmentManager")
    stranger = User.objects.create(username="stranger")
    for person, seen in ((cast.olga, 1), (cast.marco, 1), (cast.ada, 1), (cast.charlie, 0), (stranger, 0)):
        assert len(api(person).get(f"{V1}/rollouts/").data["results"]) == seen, person
    assert api(cast.charlie).get(f"{V1}/rollouts/{begun.pk}/").status_code == 404


def test_what_is_stuck_goes_on_when_its_manager_says_so(cast, api, begun):
    Rollout.objects.update(status="stuck", attempts=12, last_error="The database was away")
    appoint(cast.catalog, cast.marco, role="accessPackageAssignmentManager")
    appoint(cast.catalog, cast.charlie, role="accessPackageManager")
    assert api(cast.marco).post(f"{V1}/rollouts/{begun.pk}/retry/").status_code == 403
    answer = api(cast.charlie).post(f"{V1}/rollouts/{begun.pk}/retry/")
    assert (answer.status_code, answer.data["status"]) == (200, "pending")
