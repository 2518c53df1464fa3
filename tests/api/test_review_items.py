"""Answering in the API: what asks me, its items, one answer, many, recommendations, handing on."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from directory.models import User
from reviews.choices import Recommendation
from reviews.models import Campaign, Decision, ReviewItem
from tests.cast import Cast
from tests.reviews.conftest import DAY, give, make_review, open_by_hand

ITEMS = "/api/v1/review-items/"


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    User.objects.filter(pk=cast.charlie.pk).update(manager=cast.marco)
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package, approver=None, duration_amount=720)
    campaign = open_by_hand(make_review(package), give(package, cast.charlie, cast.rita), cast.marco)
    campaign.stages.update(ends_at=timezone.now() + DAY)
    return campaign


def as_person(person: User) -> APIClient:
    client = APIClient()
    client.force_login(person)
    return client


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def test_the_campaigns_that_ask_me_and_their_items(campaign: Campaign, cast: Cast) -> None:
    marco = as_person(cast.marco)
    [asked] = marco.get("/api/v1/asked-reviews/").json()["results"]
    assert (asked["id"], asked["items"], asked["open_items"]) == (str(campaign.pk), 2, 2)
    found = marco.get(ITEMS, {"campaign": str(campaign.pk)}).json()
    assert [one["person_name"] for one in found["results"]] == ["Charlie", "Rita"]
    assert found["next"] is None
    assert as_person(cast.rita).get(ITEMS).json()["results"] == []
    assert as_person(cast.rita).get("/api/v1/asked-reviews/").json()["results"] == []
    assert marco.get(ITEMS, {"after": "nonsense"}).status_code == 400


def test_one_item_is_answered_and_what_is_refused_says_why(campaign: Campaign, cast: Cast) -> None:
    url, marco = f"{ITEMS}{item_of(campaign, cast.rita).pk}/", as_person(cast.marco)
    refused = marco.post(f"{url}decide/", {"verdict": "deny"}, format="json")
    assert refused.status_code in (400, 422)
    assert "Say why you answer so." in str(refused.json())
    told = marco.post(f"{url}decide/", {"verdict": "deny", "reason": "Unused"}, format="json").json()
    assert (told["verdict"], told["is_open"], told["decisions"][0]["reason"]) == ("deny", False, "Unused")
    assert as_person(cast.olga).post(f"{url}decide/", {"verdict": "approve"}, format="json").status_code == 404
    assert as_person(cast.ada).post(f"{url}decide/", {"verdict": "approve"}, format="json").status_code == 403
    assert marco.post(f"{url}decide/", {"verdict": "notReviewed"}, format="json").status_code in (400, 422)


def test_several_are_answered_together(campaign: Campaign, cast: Cast) -> None:
    campaign.items.filter(person=cast.rita).update(is_privileged=True)
    ids = {person: str(item_of(campaign, person).pk) for person in (cast.charlie, cast.rita)}
    body: dict[str, Any] = {"items": list(ids.values()), "verdict": "approve"}
    told = as_person(cast.marco).post(f"{ITEMS}decide/", body, format="json").json()
    assert (told["given"], told["privileged"]) == ([ids[cast.charlie]], [ids[cast.rita]])
    assert as_person(cast.rita).post(f"{ITEMS}decide/", body, format="json").status_code == 403


def test_recommendations_are_accepted(campaign: Campaign, cast: Cast) -> None:
    campaign.items.filter(person=cast.rita).update(recommendation=Recommendation.APPROVE)
    body = {"campaign": str(campaign.pk)}
    told = as_person(cast.marco).post(f"{ITEMS}accept-recommendations/", body, format="json").json()
    assert told["given"] == [str(item_of(campaign, cast.rita).pk)]
    assert Decision.objects.get().follows_recommendation
    refused = as_person(cast.olga).post(f"{ITEMS}accept-recommendations/", body, format="json")
    assert refused.status_code in (400, 422)


def test_items_are_handed_on_by_name_or_all_that_are_open(campaign: Campaign, cast: Cast) -> None:
    marco, item = as_person(cast.marco), item_of(campaign, cast.rita)
    body = {"items": [str(item.pk)], "to": "olga", "why": "She knows"}
    assert as_person(cast.charlie).post(f"{ITEMS}hand-on/", body, format="json").status_code in (400, 422)
    assert marco.post(f"{ITEMS}hand-on/", body, format="json").json() == {"count": 1}
    assert list(ReviewItem.objects.asked_of(cast.olga)) == [item]
    rest = {"campaign": str(campaign.pk), "to": "ada", "why": "On leave"}
    assert marco.post(f"{ITEMS}hand-on/", rest, format="json").json() == {"count": 1}
    assert marco.post(f"{ITEMS}hand-on/", {"to": "ada", "why": "x"}, format="json").status_code in (400, 422)
