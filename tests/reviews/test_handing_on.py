"""Handing items on: by whom, to whom, and what becomes of panels and of answers."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from directory.actions import disable_person
from directory.models import User
from reviews import events
from reviews.actions.deciding import decide
from reviews.actions.handing_on import hand_on, hand_on_open
from reviews.choices import ReviewerKind, Verdict
from reviews.lifecycle import CampaignStatus, IllegalMove
from reviews.models import Campaign, Panel, ReviewItem
from tests.cast import NOW, Cast, appoint

from .conftest import DAY, make_review, open_by_hand

LATER = NOW + DAY


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def give_to(person: User, *items: ReviewItem, actor: User, **more: Any) -> int:
    return hand_on(items=items, to=person, actor=actor, **{"why": "She knows", "now": LATER, **more})


def numbers(campaign: Campaign) -> dict[str, tuple[int, int]]:
    return {panel.key.partition(":")[0]: (panel.total, panel.open_items) for panel in campaign.panels.all()}


def test_an_item_is_put_to_somebody_else_and_both_panels_count_it(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    assert give_to(cast.olga, item, actor=cast.marco) == 1
    assert list(ReviewItem.objects.asked_of(cast.olga)) == [item]
    assert list(ReviewItem.objects.asked_of(cast.marco)) == [item_of(campaign, cast.charlie)]
    assert numbers(campaign) == {"people": (1, 1), "given": (1, 1)}
    told = Event.objects.get(verb=events.ITEM_HANDED_ON)
    assert told.sentence == f"Marco handed 1 items of {campaign} on to Olga: She knows"
    assert told.details["asked"] == [str(cast.olga.pk)]
    assert decide(items=[item], verdict=Verdict.APPROVE, actor=cast.olga, now=LATER).given
    assert numbers(campaign) == {"people": (1, 1), "given": (1, 0)}


def test_what_was_answered_stays_answered(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    decide(items=[item], verdict=Verdict.APPROVE, actor=cast.marco, now=LATER)
    give_to(cast.olga, item, actor=cast.marco)
    assert numbers(campaign) == {"people": (1, 1), "given": (1, 0)}
    assert item_of(campaign, cast.rita).verdict == Verdict.APPROVE


def test_it_can_be_handed_back(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    give_to(cast.olga, item, actor=cast.marco)
    give_to(cast.marco, item, actor=cast.olga)
    assert set(ReviewItem.objects.asked_of(cast.marco)) == set(campaign.items.all())


def test_all_that_is_open_is_handed_on_but_not_what_they_would_answer_about_themselves(
    campaign: Campaign, cast: Cast
) -> None:
    moved = hand_on_open(campaign=campaign, to=cast.charlie, why="On leave", actor=cast.marco, now=LATER)
    assert moved == 1
    assert list(ReviewItem.objects.asked_of(cast.charlie)) == [item_of(campaign, cast.rita)]
    with pytest.raises(ValidationError, match="nothing open"):
        hand_on_open(campaign=campaign, to=cast.charlie, why="On leave", actor=cast.marco, now=LATER)


def test_whoever_steers_the_campaign_hands_on_too_and_nobody_else(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    for person in (cast.olga, cast.charlie, cast.rita):
        with pytest.raises(PermissionDenied):
            give_to(cast.ada, item, actor=person)
    appoint(cast.catalog, cast.charlie)
    give_to(cast.olga, item, actor=cast.charlie)
    give_to(cast.marco, item, actor=cast.ada)


@pytest.mark.parametrize("whom", ["themselves", "disabled", "guest", "asked already"])
def test_it_is_handed_to_enabled_members_who_are_not_concerned_nor_asked(campaign, cast: Cast, whom: str) -> None:
    item = item_of(campaign, cast.rita)
    if whom == "disabled":
        disable_person(person=cast.olga, actor=cast.ada, now=LATER)
    if whom == "guest":
        User.objects.filter(pk=cast.olga.pk).update(kind="guest")
    if whom == "asked already":
        give_to(cast.olga, item, actor=cast.marco)
    actor = cast.ada if whom == "asked already" else cast.marco
    with pytest.raises(ValidationError) as refusal:
        give_to(cast.rita if whom == "themselves" else cast.olga, item, actor=actor)
    assert list(refusal.value.message_dict) == ["to"]


def test_a_reason_is_given_and_the_stage_is_open(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    with pytest.raises(ValidationError, match="Say why"):
        give_to(cast.olga, item, actor=cast.marco, why=" ")
    with pytest.raises(IllegalMove):
        give_to(cast.olga, item, actor=cast.marco, now=NOW + 15 * DAY)
    campaign.move_to(CampaignStatus.CANCELED, at=LATER)
    with pytest.raises(IllegalMove):
        give_to(cast.olga, item, actor=cast.marco)
    assert Panel.objects.count() == 1


def test_the_question_about_ones_own_access_is_not_handed_on(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package, by=ReviewerKind.SELF), [held[1]], cast.rita)
    with pytest.raises(PermissionDenied):
        give_to(cast.olga, item_of(campaign, cast.rita), actor=cast.rita)


def test_many_are_handed_on_by_as_many_statements_as_one(campaign, cast, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(32):
        give_to(cast.olga, *campaign.items.all(), actor=cast.marco)
    assert numbers(campaign) == {"people": (0, 0), "given": (2, 2)}
