"""Who is let in: tokens, sessions, nobody; and how fast they may knock."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from audit.models import Event
from directory.models import User
from requests_app import actions
from requests_app.models import AccessRequest, Assignment

from .conftest import V1, problem

SOMETHING = UUID(int=7)
READS = [
    "me/", "catalogs/", f"catalogs/{SOMETHING}/", "packages/", f"packages/{SOMETHING}/", "requests/",
    f"requests/{SOMETHING}/", f"requests/{SOMETHING}/timeline/", "approvals/", f"approvals/{SOMETHING}/",
    "assignments/", f"assignments/{SOMETHING}/", "events/", "nothing/of/the/kind/",
]  # fmt: skip
WRITES = [
    "requests/", f"requests/{SOMETHING}/cancel/", f"approvals/{SOMETHING}/approve/", f"approvals/{SOMETHING}/deny/",
    "assignments/", f"assignments/{SOMETHING}/give-back/", f"assignments/{SOMETHING}/revoke/",
]  # fmt: skip


def bearer(person, **fields):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {AuthToken.objects.create(person, **fields)[1]}")
    return client


@pytest.mark.parametrize("address", READS)
def test_a_stranger_reads_nothing(cast, api, address):
    answer = api().get(f"{V1}/{address}")
    assert problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("address", WRITES)
def test_a_stranger_changes_nothing(cast, api, address):
    answer = api().post(f"{V1}/{address}", {})
    assert problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("address", [address for address in READS if str(SOMETHING) in address])
def test_what_is_not_there_is_not_found(cast, api, address):
    for person in (cast.charlie, cast.ada):
        document = problem(api(person).get(f"{V1}/{address}"), 404, "not-found")
        assert "matches" not in document["detail"], "the names of models are nobody's business"


@pytest.mark.parametrize("address", [address for address in WRITES if str(SOMETHING) in address])
def test_nothing_is_done_to_what_is_not_there(cast, api, address):
    for person in (cast.charlie, cast.ada):
        assert problem(api(person).post(f"{V1}/{address}", {}), 404, "not-found")


def test_a_token_tells_whom_it_speaks_for(cast):
    told = bearer(cast.rita).get(f"{V1}/me/").json()
    assert told["username"] == "rita"
    assert told["manager"] == {"id": str(cast.marco.pk), "username": "marco", "display_name": "Marco"}
    assert told["is_administrator"] is False
    assert bearer(cast.ada).get(f"{V1}/me/").json()["is_administrator"] is True


def test_the_token_of_somebody_disabled_opens_nothing(cast):
    client = bearer(cast.rita)
    cast.rita.is_active = False
    cast.rita.save()
    answer = client.get(f"{V1}/me/")
    assert problem(answer, 401, "not-authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_opens_nothing(cast):
    client = bearer(cast.rita, expiry=timedelta(seconds=-1))
    assert problem(client.get(f"{V1}/me/"), 401, "not-authenticated")


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer x y", "Bearer \xff\xfe", "Basic cml0YTp4", "x"])
def test_what_is_no_token_opens_nothing(cast, header):
    assert problem(APIClient().get(f"{V1}/me/", HTTP_AUTHORIZATION=header), 401, "not-authenticated")


def test_a_session_without_its_csrf_token_changes_nothing(cast, access_request):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.rita)
    answer = client.post(f"{V1}/requests/{access_request.pk}/cancel/")
    assert "CSRF" in problem(answer, 403, "not-permitted")["detail"]
    assert AccessRequest.objects.get().is_open


def test_a_session_with_its_csrf_token_and_a_token_without_one_change_things(cast, access_request):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.marco)
    client.cookies["csrftoken"] = "a" * 32
    approval = f"{V1}/approvals/{access_request.approvals.get().pk}"
    answer = client.post(f"{approval}/approve/", {}, format="json", HTTP_X_CSRFTOKEN="a" * 32)
    assert answer.status_code == 200
    [assignment] = bearer(cast.rita).get(f"{V1}/assignments/").json()["results"]
    strict = APIClient(enforce_csrf_checks=True)
    strict.credentials(HTTP_AUTHORIZATION=f"Bearer {AuthToken.objects.create(cast.rita)[1]}")
    assert strict.post(f"{V1}/assignments/{assignment['id']}/give-back/").status_code == 200


def test_whoever_asks_too_often_is_told_when_to_go_on(cast, api, monkeypatch):
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    client = api(cast.rita)
    assert [client.get(f"{V1}/me/").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get(f"{V1}/me/")
    assert problem(answer, 429, "too-many-requests")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert api(cast.marco).get(f"{V1}/me/").status_code == 200, "others are not held up"


def test_moments_are_told_in_utc_whatever_zone_the_pages_show(cast, api, access_request, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    told = api(cast.rita).get(f"{V1}/requests/{access_request.pk}/").json()
    event = api(cast.ada).get(f"{V1}/events/").json()["results"][0]
    for moment in (told["submitted_at"], told["approvals"][0]["due_at"], event["occurred_at"]):
        assert moment.endswith("Z")


def test_an_auditor_reads_everything_and_changes_nothing(cast, api, access_request):
    auditor = api(User.objects.create(username="audrey", is_auditor=True))
    given = cast.package("Sales: Campaign Access")
    policy = cast.policy(given, approver=None)
    actions.submit(package=given, actor=cast.rita, justification="x", now=timezone.now())
    assignment = Assignment.objects.get()
    approval = access_request.approvals.get()
    for address in (f"requests/{access_request.pk}", f"approvals/{approval.pk}", f"assignments/{assignment.pk}"):
        assert auditor.get(f"{V1}/{address}/").status_code == 200
    before = Event.objects.count()
    for address in (
        f"requests/{access_request.pk}/cancel",
        f"approvals/{approval.pk}/approve",
        f"approvals/{approval.pk}/deny",
        f"assignments/{assignment.pk}/give-back",
        f"assignments/{assignment.pk}/revoke",
    ):
        assert problem(auditor.post(f"{V1}/{address}/", {}), 403, "not-permitted")
    assert problem(
        auditor.post(f"{V1}/assignments/", {"policy": str(policy.pk), "person": "charlie"}), 403, "not-permitted"
    )
    assert Event.objects.count() == before
