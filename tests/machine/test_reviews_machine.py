"""The state machine of reviews holds, and finds each of the bugs that are planted for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Q
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from requests_app.actions import end_by_review
from reviews.actions import applying, closing, deciding, replacing, steering
from reviews.choices import Verdict
from reviews.models import ReviewItem

from .reviews_machine import ReviewsMachine
from .reviews_world import make_reviewed_world
from .test_machine import HOLDS as AS_REQUESTS
from .test_planted_bugs import SEEKS

HOLDS = settings(AS_REQUESTS, max_examples=10, stateful_step_count=30)

pytestmark = pytest.mark.django_db
Plant = Callable[[pytest.MonkeyPatch], None]


def play(how: settings) -> None:
    """Make the world, and let the machine loose in it."""
    world = make_reviewed_world()

    class Machine(ReviewsMachine):
        made = world

    run_state_machine_as_test(Machine, settings=settings(how, phases=[Phase.generate]))


def test_whatever_reviewers_do_and_whoever_leaves_the_promises_hold():
    play(HOLDS)


# --- Planted bugs -----------------------------------------------------------------------------------------------------


def people_may_answer_for_themselves(patch: pytest.MonkeyPatch) -> None:
    def asked_of(rows: Any, user: Any) -> Any:
        return rows.filter(Q(panel__members__person=user, panel__members__left_at=None) | Q(person=user))

    patch.setattr(type(ReviewItem.objects.all()), "asked_of", asked_of)
    patch.setattr(deciding, "whose_places", lambda actor, *, panels, now: dict.fromkeys(panels))
    patch.setattr(deciding, "hold_panels", lambda campaign, *, of: list(campaign.panels.values_list("pk", flat=True)))


def the_first_answer_counts(patch: pytest.MonkeyPatch) -> None:
    sort_out = deciding._sort_out

    def first_only(items: Any, **rest: Any) -> Any:
        return sort_out([item for item in items if item.verdict == Verdict.NOT_REVIEWED], **rest)

    patch.setattr(deciding, "_sort_out", first_only)


def a_denial_is_forgotten_at_the_close(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(closing, "what_goes", lambda terms: Q(verdict=Verdict.NOT_REVIEWED) & Q(pk__in=[]))


def what_nobody_answered_goes_whatever_the_terms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(closing, "what_goes", lambda terms: ~Q(verdict=Verdict.APPROVE))


def removals_count_as_done_before_they_are(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(applying, "end_by_review", lambda ids, **rest: set(ids))
    patch.setattr(closing, "begin_applying", lambda campaign, *, now: _complete(campaign, now))


def _complete(campaign: Any, now: Any) -> None:
    for status in ("applying", "completed"):
        campaign.move_to(status, at=now)


def what_is_denied_goes_at_once(patch: pytest.MonkeyPatch) -> None:
    write = deciding._write

    def write_and_apply(items: Any, *, answer: Any, campaign: Any) -> None:
        write(items, answer=answer, campaign=campaign)
        if items and answer.verdict == Verdict.DENY:
            end_by_review({item.assignment_id for item in items}, why="At once", now=answer.now)

    patch.setattr(deciding, "_write", write_and_apply)


def reviewers_who_left_are_not_replaced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replacing, "_replace", lambda *given, **rest: False)


def a_reset_forgets_to_open_the_items(patch: pytest.MonkeyPatch) -> None:
    reset = steering.reset

    def forgetful(*, campaign: Any, **rest: Any) -> Any:
        was_open = list(ReviewItem.objects.filter(campaign=campaign, is_open=True).values_list("pk", flat=True))
        made = reset(campaign=campaign, **rest)
        ReviewItem.objects.filter(campaign=campaign).exclude(pk__in=was_open).update(is_open=False)
        return made

    patch.setattr(steering, "reset", forgetful)


BUGS: tuple[Plant, ...] = (
    people_may_answer_for_themselves,
    the_first_answer_counts,
    a_denial_is_forgotten_at_the_close,
    what_nobody_answered_goes_whatever_the_terms,
    removals_count_as_done_before_they_are,
    what_is_denied_goes_at_once,
    reviewers_who_left_are_not_replaced,
    a_reset_forgets_to_open_the_items,
)


@pytest.mark.one_database("the machine is proved once; what it proves holds on both databases")
@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_machine_of_reviews_finds(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        play(SEEKS)
