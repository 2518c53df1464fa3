"""What people read of the answers on their own access: what they said themselves, and nothing of what others say."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviews.actions import closing, deciding
from reviews.choices import ReviewerKind, Verdict
from reviews.models import Campaign, ReviewItem
from tests.cast import NOW, Cast

from .conftest import DAY, make_review, open_by_hand
from .test_launching import launch

END = NOW + 14 * DAY
SECRET = "She is about to leave us"
BEFORE = "Kept for the merger"


@pytest.fixture
def item(cast: Cast, package, held) -> ReviewItem:
    """Last time Marco said something about Rita's access; now she did, and then he did again."""
    earlier = open_by_hand(make_review(package), [held[1]], cast.marco)
    deciding.decide(items=[earlier.items.get()], verdict=Verdict.APPROVE, reason=BEFORE, actor=cast.marco, now=NOW)
    review = make_review(package, by=ReviewerKind.SELF)
    review.stages.create(position=2, reviewers=ReviewerKind.MANAGER)
    campaign = launch(review, actor=cast.ada)
    item = campaign.items.get(person=cast.rita)
    deciding.decide(items=[item], verdict=Verdict.APPROVE, reason="For the fair", actor=cast.rita, now=NOW)
    closing.close_all_due(now=END)
    deciding.decide(items=[item], verdict=Verdict.DENY, reason=SECRET, actor=cast.marco, now=END)
    return ReviewItem.objects.get(pk=item.pk)


def page(client: Client, name: str, pk: Any) -> str:
    return client.get(reverse(f"reviews:{name}", args=[pk])).content.decode()


def test_the_person_reviewed_reads_neither_later_stages_nor_earlier_campaigns(
    item: ReviewItem, cast: Cast, client: Client
) -> None:
    client.force_login(cast.rita)
    for text in (page(client, "item", item.pk), page(client, "campaign", item.campaign_id)):
        assert "For the fair" in text
        assert SECRET not in text
        assert BEFORE not in text
        assert "Denied" not in text


def test_nor_do_they_by_the_api(item: ReviewItem, cast: Cast, client: Client) -> None:
    client.force_login(cast.rita)
    told = client.get(f"/api/v1/review-items/{item.pk}/").json()
    assert (told["verdict"], told["reason"]) == ("approve", "For the fair")
    assert [one["decided_by"]["username"] for one in told["decisions"]] == ["rita"]
    assert SECRET not in str(told)


def test_their_reviewers_read_all_of_it(item: ReviewItem, cast: Cast, client: Client) -> None:
    client.force_login(cast.marco)
    text = page(client, "item", item.pk)
    assert SECRET in text
    assert BEFORE in text
    assert "For the fair" in text
    told = client.get(f"/api/v1/review-items/{item.pk}/").json()
    assert (told["verdict"], len(told["decisions"])) == ("deny", 2)


def test_in_a_self_review_that_follows_the_manager_people_answer_without_reading_what_was_said(
    cast: Cast, package, held, client: Client
) -> None:
    review = make_review(package)
    review.stages.create(position=2, reviewers=ReviewerKind.SELF)
    campaign = launch(review, actor=cast.ada)
    item = campaign.items.get(person=cast.rita)
    deciding.decide(items=[item], verdict=Verdict.DENY, reason=SECRET, actor=cast.marco, now=NOW)
    closing.close_all_due(now=END)
    client.force_login(cast.rita)
    assert SECRET not in page(client, "campaign", campaign.pk) + page(client, "item", item.pk)
    told = client.get(f"/api/v1/review-items/{item.pk}/").json()
    assert (told["verdict"], told["reason"], told["decisions"]) == ("notReviewed", "", [])


def test_whoever_looks_after_the_review_reads_it_among_the_results_also_about_themselves(
    item: ReviewItem, cast: Cast, client: Client
) -> None:
    client.force_login(cast.ada)
    campaign = Campaign.objects.get(pk=item.campaign_id)
    assert SECRET in client.get(reverse("reviews:record", args=[campaign.pk, item.pk])).content.decode()
