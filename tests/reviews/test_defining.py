"""Reviews are set up, changed, ended and deleted; whatever would keep one from working is refused at its field."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog.actions import delete_package, delete_policy
from catalog.choices import DelegatedRole
from directory.models import Group
from reviews import events
from reviews.actions.defining import delete_review, save_review
from reviews.actions.rules import Stage
from reviews.actions.starting import start_due, start_review
from reviews.choices import DeniedGuests, Frequency, ReviewerKind, ReviewScope, Trigger
from reviews.models import Campaign, Review, ReviewStage
from tests.cast import NOW, appoint

from .conftest import DAY

TOMORROW = NOW.date() + timedelta(days=1)


def by_manager(*, position: int = 1, **more: Any) -> Stage:
    return Stage(ReviewStage(position=position, reviewers=ReviewerKind.MANAGER, **more))


def by_people(*people: Any, groups: Any = ()) -> Stage:
    return Stage(ReviewStage(position=1, reviewers=ReviewerKind.PEOPLE), people=people, groups=groups)


@pytest.fixture
def review(package: Any) -> Review:
    """Not saved yet: of the package, every quarter from tomorrow on."""
    return Review(
        name="Sales, each quarter",
        scope=ReviewScope.PACKAGE,
        package=package,
        frequency=Frequency.QUARTERLY,
        starts_on=TOMORROW,
    )


def ours() -> Any:
    """Without the review of movers, which is there from the start."""
    return Review.objects.filter(trigger=Trigger.SCHEDULE)


def saved(review: Review, actor: Any, *stages: Stage, **more: Any) -> Review:
    return save_review(review=review, stages=stages or [by_manager()], actor=actor, now=NOW, **more)


def refused(review: Review, *stages: Stage) -> dict[str, list[str]]:
    """What is wrong with it, by field."""
    with pytest.raises(ValidationError) as refusal:
        saved(review, None, *stages)
    return refusal.value.message_dict


# --- It works --------------------------------------------------------------------------------------------------------


def test_a_review_is_set_up_with_its_stages_and_its_first_start(cast, review) -> None:
    later = Stage(ReviewStage(position=2, reviewers=ReviewerKind.PEOPLE), people=[cast.olga])
    saved(review, cast.ada, by_manager(), later, told_at_end=[cast.olga])
    found = ours().get()
    assert [(stage.position, stage.reviewers) for stage in found.stages.all()] == [(1, "manager"), (2, "people")]
    assert list(found.stages.get(position=2).people.all()) == [cast.olga]
    assert list(found.told_at_end.all()) == [cast.olga]
    assert (found.created_by, found.created_at) == (cast.ada, NOW)
    assert found.next_at is not None
    assert found.next_at.date() == TOMORROW


def test_it_is_told_in_the_journal_who_set_it_up_and_what_it_says(cast, review) -> None:
    saved(review, cast.ada)
    event = Event.objects.get(verb=events.REVIEW_CREATED)
    assert (event.actor, event.target_label, event.package_id) == (cast.ada, review.name, review.package_id)
    assert "each person's manager within 14 days" in str(event.details["fields"]["stages"])


def test_a_change_tells_what_was_and_what_is(cast, review) -> None:
    saved(review, cast.ada)
    review.frequency = Frequency.SEMI_ANNUALLY
    save_review(review=review, stages=[by_people(cast.olga)], actor=cast.ada, now=NOW)
    event = Event.objects.get(verb=events.REVIEW_CHANGED)
    assert event.details["fields"]["frequency"] == ["quarterly", "every six months"]
    assert "+ 1. Olga within 14 days" in event.details["changed"]


def test_what_is_saved_as_it_was_is_not_told(cast, review) -> None:
    saved(review, cast.ada)
    save_review(review=review, actor=cast.ada, now=NOW)
    assert not Event.objects.filter(verb=events.REVIEW_CHANGED).exists()
    assert review.stages.count() == 1, "stages that are not given stay"


def test_a_new_calendar_moves_the_next_start_and_disabling_keeps_it_from_starting(cast, review) -> None:
    saved(review, cast.ada)
    review.starts_on = TOMORROW + timedelta(days=9)
    save_review(review=review, actor=cast.ada, now=NOW)
    assert review.next_at is not None
    assert review.next_at.date() == review.starts_on
    review.is_enabled = False
    save_review(review=review, actor=cast.ada, now=NOW)
    assert start_due(NOW + 30 * DAY) == 0


def test_an_earlier_end_ends_the_series_and_its_campaigns_stay(cast, review) -> None:
    saved(review, cast.ada)
    assert start_due(NOW + 2 * DAY) == 1
    review.refresh_from_db()
    review.ends_on = TOMORROW
    save_review(review=review, actor=cast.ada, now=NOW + 2 * DAY)
    assert review.next_at is None
    assert Campaign.objects.get().review == review


def test_whoever_changes_it_does_not_touch_how_often_it_started(cast, review) -> None:
    saved(review, cast.ada)
    stale = Review.objects.get(pk=review.pk)
    start_review(review=review, actor=cast.ada, now=NOW)
    stale.description = "Newer"
    save_review(review=stale, actor=cast.ada, now=NOW)
    assert ours().get().started == 1


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_package_managers_set_up_reviews_in_their_catalog_and_nobody_else_does(cast, review) -> None:
    appoint(cast.catalog, cast.charlie, role=DelegatedRole.PACKAGE_MANAGER)
    for person in (cast.rita, cast.marco, cast.olga):
        with pytest.raises(PermissionDenied):
            saved(review, person)
    saved(review, cast.charlie)
    assert ours().count() == 1


def test_a_review_is_not_carried_off_into_another_catalog(cast, review) -> None:
    """Whoever may define it must be allowed to before the change and after it."""
    saved(review, cast.ada)
    theirs = type(cast.catalog).objects.create(name="Theirs", description="-")
    appoint(theirs, cast.charlie)
    review.scope, review.package, review.catalog = ReviewScope.CATALOG, None, theirs
    with pytest.raises(PermissionDenied):
        saved(review, cast.charlie)


def test_what_people_have_altogether_is_for_administrators(cast) -> None:
    appoint(cast.catalog, cast.charlie)
    of_rita = Review(name="Rita", scope=ReviewScope.PERSON, person=cast.rita, starts_on=TOMORROW)
    with pytest.raises(PermissionDenied):
        saved(of_rita, cast.charlie)
    saved(of_rita, cast.ada)


# --- What cannot work ------------------------------------------------------------------------------------------------


def test_named_people_of_whom_nobody_is_enabled_could_not_review(cast, review) -> None:
    cast.charlie.is_active = False
    cast.charlie.save(update_fields=["is_active"])
    empty = Group.objects.create(name="Nobody in it")
    said = refused(review, by_people(cast.charlie, groups=[empty]))["stages"]
    assert said == ["Stage 1: Nobody of those who are named is enabled, or the groups are empty."]
    assert "Say which people or groups review." in refused(review, by_people())["stages"][0]


def test_somebody_in_a_nested_group_is_enough(cast, review) -> None:
    from directory import actions

    outer, inner = Group.objects.create(name="Outer"), Group.objects.create(name="Inner")
    actions.nest_group(parent=outer, child=inner, actor=cast.ada, now=NOW)
    actions.add_member(group=inner, person=cast.charlie, actor=cast.ada, now=NOW)
    saved(review, cast.ada, by_people(groups=[outer]))


def test_people_who_are_named_and_would_never_be_asked_are_refused(cast, review) -> None:
    stage = Stage(ReviewStage(position=1, reviewers=ReviewerKind.MANAGER), people=[cast.olga])
    assert "Leave out people and groups" in refused(review, stage)["stages"][0]


def test_a_review_without_a_stage_has_no_reviewers(review) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_review(review=review, stages=[], actor=None, now=NOW)
    assert refusal.value.message_dict == {"stages": ["Nobody would review: give it a stage."]}


def test_stages_are_three_at_most_and_numbered_without_a_gap(review) -> None:
    assert "three stages at most" in refused(review, *(by_manager(position=n) for n in (1, 2, 3, 4)))["stages"][0]
    assert "without a gap" in refused(review, by_manager(), by_manager(position=3))["stages"][0]


def test_a_later_stage_that_takes_nothing_on_is_refused(review) -> None:
    nothing = {"takes_approved": False, "takes_denied": False, "takes_unknown": False, "takes_unreviewed": False}
    assert "takes nothing on" in refused(review, by_manager(), by_manager(position=2, **nothing))["stages"][0]


@pytest.mark.parametrize(
    ("frequency", "days", "is_fine"),
    [
        (Frequency.WEEKLY, (7,), True),
        (Frequency.WEEKLY, (8,), False),
        (Frequency.WEEKLY, (4, 4), False),
        (Frequency.MONTHLY, (28,), True),
        (Frequency.MONTHLY, (29,), False),
        (Frequency.ANNUALLY, (365,), True),
        (Frequency.ONCE, (365, 365), True),
    ],
)
def test_campaigns_must_not_overlap(review, frequency, days, is_fine) -> None:
    """The total of the stages is at most the recurrence: a month may have 28 days (reference, section 10.3)."""
    review.frequency = frequency
    stages = [by_manager(position=n, duration=timedelta(days=each)) for n, each in enumerate(days, start=1)]
    if is_fine:
        saved(review, None, *stages)
    else:
        assert "they would overlap" in refused(review, *stages)["stages"][0]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"ends_on": NOW.date()}, "ends_on", "end before it starts"),
        ({"starts_on": NOW.date() - timedelta(days=1)}, "starts_on", "over already"),
        ({"starts_on": date(9999, 1, 1)}, "starts_on", "within the next ten years"),
        ({"starts_on": None}, "starts_on", "on which day"),
        ({"ends_on": date(2027, 1, 1), "occurrences": 3}, "occurrences", "choose one of the two"),
        ({"frequency": Frequency.ONCE, "occurrences": 3}, "frequency", "only once"),
        ({"frequency": "daily"}, "frequency", "not a valid choice"),
        ({"interval": 25}, "interval", "less than or equal to 24"),
        ({"trigger": Trigger.RISK}, "scope", "everything that this person has"),
        ({"scope": ReviewScope.CONCERNED, "package": None}, "trigger", "something that happens to them"),
        ({"dormant_days": 30}, "dormant_days", "not dormancy"),
        ({"inactive_days": 731}, "inactive_days", "less than or equal to 730"),
        ({"inactive_days": 0}, "inactive_days", "greater than or equal to 1"),
        ({"note": "x" * 257}, "note", "at most 256 characters"),
        ({"denied_guests": DeniedGuests.BLOCK}, "denied_guests", "guests alone"),
        ({"includes_adopted": True}, "includes_adopted", "did not give"),
        ({"package": None}, "package", "Say which access package"),
        ({"name": ""}, "name", "blank"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(review, wrong, field, said) -> None:
    for name, value in wrong.items():
        setattr(review, name, value)
    assert said in " ".join(refused(review)[field])


def test_only_administrators_have_guests_blocked_and_deleted(cast, review) -> None:
    appoint(cast.catalog, cast.charlie)
    review.is_for_guests, review.denied_guests = True, DeniedGuests.BLOCK
    with pytest.raises(ValidationError) as refusal:
        saved(review, cast.charlie)
    assert list(refusal.value.message_dict) == ["denied_guests"]
    saved(review, cast.ada)
    review.name = "Another name"
    with pytest.raises(ValidationError):
        saved(review, cast.charlie)


def test_an_event_starts_reviews_of_the_person_concerned_without_a_calendar(cast) -> None:
    review = Review(name="Movers", scope=ReviewScope.CONCERNED, trigger=Trigger.MANAGER_CHANGED, starts_on=TOMORROW)
    assert "not the calendar" in refused(review)["starts_on"][0]
    review.starts_on, review.frequency = None, Frequency.WEEKLY
    assert "not the calendar" in refused(review)["frequency"][0]
    review.frequency, review.trigger = Frequency.ONCE, Trigger.DORMANT
    assert "after how many days" in refused(review)["dormant_days"][0]
    review.dormant_days = 90
    assert saved(review, cast.ada).next_at is None


def test_roles_are_not_reviewed_by_a_package_s_owner(cast, review) -> None:
    role = cast.role("Sales EMEA plans")[1]
    review.scope, review.package, review.resource_role = ReviewScope.ROLE, None, role
    stage = Stage(ReviewStage(position=1, reviewers=ReviewerKind.PACKAGE_OWNER))
    assert "have the resource's owners review it" in refused(review, stage)["stages"][0]


def test_something_else_that_is_named_as_well_is_refused(cast, review) -> None:
    review.catalog = cast.catalog
    assert refused(review) == {"catalog": ["Leave this empty: something else is reviewed."]}


def test_a_policy_has_one_review(cast, policy, review) -> None:
    review.scope, review.package, review.policy = ReviewScope.POLICY, None, policy
    saved(review, cast.ada)
    second = Review(name="Again", scope=ReviewScope.POLICY, policy=policy, starts_on=TOMORROW)
    assert refused(second) == {"policy": ["This policy has a review already: change that one."]}


def test_what_it_looks_at_stays_once_it_has_campaigns(cast, review) -> None:
    """Else their results would be shown to whoever looks after the other thing."""
    saved(review, cast.ada)
    start_review(review=review, actor=cast.ada, now=NOW)
    review.scope, review.package, review.catalog = ReviewScope.CATALOG, None, cast.catalog
    assert "would change hands" in refused(review)["scope"][0]


# --- Deleting --------------------------------------------------------------------------------------------------------


def test_a_review_that_never_started_is_deleted_and_one_with_campaigns_is_not(cast, review) -> None:
    saved(review, cast.ada)
    start_review(review=review, actor=cast.ada, now=NOW)
    with pytest.raises(ValidationError, match="campaigns refer to it"):
        delete_review(review=review, actor=cast.ada, now=NOW)
    Campaign.objects.all().delete()
    with pytest.raises(PermissionDenied):
        delete_review(review=review, actor=cast.charlie, now=NOW)
    delete_review(review=review, actor=cast.ada, now=NOW)
    assert not ours().exists()
    assert Event.objects.get(verb=events.REVIEW_DELETED).target_label == review.name


def test_a_deleted_package_takes_its_reviews_along_each_with_a_word_in_the_journal(cast, policy, review) -> None:
    other = Review(name="Of the policy", scope=ReviewScope.POLICY, policy=policy, starts_on=TOMORROW)
    for one in (review, other):
        saved(one, cast.ada)
    delete_package(package=policy.package, actor=cast.ada, now=NOW)
    assert not ours().exists()
    assert Event.objects.filter(verb=events.REVIEW_DELETED).count() == 2


def test_a_policy_whose_review_has_campaigns_stays(cast, policy, review) -> None:
    review.scope, review.package, review.policy = ReviewScope.POLICY, None, policy
    saved(review, cast.ada)
    start_review(review=review, actor=cast.ada, now=NOW)
    with pytest.raises(ValidationError, match="campaigns refer to it"):
        delete_policy(policy=policy, actor=cast.ada, now=NOW)
    assert ours().get().policy == policy
