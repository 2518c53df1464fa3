"""Answering on items: who may, what counts, what is refused, what is kept and told, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from audit.models import Event
from directory.actions import disable_person
from directory.models import User
from requests_app.actions import give_back
from requests_app.models import Assignment
from reviews import events
from reviews.actions.deciding import accept_recommendations, decide
from reviews.choices import ApplyWhen, Recommendation, ReviewerKind, Verdict
from reviews.lifecycle import ApplyState, CampaignStatus, IllegalMove
from reviews.models import Campaign, Decision, Panel, ReviewItem
from tests.cast import NOW, Cast

from .conftest import DAY, make_review, open_by_hand

LATER = NOW + DAY


def item_of(campaign: Campaign, person: User) -> ReviewItem:
    return campaign.items.get(person=person)


def say(item: ReviewItem, verdict: str, actor: User, **more: Any) -> Any:
    """An answer with a reason, a day after the beginning."""
    return decide(items=[item], verdict=verdict, actor=actor, **{"now": LATER, "reason": "As I see it", **more})


def open_items(campaign: Campaign) -> int:
    return Panel.objects.get(campaign=campaign).open_items


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.DENY, Verdict.DONT_KNOW])
def test_an_answer_is_kept_counted_and_told(campaign: Campaign, cast: Cast, verdict: str) -> None:
    made = say(item_of(campaign, cast.rita), verdict, cast.marco)
    item = item_of(campaign, cast.rita)
    assert made.given == [item]
    assert not made.ended
    assert (item.verdict, item.decided_by, item.decided_at, item.decided_in) == (verdict, cast.marco, LATER, 1)
    assert not item.is_open
    assert item.reason == "As I see it"
    assert open_items(campaign) == 1
    kept = Decision.objects.get()
    assert (kept.verdict, kept.stage, kept.decided_by, kept.is_bulk) == (verdict, 1, cast.marco, False)
    told = Event.objects.get(verb=events.ITEM_DECIDED)
    label = Verdict(verdict).label
    assert told.sentence == f"Marco answered on Sales: Standard Access of Rita: {label}"
    assert (told.person_id, told.package_label) == (cast.rita.pk, "Sales: Standard Access")
    assert told.details["reason"] == "As I see it"
    assert told.correlation_id == campaign.pk


def test_in_reviews_the_last_response_wins_and_every_one_is_kept(cast: Cast, package, held) -> None:
    """Entra 15 #1: of approvals the first one decides, of reviews the last."""
    campaign = open_by_hand(make_review(package), held, cast.marco, cast.olga)
    item = item_of(campaign, cast.rita)
    say(item, Verdict.DENY, cast.marco)
    say(item, Verdict.APPROVE, cast.olga, now=LATER + DAY)
    item.refresh_from_db()
    assert (item.verdict, item.decided_by) == (Verdict.APPROVE, cast.olga)
    assert [one.verdict for one in item.decisions.all()] == [Verdict.APPROVE, Verdict.DENY]
    assert open_items(campaign) == 1, "it was counted once"
    assert Event.objects.filter(verb=events.ITEM_DECIDED).order_by("-occurred_at")[0].details["before"] == "deny"


def test_nothing_is_removed_before_the_campaign_closes(campaign: Campaign, cast: Cast) -> None:
    """Entra 15 #39: denial takes effect at the end."""
    item = item_of(campaign, cast.rita)
    say(item, Verdict.DENY, cast.marco)
    assert Assignment.objects.live().filter(person=cast.rita).exists()
    item.refresh_from_db()
    assert (item.result, item.state) == ("", ApplyState.NEW)


def test_where_it_is_applied_at_once_denied_access_ends_with_the_answer(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package, applies=ApplyWhen.AT_ONCE), held, cast.marco)
    item = item_of(campaign, cast.rita)
    say(item_of(campaign, cast.charlie), Verdict.APPROVE, cast.marco)
    say(item, Verdict.DENY, cast.marco)
    assert not Assignment.objects.live().filter(person=cast.rita).exists()
    assert Assignment.objects.live().filter(person=cast.charlie).exists()
    with pytest.raises(IllegalMove, match="being removed already"):
        say(item, Verdict.APPROVE, cast.marco)


