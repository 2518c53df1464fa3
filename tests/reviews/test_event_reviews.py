"""Reviews that an event starts: of movers, of conflicts, of risk, of those who use nothing any more."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import call_command

from accessgov.outbox import WorkStatus
from audit.models import Event
from catalog.models import AccessPackage, Incompatibility
from directory.actions import save_person, set_risk
from directory.models import Group, Membership, Risk, User
from provisioning.models import LastUse, UseReading, UseSource
from requests_app.lifecycle import ExceptionStatus
from requests_app.models import Assignment, SeparationException
from reviews import events
from reviews.actions import closing, launching, reacting, steering
from reviews.actions.deciding import decide
from reviews.actions.handing_on import hand_on
from reviews.choices import NoResponse, ReviewerKind, ReviewScope, Trigger
from reviews.lifecycle import CampaignStatus
from reviews.models import Campaign, Cue, Review, ReviewItem
from reviews.occasions import Occasion
from tests.cast import NOW, Cast

from .conftest import DAY, give

LATER = NOW + 100 * DAY


@pytest.fixture(autouse=True)
def mover_review(db: None) -> Review:
    """What is set up out of the box, be it that another test has emptied the database meanwhile."""
    if not Review.objects.filter(trigger=Trigger.MANAGER_CHANGED).exists():
        import_module("reviews.migrations.0005_movers_are_reviewed").set_up(apps, None)
    return Review.objects.get(trigger=Trigger.MANAGER_CHANGED)


def set_up(trigger: Trigger, **more: Any) -> Review:
    review = Review.objects.create(
        name=f"On {trigger}", scope=ReviewScope.CONCERNED, trigger=trigger, created_at=NOW, **more
    )
    review.stages.create(position=1, reviewers=ReviewerKind.MANAGER)
    return review


def change(person: User, cast: Cast, *, now: datetime = LATER, **fields: Any) -> None:
    """Somebody changes the person's record."""
    person = User.objects.get(pk=person.pk)
    for name, value in fields.items():
        setattr(person, name, value)
    save_person(person=person, actor=cast.ada, now=now)


def heed(now: datetime = LATER) -> list[Campaign]:
    """Begin and launch what is due; returns all campaigns that were begun, the first first."""
    reacting.heed_all_due(now=now)
    launching.launch_all_due(now=now)
    return list(Campaign.objects.order_by("created_at", "pk"))


# --- Movers -----------------------------------------------------------------------------------------------------------


def test_the_new_manager_reviews_what_a_mover_keeps(cast: Cast, held: list[Assignment], mover_review: Review) -> None:
    change(cast.rita, cast, manager=cast.olga)
    [campaign] = heed()
    assert (campaign.review, campaign.person, campaign.status) == (
        mover_review,
        cast.rita,
        CampaignStatus.IN_PROGRESS,
    )
    item = campaign.items.get()
    assert item.assignment in held
    assert item.person == cast.rita
    assert [seat.person for seat in item.panel.members.all()] == [cast.olga]


def test_the_review_of_movers_asks_for_fourteen_days_and_keeps_what_nobody_answers(mover_review: Review) -> None:
    stage = mover_review.stages.get()
    assert (stage.reviewers, stage.duration, mover_review.if_no_response, mover_review.is_enabled) == (
        ReviewerKind.MANAGER,
        14 * DAY,
        NoResponse.KEEP,
        True,
    )


def test_whoever_has_nothing_is_not_reviewed(cast: Cast) -> None:
    change(cast.rita, cast, manager=cast.olga)
    assert heed() == []


def test_whoever_no_longer_has_a_manager_is_not_reviewed(cast: Cast, held: list[Assignment]) -> None:
    change(cast.rita, cast, manager=None)
    assert heed() == []


def test_another_change_of_a_record_starts_nothing(cast: Cast, held: list[Assignment]) -> None:
    change(cast.rita, cast, company="Elsewhere")
    assert not Cue.objects.exists()


def test_one_event_starts_one_campaign(cast: Cast, held: list[Assignment]) -> None:
    change(cast.rita, cast, manager=cast.olga)
    [campaign] = heed()
    Cue.objects.all().delete()
    Cue.objects.create(
        review=campaign.review,
        person=cast.rita,
        event=campaign.slot.removeprefix("event:"),
        due_at=LATER,
        created_at=LATER,
        idempotency_key="again",
    )
    campaign.move_to(CampaignStatus.CANCELED, at=LATER)
    assert heed() == [campaign]
    assert Cue.objects.get().status == WorkStatus.SUPERSEDED


