"""A Hypothesis state machine over everything that can happen to requests, with what must hold after every step.

Whatever people try, in whatever order, and whatever time passes: nobody has access without the approvals that the
policy asked for when they asked, nobody decides for themselves, no open request is left to nobody, what is over is
gone from the target, and the journal explains every state.
"""

from datetime import timedelta

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from catalog.actions import save_policy
from catalog.models import Policy
from directory.actions import disable_person, enable_person, save_person
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.lifecycle import (
    UNBEGUN,
)
from requests_app.models import AccessRequest, ApprovalAssignee, Delegation, Inquiry
from requests_app.periods import Period

from .promises import REFUSALS, Promises
from .world import set_quorum

person = st.integers(0, 10)
asker = st.integers(1, 4)
package = st.integers(0, 2)
RAVI, REPORTS = 3, 2
which = st.integers(0, 7)
mostly = st.sampled_from([True, True, True, False])


class RequestsMachine(Promises):
    """People ask, decide, hand over, delegate, extend, leave and come back, policies change and time passes."""

    @initialize(
        askers=st.lists(st.tuples(asker, package), min_size=1, max_size=4, unique=True),
        required=st.sampled_from([1, 1, 2, None]),
    )
    def some_ask_and_then_a_policy_changes(self, askers: list[tuple[int, int]], required: int | None) -> None:
        for who, what in [(RAVI, REPORTS), *askers]:
            self.ask(who, what)
        self.policy_asks_for_more_or_less(what=REPORTS, required=required)

    # --- What people do -----------------------------------------------------------------------------------------------

    @rule(who=asker, what=package)
    def ask(self, who: int, what: int) -> None:
        actor, wanted = self._person(who), self.world.packages[what]
        if made := self._try(actions.submit, package=wanted, actor=actor):
            self._promise(made, wanted.pk)

    @rule(by=person, who=asker, what=package)
    def ask_for_another(self, by: int, who: int, what: int) -> None:
        wanted, actor, other = self.world.packages[what], self._person(by), self._person(who)
        if made := self._try(actions.submit, package=wanted, actor=actor, person=other):
            assert actor.pk in (other.pk, other.manager_id), "a stranger asked for somebody"
            self._promise(made, wanted.pk)

    @rule(who=asker, days=st.integers(1, 12))
    def ask_for_later(self, who: int, days: int) -> None:
        wanted, period = self.world.packages[REPORTS], Period(starts_at=self.now + timedelta(days=days))
        if made := self._try(actions.submit, package=wanted, actor=self._person(who), period=period):
            self._promise(made, wanted.pk, starts_at=period.starts_at)

    @rule(by=st.integers(7, 10), who=asker, what=package)
    def assign(self, by: int, who: int, what: int) -> None:
        wanted = self.world.packages[what]
        policy = self.world.policies[wanted.pk]
        if made := self._try(actions.assign_directly, policy=policy, person=self._person(who), actor=self._person(by)):
            self._promise(made, wanted.pk)

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which, is_approved=mostly)
    def decide_as_asked(self, seat: int, is_approved: bool) -> None:
        if asked := self._one_of(self._seats(), seat):
            self._decide(asked.approval, asked.person, is_approved=is_approved)

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which, days=st.integers(1, 12))
    def approve_for_less(self, seat: int, days: int) -> None:
        if asked := self._one_of(self._seats(), seat):
            self._decide(asked.approval, asked.person, is_approved=True, shorter=actions.Shorter(days=days))

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which, is_approved=mostly)
    def decide_in_the_place_of_another(self, seat: int, is_approved: bool) -> None:
        if asked := self._one_of([one for one in self._seats() if one.delegate_id], seat):
            self._decide(asked.approval, asked.delegate, is_approved=is_approved)

    @precondition(lambda self: self.is_something_asked)
    @rule(stage=which)
    def all_who_are_asked_approve(self, stage: int) -> None:
        approval = self._one_of(self._stages(), stage)
        for asked in approval.assignees.select_related("person").order_by("person__username"):
            self._decide(approval, asked.person, is_approved=True)

    @precondition(lambda self: self.is_something_asked)
    @rule(stage=which, by=person, is_approved=st.booleans())
    def decide_unasked(self, stage: int, by: int, is_approved: bool) -> None:
        if approval := self._one_of(self._stages(), stage):
            self._decide(approval, self._person(by), is_approved=is_approved)

    @precondition(lambda self: self.is_something_asked)
    @rule(stage=which, is_target=st.booleans())
    def decide_for_oneself(self, stage: int, is_target: bool) -> None:
        if approval := self._one_of(self._stages(), stage):
            asked_for = approval.access_request
            party = asked_for.person if is_target else asked_for.requested_by or asked_for.person
            self._decide(approval, party, is_approved=True)

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which, to=st.none() | person)
    def hand_over(self, seat: int, to: int | None) -> None:
        """To anybody, or (None) to the one whose access it is about."""
        if asked := self._one_of(self._seats(), seat):
            heir = asked.approval.access_request.person if to is None else self._person(to)
            self._try(actions.hand_over, approval=asked.approval, actor=asked.person, person=heir, why="busy")

    @rule(away=person, to=person, hours=st.sampled_from([-24, 0, 24, 24 * 7]), takes_waiting=st.booleans())
    def delegate(self, away: int, to: int, hours: int, takes_waiting: bool) -> None:
        delegator = self._person(away)
        made = self._try(
            actions.set_delegation,
            delegator=delegator,
            delegate=self._person(to),
            actor=delegator,
            ends_at=self.now + timedelta(hours=hours) if hours else None,
            takes_waiting=takes_waiting,
        )
        assert made is None or hours >= 0, "a delegation that is over was taken"

    @rule(away=which)
    def come_back(self, away: int) -> None:
        if found := self._one_of(list(Delegation.objects.filter(ended_at=None).order_by("pk")), away):
            self._try(actions.end_delegation, delegation=found, actor=found.delegator)

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which)
    def ask_for_information(self, seat: int) -> None:
        if asked := self._one_of(self._seats(), seat):
            self._try(actions.ask_for_information, approval=asked.approval, actor=asked.person, question="What for?")

    @precondition(lambda self: self.is_something_asked)
    @rule(inquiry=which, by=st.none() | person)
    def answer(self, inquiry: int, by: int | None) -> None:
        if found := self._one_of(list(Inquiry.objects.filter(closed_at=None).order_by("pk")), inquiry):
            actor = found.approval.access_request.person if by is None else self._person(by)
            if self._try(actions.answer_inquiry, inquiry=found, actor=actor, answer="For the books."):
                assert actor.pk in self.promised[found.approval.access_request_id].parties, "a stranger answered"

    @precondition(lambda self: self.is_something_had)
    @rule(seat=which)
    def withdraw_an_approval(self, seat: int) -> None:
        revocable = AccessRequest.objects.revocable().values("pk")
        decided = ApprovalAssignee.objects.filter(is_approved=True, approval__access_request__in=revocable)
        if found := self._one_of(list(decided.select_related("decided_by").order_by("pk")), seat):
            self._try(actions.withdraw_approval, seat=found, actor=found.decided_by, why="I was wrong")

    @precondition(lambda self: self.is_something_asked)
    @rule(request=which, by=person)
    def cancel(self, request: int, by: int) -> None:
        if found := self._one_of(self._requests(status__in=UNBEGUN), request):
            self._try(actions.cancel, access_request=found, actor=self._person(by))

    @precondition(lambda self: self.is_something_had)
    @rule(access=which)
    def extend(self, access: int) -> None:
        found = self._one_of(self._access(), access)
        if found and (made := self._try(actions.extend, assignment=found, actor=found.person)):
            self._promise(made, found.package_id)

    @precondition(lambda self: self.is_something_had)
    @rule(access=which, by=person, days=st.integers(0, 40))
    def move_the_end(self, access: int, by: int, days: int) -> None:
        if found := self._one_of(self._access(), access):
            ends_at = self.now + timedelta(days=days)
            self._try(actions.change_end, assignment=found, actor=self._person(by), ends_at=ends_at, why="so be it")

    @precondition(lambda self: self.is_something_had)
    @rule(access=which)
    def give_back(self, access: int) -> None:
        if found := self._one_of(self._access(), access):
            self._try(actions.give_back, assignment=found, actor=found.person)

    @precondition(lambda self: self.is_something_had)
    @rule(access=which, by=person)
    def revoke(self, access: int, by: int) -> None:
        if found := self._one_of(self._access(), access):
            self._try(actions.revoke, assignment=found, actor=self._person(by), why="no longer needed")

    # --- What happens around them -------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 9, 25, 24 * 4, 24 * 6, 24 * 11]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._sweep()

    @rule()
    def targets_answer(self) -> None:
        perform_all_due(now=self.now)

    @rule(who=person)
    def somebody_leaves(self, who: int) -> None:
        leaver = self._person(who)
        if leaver.pk not in self.world.undisableable:
            self._try(disable_person, person=leaver, actor=self.world.administrator)
            self._sweep()

    @precondition(lambda self: self.is_something_asked)
    @rule(seat=which)
    def one_who_is_asked_leaves(self, seat: int) -> None:
        leaver = self._one_of(self._seats(), seat).person
        if leaver.pk not in self.world.undisableable:
            self._try(disable_person, person=leaver, actor=self.world.administrator)
            self._sweep()

    @rule(who=person)
    def somebody_comes_back(self, who: int) -> None:
        self._try(enable_person, person=self._person(who), actor=self.world.administrator)

    @rule(who=person, to=person)
    def somebody_moves(self, who: int, to: int) -> None:
        mover = self._person(who)
        mover.manager = self._person(to)
        self._try(save_person, person=mover, actor=self.world.administrator)

    @rule(what=st.sampled_from([0, 2]), required=st.sampled_from([1, 2, None]))
    def policy_asks_for_more_or_less(self, what: int, required: int | None) -> None:
        try:
            with transaction.atomic():
                set_quorum(self.world, self.world.packages[what], required=required)
        except REFUSALS:
            pass

    @rule(what=package)
    def policy_is_switched(self, what: int) -> None:
        policy = Policy.objects.get(pk=self.world.policies[self.world.packages[what].pk].pk)
        policy.is_enabled = not policy.is_enabled
        self._try(save_policy, policy=policy, actor=self.world.administrator)
