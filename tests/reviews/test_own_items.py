"""What a panel asks about one of its own members: others answer it, and it is no part of what that member has to do."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from directory.actions import disable_person
from directory.models import User
from notifications.actions import queue_campaign_reminders, queue_review_questions
from notifications.models import Message
from requests_app.models import Assignment
from reviews import events
from reviews.actions import steering
from reviews.actions.deciding import decide
from reviews.actions.replacing import replace_absent
from reviews.choices import ReviewerKind, Verdict
from reviews.models import Campaign, Panel, PanelMember, ReviewItem
from reviews.permissions import number_of_open, open_reviews
from reviews.reading import Seat
from tests.cast import NOW, Cast

from .conftest import DAY, make_review, open_by_hand
from .test_launching import launch

LATER = NOW + DAY


@pytest.fixture
def campaign(cast: Cast, package: Any, held: list[Assignment]) -> Campaign:
    """Rita and Olga are asked about Charlie's and Rita's access."""
    campaign = open_by_hand(make_review(package, by=ReviewerKind.PEOPLE), held, cast.rita, cast.olga)
    campaign.stages.update(ends_at=timezone.now() + 7 * DAY)
    return campaign


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def numbers(campaign: Campaign, person: User) -> tuple[int, int]:
    """What this person sees of what they have to do: all of it, and what is open."""
    seat = Seat(campaign, person)
    listed: Any = Campaign.objects.open_for(person).get()
    assert (listed.mine, listed.mine_open) == (seat.total, seat.open_items), "the list says the same as the page"
    return seat.total, seat.open_items


def known(person: User) -> int:
    return User.objects.annotate(found=number_of_open()).get(pk=person.pk).found


def seated(campaign: Campaign) -> list[str]:
    seats = PanelMember.objects.filter(panel__campaign=campaign, left_at=None).select_related("person")
    return sorted(str(seat.person) for seat in seats)


def test_a_members_own_items_are_not_counted_as_theirs_to_answer(campaign: Campaign, cast: Cast) -> None:
    assert numbers(campaign, cast.rita) == (1, 1)
    assert numbers(campaign, cast.olga) == (2, 2)
    decide(items=[item_of(campaign, cast.charlie)], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    assert numbers(campaign, cast.rita) == (1, 0)
    assert numbers(campaign, cast.olga) == (2, 1)
    assert (open_reviews(cast.rita), known(cast.rita)) == (0, 0)
    assert (open_reviews(cast.olga), known(cast.olga)) == (1, 1)
    assert list(Campaign.objects.open_for(cast.rita, is_waiting=True)) == []


def test_a_campaign_that_asks_a_member_about_themselves_alone_is_listed_with_what_is_over(
    campaign: Campaign, cast: Cast
) -> None:
    campaign.panels.get().members.create(person=cast.marco, asked_at=NOW)
    item_of(campaign, cast.charlie).delete()
    Panel.objects.update(total=1, open_items=1)
    for person, is_over in ((cast.rita, True), (cast.marco, False)):
        asking = Campaign.objects.asking(person)
        assert list(asking.over_for(person)) == [campaign] * is_over
        assert list(asking.open_for(person)) == [campaign] * (not is_over)


def test_whoever_answered_all_but_their_own_is_done(campaign: Campaign, cast: Cast, client: Client) -> None:
    decide(items=[item_of(campaign, cast.charlie)], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    client.force_login(cast.rita)
    page = client.get(reverse("reviews:campaign", args=[campaign.pk]))
    assert page.context["is_done"]
    assert "That was the last one" in page.content.decode()
    nav = {item["label"]: item["badge"] for item in page.context["nav"]}
    assert nav["Reviews"] == ""


def test_whoever_is_asked_about_nothing_but_themselves_has_nothing_to_do(cast, package, held, client: Client) -> None:
    campaign = open_by_hand(make_review(package, by=ReviewerKind.PEOPLE), [held[1]], cast.rita, cast.olga)
    campaign.stages.update(ends_at=timezone.now() + 7 * DAY)
    assert list(Campaign.objects.open_for(cast.rita)) == []
    client.force_login(cast.rita)
    page = client.get(reverse("reviews:campaign", args=[campaign.pk])).content.decode()
    assert "Nothing here is for you to answer" in page
    assert "That was the last one" not in page
    assert "Waiting for you" not in page


def test_in_a_self_review_ones_own_items_are_what_one_is_asked_about(cast: Cast, package, held) -> None:
    campaign = launch(make_review(package, by=ReviewerKind.SELF), actor=cast.ada)
    assert numbers(campaign, cast.rita) == (1, 1)
    assert (open_reviews(cast.rita), known(cast.rita)) == (1, 1)


def test_nobody_is_told_or_reminded_of_their_own_items(campaign: Campaign, cast: Cast) -> None:
    Message.objects.all().delete()
    campaign.stages.update(ends_at=NOW + 14 * DAY)
    decide(items=[item_of(campaign, cast.charlie)], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    queue_review_questions(now=LATER)
    queue_campaign_reminders(now=NOW + 8 * DAY)
    steering.remind(campaign=campaign, actor=cast.ada, now=NOW + 9 * DAY)
    queue_campaign_reminders(now=NOW + 9 * DAY)
    told = set(Message.objects.filter(occasion__startswith="review").values_list("recipient__username", flat=True))
    assert told == {"olga"}


def test_whoever_looks_after_it_sees_of_each_reviewer_what_they_can_answer(
    campaign: Campaign, cast: Cast, client: Client
) -> None:
    decide(items=[item_of(campaign, cast.charlie)], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    client.force_login(cast.ada)
    address = reverse("reviews:result_reviewers", args=[campaign.pk])
    seats = client.get(address).context["seats"]
    assert {(str(seat.person), seat.mine, seat.mine_open) for seat in seats} == {("Rita", 1, 0), ("Olga", 2, 1)}
    assert [str(seat.person) for seat in client.get(address, {"show": "open"}).context["seats"]] == ["Olga"]


def test_counting_costs_the_same_however_many_panels_one_sits_in(
    campaign: Campaign, cast: Cast, package, held, django_assert_num_queries
) -> None:
    for number in range(3):
        panel = Panel.objects.create(campaign=campaign, stage=1, key=f"more:{number}", total=1, open_items=1)
        panel.members.create(person=cast.rita, asked_at=NOW)
    with django_assert_num_queries(1):
        listed: Any = Campaign.objects.open_for(cast.rita).get()
    assert listed.mine == 4
    with django_assert_num_queries(1):
        assert open_reviews(cast.rita) == 1


# --- Somebody for every item ------------------------------------------------------------------------------------------


def test_where_only_the_person_concerned_is_left_the_fallback_is_asked(campaign: Campaign, cast: Cast) -> None:
    """Olga answered and left; then all answers are taken back."""
    decide(items=list(campaign.items.all()), verdict=Verdict.APPROVE, actor=cast.olga, now=LATER)
    disable_person(person=cast.olga, actor=cast.ada, now=LATER)
    replace_absent(now=LATER)
    assert seated(campaign) == ["Rita"]
    steering.reset(campaign=campaign, why="Anew", actor=cast.ada, now=LATER)
    assert replace_absent(now=LATER) == 1
    assert seated(campaign) == ["Ada", "Rita"]
    assert item_of(campaign, cast.rita) in ReviewItem.objects.asked_of(cast.ada)
    with pytest.raises(PermissionDenied):
        decide(items=[item_of(campaign, cast.rita)], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    told = Event.objects.get(verb=events.REVIEWER_FOUND)
    assert told.sentence == f"Nobody could answer on something in {campaign}; asked now: Ada"
    assert replace_absent(now=LATER) == 0, "once is enough"


def test_where_everybody_left_after_answering_the_fallback_is_asked_once_answers_are_taken_back(
    campaign: Campaign, cast: Cast
) -> None:
    decide(items=list(campaign.items.all()), verdict=Verdict.APPROVE, actor=cast.olga, now=LATER)
    campaign.panels.get().members.update(left_at=LATER)
    assert replace_absent(now=LATER) == 0, "nothing is open"
    steering.reset(campaign=campaign, why="Anew", actor=cast.ada, now=LATER)
    assert replace_absent(now=LATER) == 1
    assert seated(campaign) == ["Olga"], "as the owner of the package"


@pytest.fixture
def alone(cast: Cast, package: Any, policy: Any, held: list[Assignment]) -> Campaign:
    """Everybody but Charlie, who administers and is reviewed, is disabled: he is all that a launch finds."""
    User.objects.filter(pk__in=(cast.marco.pk, cast.olga.pk, cast.ada.pk)).update(is_active=False)
    User.objects.filter(pk=cast.charlie.pk).update(is_superuser=True)
    cast.charlie.refresh_from_db()
    return launch(make_review(package), actor=cast.charlie)


def test_the_only_administrators_own_item_waits_for_another_one(alone: Campaign, cast: Cast) -> None:
    assert seated(alone) == ["Charlie"]
    assert numbers(alone, cast.charlie) == (1, 1)
    assert replace_absent(now=LATER) == 0, "there is nobody yet"
    User.objects.filter(pk=cast.ada.pk).update(is_active=True)
    assert replace_absent(now=LATER) == 1
    assert seated(alone) == ["Ada", "Charlie"]
    assert item_of(alone, cast.charlie) in ReviewItem.objects.asked_of(cast.ada)


def test_a_panel_without_anybody_is_filled_as_soon_as_there_is_somebody(alone: Campaign, cast: Cast) -> None:
    PanelMember.objects.all().delete()
    User.objects.filter(pk=cast.charlie.pk).update(is_superuser=False)
    assert replace_absent(now=LATER) == 0, "there is nobody yet"
    User.objects.filter(pk=cast.olga.pk).update(is_active=True)
    assert replace_absent(now=LATER) == 1
    assert seated(alone) == ["Olga"]
    assert Event.objects.get(verb=events.REVIEWER_FOUND).details["via"] == "the package's owner"


def test_what_has_ended_needs_nobody(alone: Campaign, cast: Cast) -> None:
    PanelMember.objects.all().delete()
    Assignment.objects.update(status="ended", ended_at=LATER)
    assert replace_absent(now=LATER) == 0