# --- Moved again while the review runs --------------------------------------------------------------------------------


@pytest.fixture
def moved(cast: Cast, package: AccessPackage, held: list[Assignment]) -> Campaign:
    """Rita, who has two packages, came to Olga, who answered on the first."""
    second = cast.package("Sales: Wiki", cast.role("Wiki")[1])
    cast.policy(second, approver=None, duration_amount=720)
    give(second, cast.rita)
    change(cast.rita, cast, manager=cast.olga)
    [campaign] = heed()
    decide(items=[campaign.items.get(what=str(package))], verdict="approve", actor=cast.olga, now=LATER)
    return campaign


def asked(campaign: Campaign) -> dict[str, str]:
    """Who is asked about what by now."""
    items = campaign.items.select_related("panel__only_member")
    return {item.what: str(item.panel.only_member) for item in items}


def test_what_is_open_is_put_to_the_newest_manager_and_what_was_answered_stays(moved: Campaign, cast: Cast) -> None:
    change(cast.rita, cast, manager=cast.ada, now=LATER + DAY)
    assert heed(LATER + DAY) == [moved], "not doubled"
    assert asked(moved) == {"Sales: Standard Access": "Olga", "Sales: Wiki": "Ada"}
    assert list(ReviewItem.objects.asked_of(cast.ada)) == [moved.items.get(what="Sales: Wiki")]
    assert moved.items.get(what="Sales: Standard Access").decided_by == cast.olga
    told = Event.objects.get(verb=events.ITEMS_PUT_TO_MANAGER)
    assert told.sentence == f"1 open items of {moved} were put to Ada, who is the manager of Rita by now"
    assert Cue.objects.latest("created_at").status == WorkStatus.SUPERSEDED
    assert not Event.objects.filter(verb=events.OCCURRENCE_SKIPPED).exists()


def test_the_newest_manager_has_as_long_for_it_as_the_first_had(moved: Campaign, cast: Cast) -> None:
    at = LATER + 13 * DAY
    change(cast.rita, cast, manager=cast.ada, now=at)
    heed(at)
    moved.refresh_from_db()
    assert (moved.stages.get().ends_at, moved.ends_at) == (at + 14 * DAY, at + 14 * DAY)


def test_what_was_handed_on_stays_with_whoever_it_was_handed_to(moved: Campaign, cast: Cast) -> None:
    hand_on(items=[moved.items.get(what="Sales: Wiki")], to=cast.charlie, why="Yours", actor=cast.olga, now=LATER)
    change(cast.rita, cast, manager=cast.ada, now=LATER + DAY)
    heed(LATER + DAY)
    assert asked(moved)["Sales: Wiki"] == "Charlie"


def test_back_to_the_manager_who_is_asked_nothing_changes(moved: Campaign, cast: Cast) -> None:
    ends_at = moved.stages.get().ends_at
    change(cast.rita, cast, manager=cast.ada, now=LATER + DAY)
    change(cast.rita, cast, manager=cast.olga, now=LATER + DAY)
    heed(LATER + DAY)
    assert asked(moved) == {"Sales: Standard Access": "Olga", "Sales: Wiki": "Olga"}
    assert moved.stages.get().ends_at == ends_at


def test_where_others_than_the_manager_are_asked_another_campaign_follows_the_one_that_runs(
    moved: Campaign, cast: Cast
) -> None:
    moved.stages.update(reviewers=ReviewerKind.PACKAGE_OWNER)
    change(cast.rita, cast, manager=cast.ada, now=LATER + DAY)
    change(cast.rita, cast, manager=cast.charlie, now=LATER + 2 * DAY)
    assert heed(LATER + 2 * DAY) == [moved]
    assert Cue.objects.filter(status=WorkStatus.PENDING).count() == 2
    at = LATER + 14 * DAY
    closing.close_all_due(now=at)
    _first, second = heed(at + DAY)
    assert second.person == cast.rita
    assert set(asked(second).values()) == {"Charlie"}
    assert not Cue.objects.filter(status=WorkStatus.PENDING).exists(), "one campaign answers both"