def test_saying_the_same_twice_writes_nothing_and_says_so(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    say(item, Verdict.APPROVE, cast.marco)
    again = say(item, Verdict.APPROVE, cast.marco, now=LATER + DAY)
    assert again.same == [item]
    assert not again.given
    assert Decision.objects.count() == Event.objects.filter(verb=events.ITEM_DECIDED).count() == 1
    say(item, Verdict.APPROVE, cast.marco, reason="On second thoughts")
    assert Decision.objects.count() == 2, "another reason is another answer"


def test_an_answer_on_access_that_ended_meanwhile_is_kept_and_says_so(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    give_back(assignment=Assignment.objects.get(person=cast.rita), actor=cast.rita, now=LATER)
    made = say(item, Verdict.APPROVE, cast.marco)
    assert [one.pk for one in made.ended] == [item.pk] == [one.pk for one in made.given]


def test_nobody_but_the_reviewers_answers_not_even_administrators(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    for person in (cast.ada, cast.olga, cast.charlie, cast.rita):
        with pytest.raises(PermissionDenied):
            say(item, Verdict.APPROVE, person)
    disable_person(person=cast.marco, actor=cast.ada, now=LATER)
    cast.marco.refresh_from_db()
    with pytest.raises(PermissionDenied):
        say(item, Verdict.APPROVE, cast.marco)
    assert not Decision.objects.exists()


def test_nobody_answers_on_their_own_access(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package), held, cast.rita, cast.marco)
    with pytest.raises(PermissionDenied):
        say(item_of(campaign, cast.rita), Verdict.APPROVE, cast.rita)
    assert say(item_of(campaign, cast.charlie), Verdict.APPROVE, cast.rita).given


def test_in_a_self_review_people_answer_on_their_own_access(cast: Cast, package, held) -> None:
    campaign = open_by_hand(make_review(package, by=ReviewerKind.SELF), held, cast.rita)
    assert say(item_of(campaign, cast.rita), Verdict.APPROVE, cast.rita).given


def test_no_answer_is_taken_after_the_close_or_in_another_stage(campaign: Campaign, cast: Cast) -> None:
    item = item_of(campaign, cast.rita)
    with pytest.raises(IllegalMove, match="was open until"):
        say(item, Verdict.APPROVE, cast.marco, now=NOW + 14 * DAY)
    campaign.move_to(CampaignStatus.COMPLETING, at=LATER)
    with pytest.raises(IllegalMove, match="closing"):
        say(item, Verdict.APPROVE, cast.marco)
    Campaign.objects.update(status=CampaignStatus.IN_PROGRESS, stage=2, closed_at=None)
    campaign.stages.create(position=2, reviewers=ReviewerKind.PEOPLE, duration=timedelta(days=7))
    with pytest.raises(PermissionDenied):
        say(item, Verdict.APPROVE, cast.marco)


@pytest.mark.parametrize(
    ("needed", "refused"),
    [
        ("never", []),
        ("onDenial", ["deny"]),
        ("onApproval", ["approve"]),
        ("always", ["approve", "deny", "dontKnow"]),
    ],
)
def test_a_reason_is_asked_for_where_the_terms_say_so(cast: Cast, package, held, needed, refused) -> None:
    campaign = open_by_hand(make_review(package, reason_needed=needed), held, cast.marco)
    item = item_of(campaign, cast.rita)
    for verdict in ("approve", "deny", "dontKnow"):
        if verdict in refused:
            with pytest.raises(ValidationError, match="Say why you answer so"):
                say(item, verdict, cast.marco, reason="  ")
        else:
            assert say(item, verdict, cast.marco, reason="  ").given


def test_what_is_no_answer_is_refused(campaign: Campaign, cast: Cast) -> None:
    for verdict in ("", "notReviewed", "maybe"):
        with pytest.raises(ValidationError, match="Approve, deny, or say"):
            say(item_of(campaign, cast.rita), verdict, cast.marco)


def test_several_are_answered_together_but_privileged_access_only_by_itself(campaign: Campaign, cast: Cast) -> None:
    privileged = item_of(campaign, cast.rita)
    ReviewItem.objects.filter(pk=privileged.pk).update(is_privileged=True)
    made = decide(items=campaign.items.all(), verdict=Verdict.APPROVE, actor=cast.marco, now=LATER)
    assert made.privileged == [privileged]
    assert [one.person for one in made.given] == [cast.charlie]
    assert Decision.objects.get().is_bulk
    alone = decide(items=[privileged], verdict=Verdict.APPROVE, actor=cast.marco, now=LATER, is_bulk=True)
    assert alone.privileged == [privileged], "chosen by a check box it is still left out"
    assert say(privileged, Verdict.APPROVE, cast.marco).given
    assert open_items(campaign) == 0


def test_where_one_of_several_is_not_mine_none_is_answered(cast: Cast, package, held) -> None:
    mine = open_by_hand(make_review(package), held[:1], cast.marco)
    others = open_by_hand(make_review(package), held[1:], cast.olga)
    with pytest.raises(ValidationError, match="several reviews"):
        decide(items=[*mine.items.all(), *others.items.all()], verdict="approve", actor=cast.marco, now=LATER)
    panel = Panel.objects.create(campaign=mine, stage=1, key="manager:x", total=1, open_items=1)
    others.items.update(campaign=mine, panel=panel)
    with pytest.raises(PermissionDenied):
        decide(items=mine.items.all(), verdict="approve", actor=cast.marco, now=LATER)
    assert not Decision.objects.exists()


def recommend(campaign: Campaign, person: User, recommendation: str, **more: Any) -> None:
    campaign.items.filter(person=person).update(recommendation=recommendation, **more)


def test_recommendations_are_accepted_where_nobody_answered(campaign: Campaign, cast: Cast) -> None:
    recommend(campaign, cast.rita, Recommendation.DENY)
    recommend(campaign, cast.charlie, Recommendation.APPROVE)
    say(item_of(campaign, cast.rita), Verdict.APPROVE, cast.marco)
    made = accept_recommendations(campaign=campaign, actor=cast.marco, now=LATER)
    assert [one.person for one in made.given] == [cast.charlie]
    assert item_of(campaign, cast.rita).verdict == Verdict.APPROVE, "an answer is never overwritten"
    assert Decision.objects.get(item__person=cast.charlie).follows_recommendation


def test_recommendations_on_privileged_access_and_none_are_left_open(campaign: Campaign, cast: Cast) -> None:
    recommend(campaign, cast.rita, Recommendation.APPROVE, is_privileged=True)
    made = accept_recommendations(campaign=campaign, actor=cast.marco, now=LATER)
    assert not made.given
    assert open_items(campaign) == 2


def test_accepting_the_removal_of_access_asks_for_the_reason_that_any_denial_does(campaign, cast: Cast) -> None:
    recommend(campaign, cast.rita, Recommendation.DENY)
    with pytest.raises(ValidationError, match="Say why"):
        accept_recommendations(campaign=campaign, actor=cast.marco, now=LATER)
    made = accept_recommendations(campaign=campaign, actor=cast.marco, now=LATER, reason="Unused")
    assert item_of(campaign, cast.rita).verdict == Verdict.DENY
    assert len(made.given) == 1


def test_recommendations_are_accepted_by_reviewers_alone_and_where_there_are_any(cast: Cast, package, held) -> None:
    silent = open_by_hand(make_review(package, shows_recommendations=False), held, cast.marco)
    with pytest.raises(ValidationError, match="makes no recommendations"):
        accept_recommendations(campaign=silent, actor=cast.marco, now=LATER)
    Campaign.objects.update(status=CampaignStatus.CANCELED, closed_at=LATER)
    campaign = open_by_hand(make_review(package), held, cast.marco)
    with pytest.raises(PermissionDenied):
        accept_recommendations(campaign=campaign, actor=cast.ada, now=LATER)


def test_a_thousand_items_are_answered_by_a_fixed_number_of_statements(
    campaign: Campaign, cast: Cast, django_assert_max_num_queries
) -> None:
    """On SQLite many rows are written in parts, because a statement takes but so many values there."""
    first, given = item_of(campaign, cast.rita), Assignment.objects.get(person=cast.rita)
    people = User.objects.bulk_create(User(username=f"p{n}", email=f"p{n}@example.com") for n in range(998))
    held = Assignment.objects.bulk_create(
        Assignment(
            person=person, package=given.package, policy=given.policy, starts_at=NOW, status="delivered",
        )
        for person in people
    )  # fmt: skip
    ReviewItem.objects.bulk_create(
        ReviewItem(campaign=campaign, panel=first.panel, person=one.person, assignment=one, person_name="Somebody")
        for one in held
    )
    Panel.objects.update(total=1000, open_items=1000)
    ids = list(campaign.items.values_list("pk", flat=True))
    with django_assert_max_num_queries(20 if connection.vendor == "postgresql" else 60):
        made = decide(items=ids, verdict=Verdict.APPROVE, actor=cast.marco, now=LATER)
    assert len(made.given) == 1000
    assert open_items(campaign) == 0
    assert Decision.objects.count() == Event.objects.filter(verb=events.ITEM_DECIDED).count() == 1000
    with pytest.raises(ValidationError, match="1000 at most"):
        decide(items=[*ids, cast.ada.pk], verdict=Verdict.APPROVE, actor=cast.marco, now=LATER)
