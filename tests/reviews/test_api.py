"""Reviews by the API: listed, set up, changed, started and deleted, by whoever may."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.choices import DelegatedRole
from reviews.choices import ReviewScope
from reviews.models import Campaign, Review
from tests.cast import appoint

from .conftest import make_review

HERE = "/api/v1/reviews/"
IN_A_WEEK = timezone.localdate() + timedelta(days=7)


@pytest.fixture
def api(cast: Any, client: Any) -> Any:
    """The browser of Charlie, who manages the packages of the catalog."""
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    client.force_login(cast.charlie)
    return client


def body(package: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "Sales, each quarter",
        "scope": "package",
        "package": str(package.pk),
        "frequency": "quarterly",
        "starts_on": IN_A_WEEK.isoformat(),
        "stages": [{"reviewers": "manager", "duration": "P7D"}],
        **more,
    }


def posted(api: Any, given: dict[str, Any], address: str = HERE) -> Any:
    return api.post(address, given, content_type="application/json")


def test_a_review_is_set_up_and_told_back_in_words(cast, api, package) -> None:
    second = {"reviewers": "people", "people": [str(cast.olga.pk)], "takes": ["deny", "dontKnow"]}
    given = body(package, told_at_end=[str(cast.olga.pk)])
    given["stages"].append(second)
    answer = posted(api, given)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert answer.headers["Location"].endswith(f"{HERE}{told['id']}/")
    assert "then by Olga within 14 days" in told["sentence"]
    assert [stage["duration"] for stage in told["stages"]] == ["P7D", "P14D"]
    assert told["stages"][1]["takes"] == ["deny", "dontKnow"]
    assert len(told["next_starts"]) == 5
    assert told["next_starts"][0] == told["next_at"]
    assert Review.objects.get(pk=told["id"]).created_by == cast.charlie


def test_what_is_not_given_stays_as_it_is(cast, api, package) -> None:
    pk = posted(api, body(package)).json()["id"]
    changed = api.patch(f"{HERE}{pk}/", {"if_no_response": "removeAccess"}, content_type="application/json")
    assert changed.status_code == 200, changed.content
    assert "everybody loses this access" in changed.json()["warnings"][0]
    assert [stage["duration"] for stage in changed.json()["stages"]] == ["P7D"]
    api.patch(f"{HERE}{pk}/", {"stages": [{"reviewers": "packageOwner"}]}, content_type="application/json")
    assert api.get(f"{HERE}{pk}/").json()["stages"][0]["reviewers"] == "packageOwner"


def test_what_is_wrong_is_pointed_at(api, package) -> None:
    answer = posted(api, body(package, ends_on="2020-01-01", stages=[{"reviewers": "people"}]))
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/ends_on", "#/stages"}
    assert not Review.objects.filter(package=package).exists()
    assert posted(api, body(package, scope="moon")).status_code == 422
    assert posted(api, body(package, stages=[{"reviewers": "manager", "duration": "a week"}])).status_code == 422


def test_a_review_is_started_once_at_a_time(cast, api, package) -> None:
    pk = posted(api, body(package)).json()["id"]
    started = posted(api, {}, f"{HERE}{pk}/start/")
    assert started.status_code == 201
    assert started.json()["started_by"]["username"] == "charlie"
    assert posted(api, {}, f"{HERE}{pk}/start/").status_code == 409
    listed = api.get("/api/v1/campaigns/", {"review": pk, "status": "starting"}).json()["results"]
    assert [one["id"] for one in listed] == [started.json()["id"]]
    assert api.get(f"/api/v1/campaigns/{listed[0]['id']}/").json()["terms"]["subject"] == str(package)
    refused = api.delete(f"{HERE}{pk}/")
    assert refused.status_code == 422
    assert "campaigns refer to it" in refused.json()["detail"]


def test_a_review_that_never_started_is_deleted(api, package) -> None:
    pk = posted(api, body(package)).json()["id"]
    assert api.delete(f"{HERE}{pk}/").status_code == 204
    assert api.get(f"{HERE}{pk}/").status_code == 404


def test_what_others_look_after_is_answered_like_what_is_not_there(cast, client, package) -> None:
    review = make_review(package)
    client.force_login(cast.rita)
    assert client.get(HERE).json()["results"] == []
    for answer in (client.get(f"{HERE}{review.pk}/"), client.delete(f"{HERE}{review.pk}/")):
        assert answer.status_code == 404
    answer = posted(client, body(package))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/package"


def test_auditors_read_all_and_change_nothing(cast, client, package) -> None:
    review = make_review(package)
    cast.charlie.is_auditor = True
    cast.charlie.save(update_fields=["is_auditor"])
    client.force_login(cast.charlie)
    assert str(review.pk) in {one["id"] for one in client.get(HERE).json()["results"]}
    patch = client.patch(f"{HERE}{review.pk}/", {"name": "Mine"}, content_type="application/json")
    assert (patch.status_code, posted(client, {}, f"{HERE}{review.pk}/start/").status_code) == (403, 403)
    assert not Campaign.objects.exists()


def test_owners_of_a_resource_review_who_holds_it(cast, client) -> None:
    role = cast.role("Sales EMEA plans")[1]
    role.resource.owners.add(cast.marco)
    client.force_login(cast.marco)
    given = {**body(role), "scope": "role", "package": None, "resource_role": str(role.pk)}
    answer = posted(client, given)
    assert answer.status_code == 201, answer.content
    assert answer.json()["scope"] == ReviewScope.ROLE


def test_a_list_costs_the_same_however_long(cast, api, package, django_assert_max_num_queries) -> None:
    for number in range(8):
        make_review(package, name=f"Review {number}")
    with django_assert_max_num_queries(20):
        assert len(api.get(HERE).json()["results"]) == 8