def test_a_conflict_that_comes_up_while_another_is_reviewed_is_reviewed_after_it(
    cast: Cast, held: list[Assignment]
) -> None:
    review = set_up(Trigger.CONFLICT)
    reacting.leave_cues(Trigger.CONFLICT, [Occasion(cast.rita.pk, uuid4())], now=LATER)
    [first] = heed()
    reacting.leave_cues(Trigger.CONFLICT, [Occasion(cast.rita.pk, uuid4())], now=LATER + DAY)
    assert heed(LATER + DAY) == [first]
    steering.cancel(campaign=first, why="Enough", actor=cast.ada, now=LATER + DAY)
    assert [campaign.review for campaign in heed(LATER + 2 * DAY)] == [review, review]


def test_a_review_that_is_switched_off_starts_nothing(cast: Cast, held: list[Assignment], mover_review: Review) -> None:
    Review.objects.filter(pk=mover_review.pk).update(is_enabled=False)
    change(cast.rita, cast, manager=cast.olga)
    assert not Cue.objects.exists()


def test_a_review_that_is_switched_off_before_its_cue_is_heeded_starts_nothing(
    cast: Cast, held: list[Assignment], mover_review: Review
) -> None:
    change(cast.rita, cast, manager=cast.olga)
    Review.objects.filter(pk=mover_review.pk).update(is_enabled=False)
    assert heed() == []


def test_a_change_that_is_taken_back_starts_nothing(cast: Cast, held: list[Assignment], tmp_path: Any) -> None:
    file = tmp_path / "people.csv"
    file.write_text("user_name,manager\nrita,olga\n")
    call_command("import_people", str(file), "--dry-run")
    assert not Cue.objects.exists()


@pytest.fixture
def crowd(cast: Cast, package: AccessPackage, policy: Any) -> list[User]:
    """Forty people with the package, whom Marco manages."""
    people = [User.objects.create(username=f"p{number}", manager=cast.marco) for number in range(40)]
    give(package, *people)
    return people


