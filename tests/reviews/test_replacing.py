"""Reviewers who leave or are away: who is asked instead, who stands in, and what the journal says."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from audit.models import Event
from directory.actions import disable_person, save_person
from directory.models import User
from requests_app.actions import end_delegation, set_delegation
from reviews import events
from reviews.actions.deciding import decide
from reviews.actions.replacing import replace_absent, seat_delegates
from reviews.choices import ReviewerKind, Verdict
from reviews.models import Campaign, Decision, PanelMember, ReviewItem
from tests.cast import NOW, Cast, appoint

from .conftest import DAY, make_review, open_by_hand

LATER = NOW + DAY


def leave(person: User, cast: Cast) -> None:
    disable_person(person=person, actor=cast.ada, now=LATER)


def asked(campaign: Campaign) -> list[str]:
    seats = PanelMember.objects.filter(panel__campaign=campaign, left_at=None).select_related("person")
    return sorted(str(seat.person) for seat in seats)


def test_others_of_the_panel_go_on_without_whoever_left(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package), held, cast.marco, cast.olga)
    leave(cast.marco, cast)
    assert replace_absent(now=LATER) == 1
    assert asked(campaign) == ["Olga"]
    told = Event.objects.get(verb=events.REVIEWER_REPLACED)
    assert told.sentence == f"Marco can no longer review in {campaign}; asked instead: Olga"
    assert replace_absent(now=LATER) == 0, "once is enough"


def test_where_nobody_is_left_the_fallback_is_asked(campaign: Campaign, cast: Cast) -> None:
    campaign.stages.update(fallback={"people": [str(cast.ada.pk)], "groups": []})
    leave(cast.marco, cast)
    replace_absent(now=LATER)
    assert asked(campaign) == ["Ada"]
    panel = campaign.panels.get()
    assert panel.is_rerouted
    assert panel.only_member == cast.ada
    assert Event.objects.get(verb=events.REVIEWER_REPLACED).details["asked"] == [str(cast.ada.pk)]


def test_without_a_fallback_it_is_the_packages_owner_then_the_catalogs_then_administrators(
    campaign: Campaign, cast: Cast
) -> None:
    leave(cast.marco, cast)
    replace_absent(now=LATER)
    assert asked(campaign) == ["Olga"]
    leave(cast.olga, cast)
    gina = User.objects.create(username="gina", display_name="Gina")
    appoint(cast.catalog, gina)
    replace_absent(now=LATER)
    assert asked(campaign) == ["Gina"]
    leave(gina, cast)
    replace_absent(now=LATER)
    assert asked(campaign) == ["Ada"]


def test_nobody_is_left_alone_with_the_question_about_themselves(campaign: Campaign, cast: Cast) -> None:
    campaign.stages.update(fallback={"people": [str(cast.rita.pk)], "groups": []})
    leave(cast.marco, cast)
    replace_absent(now=LATER)
    assert asked(campaign) == ["Olga", "Rita"]
    rita = campaign.items.get(person=cast.rita)
    assert rita not in ReviewItem.objects.asked_of(cast.rita)
    assert rita in ReviewItem.objects.asked_of(cast.olga)


def test_in_a_self_review_nobody_is_asked_about_access_that_left_with_its_holder(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package, by=ReviewerKind.SELF), [held[1]], cast.rita)
    leave(cast.rita, cast)
    assert replace_absent(now=LATER) == 1
    assert asked(campaign) == []


def test_a_campaign_that_is_over_is_left_as_it_was(campaign: Campaign, cast: Cast) -> None:
    leave(cast.marco, cast)
    assert replace_absent(now=NOW + 15 * DAY) == 0
    assert asked(campaign) == ["Marco"]


def test_a_new_manager_while_it_runs_changes_no_reviewer(campaign: Campaign, cast: Cast) -> None:
    cast.rita.manager = cast.olga
    save_person(person=cast.rita, actor=cast.ada, now=LATER)
    assert replace_absent(now=LATER) == seat_delegates(now=LATER) == 0
    assert asked(campaign) == ["Marco"]


def away(cast: Cast, *, starts_at=NOW - DAY, **more):
    return set_delegation(
        delegator=cast.marco, delegate=cast.olga, actor=cast.marco, starts_at=None, now=starts_at, **more
    )


def test_whoever_stands_in_reviews_beside_the_one_who_is_away(campaign: Campaign, cast: Cast) -> None:
    delegation = away(cast)
    assert seat_delegates(now=LATER) == 1
    assert asked(campaign) == ["Marco", "Olga"]
    assert seat_delegates(now=LATER) == 0, "once is enough"
    item = campaign.items.get(person=cast.rita)
    decide(items=[item], verdict=Verdict.APPROVE, actor=cast.olga, now=LATER)
    assert Decision.objects.get().decider == "Olga for Marco"
    told = Event.objects.get(verb=events.ITEM_DECIDED)
    assert told.sentence.startswith("Olga for Marco answered on")
    end_delegation(delegation=delegation, actor=cast.marco, now=LATER + DAY)
    assert seat_delegates(now=LATER + DAY) == 1
    assert asked(campaign) == ["Marco"]
    item.refresh_from_db()
    assert item.decided_by == cast.olga, "what was answered stands"


def test_a_delegation_that_is_over_gives_no_say_even_before_the_sweep(campaign: Campaign, cast: Cast) -> None:
    away(cast, ends_at=LATER + timedelta(hours=1))
    seat_delegates(now=LATER)
    item = campaign.items.get(person=cast.rita)
    with pytest.raises(PermissionDenied, match="no longer review in the place of Marco"):
        decide(items=[item], verdict=Verdict.APPROVE, actor=cast.olga, now=LATER + DAY)


def test_what_was_waiting_before_is_taken_over_only_where_the_delegation_says_so(campaign, cast: Cast) -> None:
    away(cast, starts_at=LATER)
    assert seat_delegates(now=LATER) == 0
    assert asked(campaign) == ["Marco"]


def test_a_delegation_for_other_catalogs_does_not_reach_the_review(campaign: Campaign, cast: Cast) -> None:
    other = type(cast.catalog).objects.create(name="Finance")
    away(cast, catalogs=[other])
    assert seat_delegates(now=LATER) == 0
    assert asked(campaign) == ["Marco"]


def test_whoever_stands_in_does_not_answer_on_their_own_access(campaign: Campaign, cast: Cast) -> None:
    set_delegation(delegator=cast.marco, delegate=cast.rita, actor=cast.marco, now=NOW - DAY)
    seat_delegates(now=LATER)
    mine = campaign.items.get(person=cast.rita)
    with pytest.raises(PermissionDenied):
        decide(items=[mine], verdict=Verdict.APPROVE, actor=cast.rita, now=LATER)
    assert list(ReviewItem.objects.asked_of(cast.rita)) == [campaign.items.get(person=cast.charlie)]
