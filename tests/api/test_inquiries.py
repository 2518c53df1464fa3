"""Asking for information, answering and approving for a shorter time in the REST API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from requests_app.models import Inquiry

from .conftest import V1, problem


@pytest.fixture
def approval(access_request):
    return access_request.approvals.get()


def post(client, thing, what, **body):
    kind = "approvals" if what in ("ask", "approve", "deny") else "requests"
    return client.post(f"{V1}/{kind}/{thing.pk}/{what}/", body, format="json")


def test_an_approver_asks_and_the_requester_answers(cast, api, access_request, approval):
    asked = post(api(cast.marco), approval, "ask", question="For which customers?")
    assert asked.status_code == 201
    (stage,) = asked.json()["approvals"]
    (inquiry,) = stage["inquiries"]
    assert (inquiry["question"], inquiry["is_open"]) == ("For which customers?", True)
    assert stage["paused_at"]
    answered = post(api(cast.rita), access_request, "answer", inquiry=inquiry["id"], answer="For the north")
    assert answered.status_code == 200
    (stage,) = answered.json()["approvals"]
    assert (stage["inquiries"][0]["answer"], stage["paused_at"]) == ("For the north", None)
    assert stage["inquiries"][0]["answered_by"]["username"] == "rita"


def test_outsiders_and_bad_input_are_refused(cast, api, access_request, approval):
    assert post(api(cast.charlie), approval, "ask", question="Why?").status_code == 404
    problem(post(api(cast.olga), approval, "ask", question="Why?"), 403, "not-permitted")
    assert post(api(cast.marco), approval, "ask", question=" ").status_code == 422
    assert post(api(cast.marco), approval, "ask", question="Why?").status_code == 201
    assert post(api(cast.marco), approval, "ask", question="And?").status_code == 409
    inquiry = Inquiry.objects.get()
    problem(post(api(cast.marco), access_request, "answer", inquiry=str(inquiry.pk), answer="X"), 403, "not-permitted")
    assert post(api(cast.rita), access_request, "answer", inquiry=str(approval.pk), answer="X").status_code == 422


def test_a_request_is_approved_for_fewer_days(cast, api, approval):
    answer = post(api(cast.marco), approval, "approve", days=7)
    assert answer.status_code == 200
    assert (answer.json()["duration"], answer.json()["shortened_by"]["username"]) == ("P7D", "marco")


def test_a_request_is_approved_until_a_moment(cast, api, approval):
    until = timezone.now() + timedelta(days=3)
    answer = post(api(cast.marco), approval, "approve", ends_at=until.isoformat())
    assert answer.json()["ends_at"][:16] == until.strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("body", [{"days": 30}, {"days": 0}, {"days": 3, "ends_at": "2099-01-01T00:00:00Z"}])
def test_a_period_that_is_no_shorter_is_refused_and_nothing_is_decided(cast, api, approval, body):
    assert post(api(cast.marco), approval, "approve", **body).status_code in (400, 422)
    approval.refresh_from_db()
    assert approval.decided_at is None
