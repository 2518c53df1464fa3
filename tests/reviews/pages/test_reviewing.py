"""The pages of whoever reviews: what waits, the table of items, answering on one and on many, and the end of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.models import User
from requests_app.models import Assignment
from reviews.actions.deciding import decide
from reviews.choices import Recommendation, ReviewerKind, Verdict
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, Decision, Panel, ReviewItem
from tests.cast import NOW, Cast

from ..conftest import DAY, give, make_review, open_by_hand

Browser = Callable[[User], Client]


@pytest.fixture
def campaign(cast: Cast, package, held) -> Campaign:
    """As the campaign of the other tests, but open at the time at which pages are opened."""
    campaign = open_by_hand(make_review(package), held, cast.marco)
    campaign.stages.update(ends_at=timezone.now() + 7 * DAY)
    return campaign


@pytest.fixture
def marco(client: Client, cast: Cast) -> Client:
    client.force_login(cast.marco)
    return client


def page_of(campaign: Campaign) -> str:
    return reverse("reviews:campaign", args=[campaign.pk])


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def words_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_what_waits_for_me_is_listed_with_how_far_i_am(campaign: Campaign, marco: Client, cast: Cast) -> None:
    text = words_of(marco.get(reverse("reviews:mine")))
    assert campaign.name in text
    assert "0 of 2" in text
    assert next(item["badge"] for item in marco.get("/").context["nav"] if item["label"] == "Reviews") == "1"
    assert campaign.name in words_of(marco.get("/")), "it is among what waits for me on the home page"


def test_many_open_reviews_come_page_by_page_what_ends_first_first(
    campaign: Campaign, marco: Client, cast: Cast, package, held, django_assert_max_num_queries
) -> None:
    for number in range(29):
        more = open_by_hand(make_review(package, name=f"Review {number:02}"), held[:1], cast.marco)
        more.stages.update(ends_at=timezone.now() + (8 + number) * DAY)
    mine = reverse("reviews:mine")
    with django_assert_max_num_queries(10):
        first = marco.get(mine)
    assert [str(one) for one in first.context["rows"][:2]] == [campaign.name, "Review 00"]
    assert (len(first.context["rows"]), first.context["before_url"]) == (25, "")
    second = marco.get(mine + first.context["after_url"])
    assert [str(one) for one in second.context["rows"]] == [f"Review {number:02}" for number in range(24, 29)]
    assert second.context["after_url"] == ""
    assert marco.get(mine + second.context["before_url"]).context["rows"] == first.context["rows"]
    told = marco.get("/api/v1/asked-reviews/", {"page_size": 20}).json()
    rest = marco.get(told["next"]).json()
    assert [one["name"] for one in told["results"][:2]] == [campaign.name, "Review 00"]
    assert (len(rest["results"]), rest["next"]) == (10, None)
    assert [one["id"] for one in marco.get(rest["previous"]).json()["results"]] == [
        one["id"] for one in told["results"]
    ]


def test_what_is_over_stays_with_my_answers(campaign: Campaign, marco: Client, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    decide(items=[item], verdict=Verdict.DENY, actor=cast.marco, reason="Left the team", now=NOW)
    campaign.move_to(CampaignStatus.COMPLETING, at=NOW)
    assert campaign.name not in words_of(marco.get(reverse("reviews:mine")))
    assert campaign.name in words_of(marco.get(reverse("reviews:mine"), {"tab": "over"}))
    text = words_of(marco.get(page_of(campaign)))
    assert "Left the team" in text
    assert 'name="one"' not in text, "nothing is answered any more"


def test_the_table_says_who_has_what_since_when_and_what_is_recommended(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    campaign.items.filter(person=cast.rita).update(
        recommendation=Recommendation.DENY, last_used_at=NOW - 90 * DAY, is_privileged=True, job_title="Seller"
    )
    text = words_of(marco.get(page_of(campaign)))
    for words in (
        "Rita",
        "Charlie",
        "Seller",
        "Sales: Standard Access",
        "Everybody",
        "Remove",
        "Privileged",
        "Not used",
    ):
        assert words in text


def test_one_is_answered_by_its_own_button_and_leaves_the_open_ones(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    item = item_of(campaign, cast.rita)
    response = marco.post(page_of(campaign), {"one": f"{item.pk}:approve"}, follow=True)
    assert told(response) == ["Rita keeps Sales: Standard Access, if it is for you."]
    assert [row.item.person for row in response.context["rows"]] == [cast.charlie]
    answered = marco.get(page_of(campaign), {"state": "answered"}).context["rows"]
    assert [(row.item.person, row.item.verdict) for row in answered] == [(cast.rita, Verdict.APPROVE)]


def test_a_reason_that_is_missing_is_asked_for_beside_the_item_and_what_was_typed_stays(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    rita, charlie = item_of(campaign, cast.rita), item_of(campaign, cast.charlie)
    typed = {"one": f"{rita.pk}:deny", f"reason-{charlie.pk}": "Wait for me"}
    response = marco.post(page_of(campaign), typed)
    assert response.status_code == 422
    rows = {row.item.pk: row for row in response.context["rows"]}
    assert rows[rita.pk].problem == "Say why you answer so."
    assert "Wait for me" in words_of(response)
    done = marco.post(page_of(campaign), {"one": f"{rita.pk}:deny", f"reason-{rita.pk}": "Unused"})
    assert done.status_code == 302
    rita.refresh_from_db()
    assert (rita.verdict, rita.reason) == (Verdict.DENY, "Unused")


def test_those_that_are_ticked_are_answered_together_and_privileged_ones_are_left_out(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    campaign.items.filter(person=cast.rita).update(is_privileged=True)
    chosen = [str(pk) for pk in campaign.items.values_list("pk", flat=True)]
    response = marco.post(page_of(campaign), {"item": chosen, "answer": "approve"}, follow=True)
    assert told(response)[-1] == "1 is privileged and was left out: answer it by itself."
    assert [row.item.person for row in response.context["rows"]] == [cast.rita]
    assert marco.post(page_of(campaign), {"answer": "approve"}).status_code == 422, "nothing was ticked"
    assert marco.post(page_of(campaign), {"item": chosen[:1], "answer": "nonsense"}).status_code == 422


def test_recommendations_are_accepted_after_a_look_at_how_many_they_are(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    campaign.items.filter(person=cast.rita).update(recommendation=Recommendation.DENY)
    url = reverse("reviews:accept", args=[campaign.pk])
    numbers = marco.get(url).context["numbers"]
    assert (numbers["approve"], numbers["deny"], numbers["noInfoAvailable"], numbers["privileged"]) == (0, 1, 1, 0)
    refused = marco.post(url, {"reason": ""})
    assert refused.status_code == 422
    assert "Say why you answer so." in words_of(refused)
    assert marco.post(url, {"reason": "As recommended"}).status_code == 302
    assert Decision.objects.get().follows_recommendation


def test_after_the_last_item_i_am_thanked_and_may_still_change_my_mind(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    chosen = [str(pk) for pk in campaign.items.values_list("pk", flat=True)]
    response = marco.post(page_of(campaign), {"item": chosen, "answer": "approve"}, follow=True)
    assert "That was the last one. Thank you!" in words_of(response)
    assert len(response.context["rows"]) == 2, "what was answered is shown"
    rita = item_of(campaign, cast.rita)
    marco.post(page_of(campaign), {"one": f"{rita.pk}:dontKnow"})
    rita.refresh_from_db()
    assert rita.verdict == Verdict.DONT_KNOW


def test_in_a_self_review_each_access_is_one_question(cast: Cast, package, held, client: Client) -> None:
    mine = [one for one in held if one.person == cast.rita]
    review = make_review(package, by=ReviewerKind.SELF, reason_needed="onApproval")
    campaign = open_by_hand(review, mine, cast.rita)
    campaign.stages.update(ends_at=timezone.now() + DAY)
    client.force_login(cast.rita)
    assert "Do you still need Sales: Standard Access?" in words_of(client.get(page_of(campaign)))
    item = item_of(campaign, cast.rita)
    refused = client.post(page_of(campaign), {"one": f"{item.pk}:approve"})
    assert refused.status_code == 422
    assert "Say why you answer so." in words_of(refused)
    response = client.post(page_of(campaign), {"one": f"{item.pk}:deny"}, follow=True)
    assert "You said no." in words_of(response)


def test_items_are_narrowed_by_words_department_access_and_recommendation(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    campaign.items.filter(person=cast.rita).update(department="Sales", recommendation=Recommendation.DENY)
    campaign.items.filter(person=cast.charlie).update(department="Finance", what="Finance: Closing")

    def people(**asked: str) -> list[str]:
        return [row.item.person_name for row in marco.get(page_of(campaign), asked).context["rows"]]

    assert people() == ["Charlie", "Rita"]
    assert people(q="rit") == people(department="Sales") == people(recommendation="deny") == ["Rita"]
    assert people(what="Finance: Closing") == people(q="closing char") == ["Charlie"]
    assert people(state="answered") == people(q="nobody") == people(department="Nowhere") == []


def test_those_who_are_not_asked_find_nothing(campaign: Campaign, cast: Cast, client: Client) -> None:
    item = item_of(campaign, cast.rita)
    for person in (cast.rita, cast.charlie):
        client.force_login(person)
        pages = [reverse(f"reviews:{name}", args=[campaign.pk]) for name in ("campaign", "accept", "hand_on")]
        for url in (*pages, reverse("reviews:item", args=[item.pk]), reverse("reviews:hand_item_on", args=[item.pk])):
            assert client.get(url).status_code == client.post(url).status_code == 404


def test_an_answer_that_comes_too_late_is_told_so(campaign: Campaign, marco: Client, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    campaign.stages.update(ends_at=timezone.now() - DAY)
    response = marco.post(page_of(campaign), {"one": f"{item.pk}:approve"})
    assert response.status_code == 409
    assert "was open until" in words_of(response)


def test_the_item_shows_why_it_is_there_what_was_answered_and_takes_the_answer(
    campaign: Campaign, marco: Client, cast: Cast, package, held
) -> None:
    item = item_of(campaign, cast.rita)
    earlier = open_by_hand(make_review(package, name="Last year"), held, cast.olga)
    decide(items=[item_of(earlier, cast.rita)], verdict="approve", reason="Sells in EMEA", actor=cast.olga, now=NOW)
    url = reverse("reviews:item", args=[item.pk])
    text = words_of(marco.get(url))
    for words in ("For work", "Last year", "Sells in EMEA", "Everybody", "Nobody has answered yet"):
        assert words in text
    refused = marco.post(url, {"answer": "deny", "reason": ""})
    assert refused.status_code == 422
    assert marco.post(url, {"answer": "", "reason": "x"}).status_code == 422
    assert marco.post(url, {"answer": "deny", "reason": "Moved on"}).status_code == 302
    assert "Moved on" in words_of(marco.get(url))


def test_whoever_looks_after_the_review_sees_an_item_and_does_not_answer(
    campaign: Campaign, client: Client, cast: Cast
) -> None:
    item = item_of(campaign, cast.rita)
    client.force_login(cast.ada)
    url = reverse("reviews:item", args=[item.pk])
    assert 'name="answer"' not in words_of(client.get(url))
    assert client.post(url, {"answer": "approve"}).status_code == 403


def test_what_is_open_is_handed_on_to_a_colleague_for_a_reason(campaign: Campaign, marco: Client, cast: Cast) -> None:
    url = reverse("reviews:hand_on", args=[campaign.pk])
    assert "Olga" in words_of(marco.get(url, {"q": "olg"}))
    to_olga = f"{url}?person={cast.olga.pk}"
    assert marco.post(to_olga, {"why": " "}).status_code == 422
    response = marco.post(to_olga, {"why": "On leave"}, follow=True)
    assert told(response) == ["Olga answers on 2 items instead, and is told so."]
    assert set(ReviewItem.objects.asked_of(cast.olga)) == set(campaign.items.all())
    assert marco.get(page_of(campaign)).status_code == 200, "it stays in sight of whoever was asked"


def test_chosen_items_are_handed_on_and_not_to_the_person_concerned(
    campaign: Campaign, marco: Client, cast: Cast
) -> None:
    rita = item_of(campaign, cast.rita)
    led = marco.post(page_of(campaign), {"item": [str(rita.pk)], "answer": "handOn"})
    assert led.status_code == 302
    refused = marco.post(f"{led['Location']}&person={cast.rita.pk}", {"why": "Ask her"})
    assert refused.status_code == 422
    assert "would answer on their own access" in words_of(refused)
    assert marco.post(f"{led['Location']}&person={cast.olga.pk}", {"why": "She knows"}).status_code == 302
    assert list(ReviewItem.objects.asked_of(cast.olga)) == [rita]


def test_one_item_is_handed_on_from_its_page_also_by_whoever_steers(
    campaign: Campaign, client: Client, cast: Cast
) -> None:
    rita = item_of(campaign, cast.rita)
    client.force_login(cast.ada)
    url = f"{reverse('reviews:hand_item_on', args=[rita.pk])}?person={cast.olga.pk}"
    assert client.get(url).status_code == 200
    assert client.post(url, {"why": "She knows"}).status_code == 302
    assert list(ReviewItem.objects.asked_of(cast.olga)) == [rita]


def fill(campaign: Campaign, number: int) -> None:
    panel, given = campaign.panels.get(), Assignment.objects.all()[0]
    people = User.objects.bulk_create(
        User(username=f"p{n}", email=f"p{n}@example.com", display_name=f"P {n:03}") for n in range(number)
    )
    held = Assignment.objects.bulk_create(
        Assignment(person=one, package=given.package, policy=given.policy, starts_at=NOW) for one in people
    )
    items = [
        ReviewItem(
            campaign=campaign,
            panel=panel,
            person=one.person,
            assignment=one,
            person_name=str(one.person),
            what="A",
        )
        for one in held
    ]
    ReviewItem.objects.bulk_create(items)
    Panel.objects.update(total=number + 2, open_items=number + 2)


def test_a_long_review_is_paged_and_costs_ten_statements_at_most(
    campaign: Campaign, marco: Client, django_assert_max_num_queries
) -> None:
    fill(campaign, 60)
    seen, url = [], page_of(campaign)
    for _page in range(3):
        with django_assert_max_num_queries(10):
            response = marco.get(url)
        seen += [row.item.person_name for row in response.context["rows"]]
        last, url = url, page_of(campaign) + response.context["after_url"]
    assert seen == sorted(seen)
    assert len(set(seen)) == 62
    assert not response.context["after_url"]
    back = marco.get(page_of(campaign) + response.context["before_url"])
    assert [row.item.person_name for row in back.context["rows"]] == seen[25:50]
    assert last


def test_the_stage_decides_whether_earlier_answers_are_shown(campaign: Campaign, marco: Client, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    Decision.objects.create(
        item=item, stage=1, verdict="approve", reason="From the first stage", decided_by=cast.olga, decided_at=NOW
    )
    Campaign.objects.update(stage=2)
    Panel.objects.update(stage=2)
    ReviewItem.objects.update(stage=2)
    stage = campaign.stages.create(
        position=2, reviewers=ReviewerKind.PEOPLE, duration=DAY, ends_at=timezone.now() + DAY, shows_earlier=True
    )
    pages = (page_of(campaign), reverse("reviews:item", args=[item.pk]))
    assert all("From the first stage" in words_of(marco.get(url)) for url in pages)
    stage.shows_earlier = False
    stage.save()
    assert not any("From the first stage" in words_of(marco.get(url)) for url in pages)


def test_an_answer_on_what_ended_meanwhile_is_told_so(campaign: Campaign, marco: Client, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    Assignment.objects.get(person=cast.rita).move_to("removalPending", at=NOW)
    assert "Ended meanwhile" in words_of(marco.get(page_of(campaign)))
    response = marco.post(page_of(campaign), {"one": f"{item.pk}:approve"}, follow=True)
    assert "The access of 1 ended meanwhile: nothing is left to be removed." in told(response)


def test_a_second_package_is_asked_about_by_itself(cast: Cast, campaign: Campaign, marco: Client) -> None:
    other = cast.package("Sales: Price Lists", cast.role("Prices")[1])
    cast.policy(other, approver=None)
    more = open_by_hand(make_review(other), give(other, cast.rita), cast.marco)
    item = item_of(more, cast.rita)
    both = [str(item.pk), str(item_of(campaign, cast.rita).pk)]
    response = marco.post(page_of(campaign), {"item": both, "answer": "approve"})
    assert response.status_code == 422