def test_an_import_of_many_movers_leaves_cues_by_few_statements(
    cast: Cast, crowd: list[User], tmp_path: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    file = tmp_path / "people.csv"

    def statements(people: list[User], manager: str) -> int:
        file.write_text("user_name,manager\n" + "".join(f"{one.username},{manager}\n" for one in people))
        with django_assert_max_num_queries(40) as asked:
            call_command("import_people", str(file))
        return len(asked)

    statements(crowd[:1], "olga")
    few, many = statements(crowd[1:3], "olga"), statements(crowd[3:], "olga")
    assert few == many, "as many for 38 movers as for two"
    assert Cue.objects.count() == 40


def test_every_mover_of_an_import_is_reviewed(cast: Cast, held: list[Assignment], tmp_path: Any) -> None:
    file = tmp_path / "people.csv"
    file.write_text("user_name,manager\nrita,olga\ncharlie,olga\n")
    call_command("import_people", str(file))
    now = Cue.objects.latest("due_at").due_at
    assert {campaign.person for campaign in heed(now)} == {cast.rita, cast.charlie}


# --- Other jobs, higher risks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["department", "job_title"])
def test_another_job_or_department_is_reviewed(cast: Cast, held: list[Assignment], field: str) -> None:
    review = set_up(Trigger.JOB_CHANGED)
    fields: dict[str, Any] = {field: "Elsewhere"}
    change(cast.rita, cast, **fields)
    assert [campaign.review for campaign in heed()] == [review]


def test_a_higher_risk_is_reviewed_and_a_lower_one_is_not(cast: Cast, held: list[Assignment]) -> None:
    set_up(Trigger.RISK)
    set_risk(person=cast.rita, risk=Risk.HIGH, actor=cast.ada, now=LATER)
    assert Cue.objects.count() == 1
    set_risk(person=cast.rita, risk=Risk.LOW, actor=cast.ada, now=LATER)
    assert Cue.objects.count() == 1


def test_a_risk_that_rises_by_an_import_is_reviewed(cast: Cast, held: list[Assignment], tmp_path: Any) -> None:
    set_up(Trigger.RISK)
    file = tmp_path / "people.csv"
    for risk in ("medium", "low"):
        file.write_text(f"user_name,risk\nrita,{risk}\n")
        call_command("import_people", str(file))
        assert Cue.objects.count() == 1


# --- Conflicts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def payments(cast: Cast) -> AccessPackage:
    return cast.package("Payments: Release", cast.role("Payments")[1])


@pytest.fixture
def conflict(cast: Cast, payments: AccessPackage, held: list[Assignment]) -> Incompatibility:
    """Rita has the sales package and another one, which rules it out from now on."""
    cast.policy(payments, approver=None, duration_amount=720)
    give(payments, cast.rita)
    return Incompatibility.objects.create(package=held[0].package, other_package=payments)


def test_incompatible_access_is_reviewed_once(cast: Cast, conflict: Incompatibility) -> None:
    review = set_up(Trigger.CONFLICT)
    assert reacting.look_for_conflicts(now=LATER) == 1
    [campaign] = heed()
    assert (campaign.review, campaign.person, campaign.total) == (review, cast.rita, 2)
    assert reacting.look_for_conflicts(now=LATER + DAY) == 0


def test_two_rules_about_the_same_pair_are_one_conflict(payments: AccessPackage, conflict: Incompatibility) -> None:
    set_up(Trigger.CONFLICT)
    Incompatibility.objects.create(package=payments, other_package=conflict.package)
    assert reacting.look_for_conflicts(now=LATER) == 1


def test_membership_of_a_group_that_is_ruled_out_is_reviewed(cast: Cast, held: list[Assignment]) -> None:
    set_up(Trigger.CONFLICT)
    group = Group.objects.create(name="Auditors of sales")
    Incompatibility.objects.create(package=held[0].package, group=group)
    assert reacting.look_for_conflicts(now=LATER) == 0
    Membership.objects.create(group=group, person=cast.rita, added_at=NOW)
    assert reacting.look_for_conflicts(now=LATER) == 1


def test_a_pair_that_is_held_by_an_exception_is_not_reviewed(
    cast: Cast, payments: AccessPackage, conflict: Incompatibility
) -> None:
    set_up(Trigger.CONFLICT)
    SeparationException.objects.create(
        status=ExceptionStatus.APPROVED,
        person=cast.rita,
        package=payments,
        other_package=conflict.package,
        reason="both",
        control="looked at weekly",
        ends_at=LATER + DAY,
        asked_by=cast.rita,
        asked_at=NOW,
        decide_by=NOW + DAY,
        decided_by=cast.ada,
        decided_at=NOW,
    )
    assert reacting.look_for_conflicts(now=LATER) == 0


def test_nothing_is_looked_for_where_no_review_asks_for_it(
    conflict: Incompatibility, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(2):
        assert reacting.look_for_conflicts(now=LATER) == 0
        assert reacting.look_for_dormant(now=LATER) == 0


# --- Dormant people ---------------------------------------------------------------------------------------------------


def tell_use(cast: Cast, person: User, used_at: datetime | None, *, seen_at: datetime = LATER) -> None:
    told = {"system": cast.system, "last_used_at": used_at, "source": UseSource.IMPORT, "seen_at": seen_at}
    LastUse.objects.update_or_create(person=person, used=cast.system.pk, defaults=told)
    UseReading.objects.update_or_create(system=cast.system, defaults={"seen_at": seen_at})


@pytest.fixture
def long_here(held: list[Assignment]) -> None:
    User.objects.update(date_joined=NOW - 400 * DAY)


def test_whoever_uses_nothing_for_long_is_reviewed_once(cast: Cast, held: list[Assignment], long_here: None) -> None:
    set_up(Trigger.DORMANT, dormant_days=60)
    tell_use(cast, cast.rita, LATER - 61 * DAY)
    tell_use(cast, cast.charlie, LATER - 59 * DAY)
    assert reacting.look_for_dormant(now=LATER) == 1
    assert [campaign.person for campaign in heed()] == [cast.rita]
    assert reacting.look_for_dormant(now=LATER + 2 * DAY) == 1, "of Charlie, who is dormant by now"
    assert reacting.look_for_dormant(now=LATER + 2 * DAY) == 0


@pytest.mark.parametrize("known", ["signed in here", "came lately", "nothing told", "told long ago"])
def test_nobody_is_called_dormant_for_want_of_knowledge(
    cast: Cast, held: list[Assignment], long_here: None, known: str
) -> None:
    set_up(Trigger.DORMANT, dormant_days=60)
    if known != "nothing told":
        tell_use(cast, cast.rita, NOW, seen_at=LATER - 61 * DAY if known == "told long ago" else LATER)
    if known == "signed in here":
        User.objects.filter(pk=cast.rita.pk).update(last_login=LATER - DAY)
    if known == "came lately":
        User.objects.filter(pk=cast.rita.pk).update(date_joined=LATER - DAY)
    assert reacting.look_for_dormant(now=LATER) == 0
