"""Extending through the REST API: whether it can be, asking, and every refusal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from requests_app import actions
from requests_app.models import Assignment

from .conftest import V1, problem


@pytest.fixture
def assignment(cast, policy):
    """What Rita has ends in ten days."""
    asked = actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=timezone.now())
    Assignment.objects.update(ends_at=timezone.now() + timedelta(days=10))
    return Assignment.objects.get()


@pytest.fixture
def address(assignment):
    return f"{V1}/assignments/{assignment.pk}/"


WHY = {"justification": "The quarter is not over"}


def test_an_assignment_tells_until_when_it_can_be_extended(cast, api, address, assignment):
    told = api(cast.rita).get(address).json()["extension"]
    assert told["is_possible"] is True
    assert told["policy"]["name"] == "Everybody"
    assert told["ends_at"] == (assignment.ends_at + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    assert told["obstacle"] == ""


def test_asking_answers_with_the_request(cast, api, address, assignment):
    answer = api(cast.rita).post(f"{address}extend/", WHY)
    told = answer.json()
    assert answer.status_code == 201, told
    assert answer["Location"].endswith(f"/requests/{told['id']}/")
    assert (told["kind"], told["status"], told["assignment"]) == ("userUpdate", "pendingApproval", str(assignment.pk))
    assert told["wanted_end"] == (assignment.ends_at + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    obstacle = api(cast.rita).get(address).json()["extension"]
    assert obstacle["is_possible"] is False
    assert "open request" in obstacle["obstacle"]


def test_every_refusal_says_why(cast, api, address, assignment):
    document = problem(api(cast.rita).post(f"{address}extend/", {}), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "#/justification"
    problem(api(cast.ada).post(f"{address}extend/", WHY), 403, "not-permitted")
    problem(api(cast.charlie).post(f"{address}extend/", WHY), 404, "not-found")
    api(cast.rita).post(f"{address}extend/", WHY)
    problem(api(cast.rita).post(f"{address}extend/", WHY), 409, "already-requested")
    actions.give_back(assignment=assignment, actor=cast.rita, now=timezone.now())
    problem(api(cast.rita).post(f"{address}extend/", WHY), 409, "conflict")


def test_what_the_policy_does_not_allow_is_told_with_the_reason(cast, api, address, policy):
    policy.is_extension_allowed = False
    policy.save()
    document = problem(api(cast.rita).post(f"{address}extend/", WHY), 422, "invalid-input")
    assert document["detail"] == "Its policy “Everybody” allows no extension."


def test_whoever_looks_after_the_package_moves_the_end(cast, api, address, assignment):
    new = (timezone.now() + timedelta(days=90)).replace(microsecond=0).isoformat()
    given = {"ends_at": new, "justification": "The project goes on"}
    problem(api(cast.rita).post(f"{address}change-end/", given), 403, "not-permitted")
    answer = api(cast.olga).post(f"{address}change-end/", given)
    assert answer.status_code == 200, answer.json()
    assert answer.json()["ends_at"] == new.replace("+00:00", "Z")
    document = problem(api(cast.olga).post(f"{address}change-end/", {**given, "ends_at": "soon"}), 422, "invalid-input")
    assert document["errors"][0]["pointer"] == "#/ends_at"
    problem(api(cast.olga).post(f"{address}change-end/", given), 422, "invalid-input")
