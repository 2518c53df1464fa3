"""Every kind of problem, told exactly; and what nobody foresaw stays a 500."""

import pytest
from django.test import Client

from accessgov import problems
from requests_app import actions
from requests_app.models import AccessRequest

from .conftest import V1, problem


def post(client, address, body="{}", **options):
    return client.post(f"{V1}/{address}", data=body, **{"content_type": "application/json", **options})


def test_a_problem_is_told_in_full(cast, api, policy):
    answer = api(cast.rita).post(f"{V1}/requests/", {"package": str(policy.package_id)})
    assert answer.json() == {
        "type": "/api/problems/invalid-input/",
        "title": "The body is well-formed, but cannot be accepted",
        "status": 422,
        "detail": "Say why you need it.",
        "errors": [{"pointer": "#/justification", "detail": "Say why you need it.", "code": "invalid"}],
        "instance": f"urn:uuid:{answer['X-Correlation-ID']}",
    }


@pytest.mark.parametrize("slug", problems.ALL)
def test_the_type_of_a_problem_is_an_address_that_explains_it(api, slug):
    told = api().get(problems.ALL[slug].type).json()
    assert told["type"] == f"/api/problems/{slug}/"
    assert told["status"] == problems.ALL[slug].status
    assert told["title"]
    assert told["meaning"]


@pytest.mark.parametrize("body", ["{", "", "nonsense", '{"package": NaN}', "\ud800", "[" * 100_000])
def test_a_body_that_is_no_json_is_refused(cast, api, body):
    answer = post(api(cast.rita), "requests/", body.encode(errors="surrogatepass") or b" ")
    assert "errors" not in problem(answer, 400, "malformed-request")


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", "{}", '{"package": {}}', '{"package": "x"}'])
def test_json_of_another_shape_is_refused(cast, api, body):
    assert problem(post(api(cast.rita), "requests/", body), 422, "invalid-input")["errors"]


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "x" * 4001])
def test_text_that_no_database_takes_is_refused_with_its_place(cast, api, policy, text):
    body = f'{{"package": "{policy.package_id}", "justification": "{text}"}}'
    document = problem(post(api(cast.rita), "requests/", body), 422, "invalid-input")
    assert [error["pointer"] for error in document["errors"]] == ["#/justification"]


def test_a_body_without_end_is_refused(cast, api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = '{"justification": "%s"}' % ("x" * 1000)
    assert problem(post(api(cast.rita), "requests/", body), 413, "body-too-large")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_kind_is_refused(cast, api, media_type):
    answer = post(api(cast.rita), "requests/", "package=x", content_type=media_type)
    assert problem(answer, 415, "unsupported-media-type")


def test_only_json_is_to_be_had(cast, api):
    assert problem(api(cast.rita).get(f"{V1}/me/", HTTP_ACCEPT="text/html"), 406, "not-acceptable")


def test_what_cannot_be_done_says_what_can(cast, api, access_request):
    answer = api(cast.rita).delete(f"{V1}/requests/{access_request.pk}/")
    assert problem(answer, 405, "method-not-allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("requests/?cursor=nonsense", "cursor"),
        ("catalogs/?cursor=nonsense", "cursor"),
        ("catalogs/?cursor=cD14", "cursor"),
        ("packages/?page_size=0", "page_size"),
        ("packages/?catalog=x", "catalog"),
        ("packages/?q=%00", "q"),
        (f"packages/?q={'x' * 201}", "q"),
        ("requests/?status=x", "status"),
        ("assignments/?person=x", "person"),
        ("events/?verb=x", "verb"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(cast, api, address, parameter):
    document = problem(api(cast.ada).get(f"{V1}/{address}"), 400, "invalid-parameters")
    assert [error["parameter"] for error in document["errors"]] == [parameter]


@pytest.mark.parametrize("name", ["catalogs", "packages", "requests", "approvals", "assignments", "events"])
def test_a_list_tells_what_it_can_do(cast, api, name):
    answer = api(cast.ada).options(f"{V1}/{name}/")
    assert answer.status_code == 200
    assert ("POST" in answer["Allow"]) == (name in ("requests", "assignments"))


def test_an_address_that_is_none_is_a_problem_and_not_a_page(cast, api):
    assert problem(api(cast.ada).get("/api/v1/nothing/"), 404, "not-found")
    assert problem(api(cast.ada).get("/api/v2/requests/"), 404, "not-found")
    assert problem(api(cast.ada).get(f"{V1}/requests/not-an-id/"), 404, "not-found")
    assert api(cast.ada).get("/api/v1/packages").status_code == 301


def test_what_nobody_foresaw_stays_a_500(cast, access_request, monkeypatch):
    def fail(**_facts):
        raise RuntimeError("out of order")

    monkeypatch.setattr(actions, "cancel_request", fail)
    client = Client(raise_request_exception=False)
    client.force_login(cast.rita)
    answer = client.post(f"{V1}/requests/{access_request.pk}/cancel/")
    assert answer.status_code == 500
    assert "out of order" not in answer.content.decode()
    assert AccessRequest.objects.get().is_open
