"""Assignments: what is delivered, giving back, revoking and assigning directly."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from directory.models import Group
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.lifecycle import AssignmentStatus
from requests_app.models import AccessRequest, Assignment

from .conftest import V1, problem


@pytest.fixture
def assignment(cast, package):
    """Rita has the package; its role is on its way."""
    cast.policy(package, approver=None)
    actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=timezone.now())
    return Assignment.objects.get()


@pytest.fixture
def direct(cast, package):
    return cast.policy(package, approver=None, scope="notSpecified")


def deliver():
    assert perform_all_due(now=timezone.now() + timedelta(seconds=1))


def assign(client, policy, person, **fields):
    return client.post(f"{V1}/assignments/", {"policy": str(policy.pk), "person": str(person), **fields})


def test_each_role_tells_whether_it_is_there(cast, api, assignment):
    address = f"{V1}/assignments/{assignment.pk}/"
    told = api(cast.rita).get(address).json()
    [role] = told["roles"]
    assert (told["status"], role["status"], role["verified_at"]) == ("delivering", "pending", None)
    deliver()
    told = api(cast.rita).get(address).json()
    [role] = told["roles"]
    assert (told["status"], role["status"]) == ("delivered", "verified")
    assert role["role"]["resource"]["name"] == "Sales EMEA"
    assert role["verified_at"].endswith("Z")
    assert role["was_there_before"] is False
    assert role["last_error"] == ""
    assert told["ends_at"] > told["delivered_at"] >= told["starts_at"]


def test_a_role_that_failed_says_why(cast, api, assignment):
    Group.objects.all().delete()
    deliver()
    [role] = api(cast.rita).get(f"{V1}/assignments/{assignment.pk}/").json()["roles"]
    assert role["status"] == "failed"
    assert role["last_error"]


def test_those_whom_it_concerns_see_it_and_nobody_else(cast, api, assignment):
    for person in (cast.rita, cast.marco, cast.olga, cast.ada):
        [row] = api(person).get(f"{V1}/assignments/").json()["results"]
        assert row["id"] == str(assignment.pk)
        assert api(person).get(f"{V1}/assignments/{assignment.pk}/").status_code == 200
    assert api(cast.charlie).get(f"{V1}/assignments/").json()["results"] == []
    assert problem(api(cast.charlie).get(f"{V1}/assignments/{assignment.pk}/"), 404, "not-found")
    for what in ("give-back", "revoke"):
        address = f"{V1}/assignments/{assignment.pk}/{what}/"
        assert problem(api(cast.charlie).post(address, {}), 404, "not-found")
        assert problem(api(cast.marco).post(address, {}), 403, "not-permitted"), "a manager sees it, and no more"
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERING


def test_one_gives_back_what_one_has_and_only_once(cast, api, assignment):
    deliver()
    address = f"{V1}/assignments/{assignment.pk}/give-back/"
    for person in (cast.olga, cast.ada):
        document = problem(api(person).post(address), 403, "not-permitted")
        assert document["detail"] == "Only the person who has it gives it back."
    answer = api(cast.rita).post(address)
    assert answer.status_code == 200
    assert answer.json()["status"] == "removalPending"
    assert answer.json()["ended_at"].endswith("Z")
    assert answer.json()["roles"][0]["status"] == "removalPending"
    document = problem(api(cast.rita).post(address), 409, "conflict")
    assert document["detail"] == "This access has ended already."
    deliver()
    told = api(cast.rita).get(f"{V1}/assignments/{assignment.pk}/").json()
    assert (told["status"], told["roles"][0]["status"]) == ("ended", "removed")


def test_those_who_look_after_a_package_revoke_it(cast, api, assignment):
    address = f"{V1}/assignments/{assignment.pk}/revoke/"
    document = problem(api(cast.rita).post(address, {}), 403, "not-permitted")
    assert document["detail"] == "Only those who look after the package take it away."
    answer = api(cast.olga).post(address, {"justification": "Left the team"})
    assert answer.status_code == 200
    assert answer.json()["status"] in ("removalPending", "ended")
    event = api(cast.ada).get(f"{V1}/events/?verb=assignment.ended").json()["results"][0]
    assert event["details"]["why"] == "Left the team"
    assert event["actor_label"] == "Olga"
    assert event["source"] == "api"
    assert problem(api(cast.ada).post(address, {}), 409, "conflict")


def test_those_who_look_after_a_package_assign_it(cast, api, direct):
    answer = assign(api(cast.olga), direct, cast.rita.pk, justification="Project")
    told = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{V1}/requests/{told['id']}/"
    assert (told["kind"], told["status"]) == ("adminAdd", "delivering")
    assert told["person"]["username"] == "rita"
    assert told["requested_by"]["username"] == "olga"
    assert told["assignment"] == str(Assignment.objects.get(person=cast.rita).pk)
    assert assign(api(cast.ada), direct, "CHARLIE").json()["person"]["username"] == "charlie"
    assert "has this package already" in problem(assign(api(cast.olga), direct, "rita"), 409, "already-held")["detail"]


def test_nobody_else_assigns_or_learns_who_there_is(cast, api, package):
    policy = cast.policy(package, approver=None)
    for person in ("charlie", "nobody"):
        document = problem(assign(api(cast.marco), policy, person), 403, "not-permitted")
        assert document["detail"] == "Only those who look after the package assign it."
    assert not AccessRequest.objects.exists()


def test_a_policy_of_a_package_that_one_may_not_see_looks_like_none(cast, api, direct):
    hidden = problem(assign(api(cast.charlie), direct, "rita"), 422, "invalid-input")["errors"]
    assert [error["pointer"] for error in hidden] == ["#/policy"]
    direct.pk = uuid4()
    assert problem(assign(api(cast.charlie), direct, "rita"), 422, "invalid-input")["errors"] == hidden


def test_somebody_unknown_or_disabled_is_not_assigned_anything(cast, api, direct):
    document = problem(assign(api(cast.olga), direct, "nobody"), 422, "invalid-input")
    assert [error["pointer"] for error in document["errors"]] == ["#/person"]
    cast.rita.is_active = False
    cast.rita.save()
    document = problem(assign(api(cast.olga), direct, "rita"), 422, "invalid-input")
    assert document["detail"] == "Rita is disabled."
    assert document["errors"] == [{"detail": "Rita is disabled.", "code": "invalid"}]


def test_the_list_is_narrowed(cast, api, assignment):
    def listed(query):
        return len(api(cast.olga).get(f"{V1}/assignments/?{query}").json()["results"])

    assert listed("") == listed("status=delivering") == listed(f"person={cast.rita.pk}") == 1
    assert listed(f"package={assignment.package_id}") == 1
    assert listed("status=ended") == listed(f"person={cast.marco.pk}") == listed(f"package={uuid4()}") == 0
