"""A Hypothesis state machine over everything that can happen to a review, with what must hold after every step.

Whatever reviewers answer, in whatever order, whoever leaves meanwhile and whatever else happens to the access: nothing
is removed that was approved, nothing is kept that was denied, nothing goes before the close, nobody answers for
themselves, no open item is left to nobody, and the population stays as it was frozen.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from audit.models import Event
from directory.actions import disable_person, enable_person
from directory.models import Membership, User
from provisioning.delivery import perform_all_due
from requests_app import actions as requests_actions
from requests_app.lifecycle import LIVE
from requests_app.lifecycle import IllegalMove as IllegalRequestMove
from requests_app.models import Assignment
from reviews import events
from reviews.actions import applying, closing, deciding, handing_on, launching, replacing, starting, steering
from reviews.choices import NoResponse, Verdict
from reviews.lifecycle import CampaignStatus, IllegalMove
from reviews.models import Campaign, Panel, ReviewItem
from reviews.verifying import verify
from tests.cast import NOW

from .reviews_world import ReviewedWorld, make_review

REFUSALS = (PermissionDenied, ValidationError, IllegalMove, IllegalRequestMove)
"""How an action says no; anything else that is raised is a fault."""
verdicts = st.sampled_from([Verdict.APPROVE, Verdict.DENY, Verdict.DENY, Verdict.DONT_KNOW])
which = st.integers(0, 7)
person = st.integers(0, 10)


class ReviewsMachine(RuleBasedStateMachine):
    """Reviewers answer, hand on and leave, the campaign is extended, reset and stopped, and time passes."""

    made: ReviewedWorld | None = None
    """Made once, and come back to after each example."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now = NOW
        assert self.made, "make the world first"
        self.world = replace(self.made)
        self.said: dict[UUID, str] = {}
        """By item: the last answer that was taken, as the machine saw it."""
        self.gone: set[UUID] = set()
        """Assignments that ended for another reason than the review."""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(silence=st.sampled_from(list(NoResponse)), is_staged=st.booleans())
    def it_starts(self, silence: NoResponse, is_staged: bool) -> None:
        self.silence = silence
        review = make_review(self.world, if_no_response=silence, is_staged=is_staged)
        self.campaign = starting.start_review(review=review, actor=self.world.administrator, now=self.now)
        launching.launch_all_due(now=self.now)
        self.frozen = self._population()
        assert len(self.frozen) == len(self.world.holders), "somebody was left out"

    # --- What reviewers do --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.is_open)
    @rule(item=which, seat=which, verdict=verdicts)
    def answer_as_asked(self, item: int, seat: int, verdict: str) -> None:
        """Also on what is answered already: the last answer counts."""
        asked = [one for one in self._items() if one.stage == self._fresh().stage]
        if (found := self._one_of(asked, item)) and (by := self._one_of(self._reviewers(found), seat)):
            self._decide(found, by, verdict)

    @precondition(lambda self: self.is_open)
    @rule(item=which, by=person, verdict=verdicts)
    def answer_unasked(self, item: int, by: int, verdict: str) -> None:
        if found := self._one_of(self._items(), item):
            self._decide(found, self._person(by), verdict)

    @precondition(lambda self: self.is_open)
    @rule(item=which, verdict=verdicts)
    def answer_for_oneself(self, item: int, verdict: str) -> None:
        if found := self._one_of(self._items(), item):
            self._decide(found, User.objects.get(pk=found.person_id), verdict)

    @rule(item=which, verdict=verdicts)
    def answer_after_the_close(self, item: int, verdict: str) -> None:
        if self.is_open or not (found := self._one_of(self._items(), item)):
            return
        for seat in found.panel.members.filter(left_at=None).select_related("person"):
            late = self._try(deciding.decide, items=[found], verdict=verdict, reason="Late", actor=seat.person)
            assert late is REFUSED, "an answer was taken after the close"

    @precondition(lambda self: self.is_open)
    @rule(item=which, seat=which, to=person)
    def hand_on(self, item: int, seat: int, to: int) -> None:
        if (found := self._one_of(self._open_items(), item)) and (by := self._one_of(self._reviewers(found), seat)):
            self._try(handing_on.hand_on, items=[found], to=self._person(to), why="Theirs", actor=by)

    # --- What others do with the campaign -----------------------------------------------------------------------------

    @precondition(lambda self: self.is_open)
    @rule(days=st.integers(1, 30))
    def extend(self, days: int) -> None:
        self._steer(steering.extend, until=self.now + timedelta(days=days))

    @precondition(lambda self: self.is_open)
    @rule()
    def take_back_all_answers(self) -> None:
        before = {item.pk for item in self._items() if item.stage == self._fresh().stage}
        if self._steer(steering.reset, why="Anew"):
            self.said = {pk: verdict for pk, verdict in self.said.items() if pk not in before}
            replacing.replace_absent(now=self.now)

    @precondition(lambda self: self.is_open)
    @rule()
    def stop_the_stage(self) -> None:
        self._steer(steering.stop_stage, why="Enough")
        self._work()

    @precondition(lambda self: self.is_open)
    @rule()
    def stop(self) -> None:
        self._steer(steering.stop, why="Enough")
        self._work()

    # --- What happens around it ---------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 25, 24 * 5, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        due = Assignment.objects.due_to_end(self.now).values_list("pk", flat=True)
        self.gone |= set(due)
        requests_actions.expire_due(now=self.now)
        self._work()

    @rule()
    def targets_answer(self) -> None:
        perform_all_due(now=self.now)
        applying.follow(now=self.now)

    @rule(access=which)
    def somebody_gives_back(self, access: int) -> None:
        held = list(Assignment.objects.live().select_related("person").order_by("person__username"))
        found = self._one_of(held, access)
        if found and self._try(requests_actions.give_back, assignment=found, actor=found.person) is not REFUSED:
            self.gone.add(found.pk)

    @rule(who=person)
    def somebody_leaves(self, who: int) -> None:
        self._leave(self._person(who))

    @precondition(lambda self: self.is_open)
    @rule(item=which, seat=which)
    def a_reviewer_leaves(self, item: int, seat: int) -> None:
        if (found := self._one_of(self._open_items(), item)) and (one := self._one_of(self._reviewers(found), seat)):
            self._leave(one)

    def _leave(self, leaver: User) -> None:
        if leaver.pk in self.world.undisableable:
            return
        self.gone |= set(Assignment.objects.live().filter(person=leaver).values_list("pk", flat=True))
        self._try(disable_person, person=leaver, actor=self.world.administrator)
        replacing.replace_absent(now=self.now)

    @rule(who=person)
    def somebody_comes_back(self, who: int) -> None:
        self._try(enable_person, person=self._person(who), actor=self.world.administrator)

    @rule(who=person)
    def somebody_gets_it_anew(self, who: int) -> None:
        self._try(requests_actions.submit, package=self.world.package, actor=self._person(who))
        perform_all_due(now=self.now)

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def the_population_is_as_it_was_frozen(self) -> None:
        if hasattr(self, "frozen"):
            assert self._population() == self.frozen, "the population changed"
            assert verify(self._fresh()).is_whole, "the digest no longer holds"

    @invariant()
    def the_last_answer_counts(self) -> None:
        if hasattr(self, "frozen"):
            shown = {item.pk: item.verdict for item in self._items() if item.verdict != Verdict.NOT_REVIEWED}
            assert shown == self.said, "an answer was lost, invented or overruled"

    @invariant()
    def nobody_answers_for_themselves(self) -> None:
        if hasattr(self, "frozen"):
            own = [item for item in self._items() if item.decided_by_id == item.person_id]
            assert not own, "somebody answered for themselves"

    @invariant()
    def nothing_goes_that_was_not_to_go(self) -> None:
        """Before the close nothing does; after it what was approved, or what nobody answered and the terms keep."""
        if not hasattr(self, "frozen"):
            return
        has_closed = self._fresh().closed_at is not None
        for item in self._items():
            if has_closed and self._is_to_go(item):
                continue
            live = Assignment.objects.filter(pk=str(item.assignment_id), status__in=LIVE).exists()
            assert live or item.assignment_id in self.gone, f"{item} went"

    @invariant()
    def nothing_stays_that_was_to_go(self) -> None:
        if not hasattr(self, "frozen") or self._fresh().status != CampaignStatus.COMPLETED:
            return
        for item in self._items():
            if self._is_to_go(item):
                assignment = Assignment.objects.get(pk=str(item.assignment_id))
                assert assignment.status == "ended", f"{item} was kept"
                others = Assignment.objects.filter(person=item.person_id).exclude(status="ended")
                held = Membership.objects.filter(group=self.world.group, person=item.person_id)
                assert others.exists() or not held.exists(), f"{item} is still in the target"

    @invariant()
    def every_open_item_has_somebody_to_answer(self) -> None:
        """Where there is still something to answer on: what has ended needs nobody."""
        if not hasattr(self, "frozen") or not self.is_open:
            return
        live = set(Assignment.objects.live().values_list("pk", flat=True))
        for item in self._open_items():
            assert item.assignment_id not in live or self._reviewers(item), f"nobody can answer on {item}"

    @invariant()
    def panels_count_right(self) -> None:
        if not hasattr(self, "frozen") or not self.is_open:
            return
        stage = self._fresh().stage
        for panel in Panel.objects.filter(campaign=self.campaign, stage=stage):
            items = ReviewItem.objects.filter(panel=panel)
            assert panel.open_items == items.filter(is_open=True).count(), "a panel counts wrong"

    @invariant()
    def what_people_are_told_to_do_is_what_they_may_answer(self) -> None:
        """Nothing about themselves is among it, whichever panels they sit in."""
        if not hasattr(self, "frozen") or not self.is_open:
            return
        open_items = [item for item in self._open_items() if item.stage == self._fresh().stage]
        mine = Counter(one for item in open_items for one in self._reviewers(item))
        for one in User.objects.enabled().filter(panel_seats__panel__campaign=self.campaign).distinct():
            asking: list[Any] = list(Campaign.objects.open_for(one))
            told = sum(campaign.mine_open for campaign in asking)
            assert told == mine[one], f"{one} is told to answer on {told} items, and may on {mine[one]}"

    @invariant()
    def the_journal_tells_every_answer(self) -> None:
        if hasattr(self, "frozen"):
            told = Event.objects.filter(verb=events.ITEM_DECIDED).values_list("target_id", flat=True)
            assert {str(pk) for pk in self.said} <= set(told), "an answer is not in the journal"

    # --- How --------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return hasattr(self, "campaign") and self._fresh().status == CampaignStatus.IN_PROGRESS

    def _decide(self, item: ReviewItem, by: User, verdict: str) -> None:
        made = self._try(deciding.decide, items=[item], verdict=verdict, reason="So be it", actor=by)
        if made is REFUSED:
            return
        assert by.pk != item.person_id, "somebody answered for themselves"
        assert by in self._reviewers(item), "somebody answered who was not asked"
        self.said[item.pk] = verdict

    def _is_to_go(self, item: ReviewItem) -> bool:
        said = self.said.get(item.pk)
        unanswered = {NoResponse.REMOVE: True, NoResponse.RECOMMENDATION: item.recommendation == "deny"}
        return said == Verdict.DENY or (said is None and unanswered.get(self.silence, False))

    def _steer(self, action: Callable[..., Any], **given: Any) -> bool:
        return self._try(action, campaign=self.campaign, actor=self.world.administrator, **given) is not REFUSED

    def _try(self, action: Callable[..., Any], **given: Any) -> Any:
        try:
            with transaction.atomic():
                return action(**given, now=self.now)
        except REFUSALS:
            return REFUSED

    def _work(self) -> None:
        closing.close_all_due(now=self.now)
        applying.apply_all_due(now=self.now)
        replacing.replace_absent(now=self.now)

    def _fresh(self) -> Campaign:
        return Campaign.objects.get(pk=self.campaign.pk)

    def _population(self) -> set[tuple[UUID, UUID, str]]:
        items = ReviewItem.objects.filter(campaign=self.campaign)
        return set(items.values_list("pk", "assignment_id", "person_name"))

    def _items(self) -> list[ReviewItem]:
        items = ReviewItem.objects.filter(campaign=self.campaign).select_related("panel")
        return list(items.order_by("person__username"))  # their ids differ from run to run

    def _open_items(self) -> list[ReviewItem]:
        return [item for item in self._items() if item.is_open]

    def _reviewers(self, item: ReviewItem) -> list[User]:
        """Those who sit in its panel and may answer."""
        seats = item.panel.members.filter(left_at=None, person__is_active=True).exclude(person=item.person_id)
        return [seat.person for seat in seats.select_related("person").order_by("person__username")]

    def _person(self, number: int) -> User:
        return User.objects.get(pk=self.world.people[number].pk)

    @staticmethod
    def _one_of(things: list[Any], number: int) -> Any:
        return things[number % len(things)] if things else None


REFUSED: Any = object()
