"""What must hold after every step, and how the machine does and remembers what is done."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from audit.models import Event
from directory.models import Membership, User
from requests_app import actions, events
from requests_app.lifecycle import (
    ADDING,
    DECIDABLE,
    LIVE,
    UNDELIVERED,
    UPDATING,
    ApprovalStatus,
    AssignmentStatus,
    IllegalMove,
    RequestStatus,
)
from requests_app.models import AccessRequest, Approval, ApprovalAssignee, Assignment, Inquiry
from tests.cast import NOW

from .world import Promise, World

REFUSALS = (PermissionDenied, ValidationError, IllegalMove)
"""How an action says no; anything else that is raised is a fault."""
TELLS = {
    events.REQUEST_SUBMITTED: "open",
    events.REQUEST_ASSIGNED: "open",
    events.EXTENSION_REQUESTED: "open",
    events.REQUEST_AUTO_APPROVED: "approved",
    events.REQUEST_SCHEDULED: "approved",
    events.REQUEST_APPROVED: "approved",
    events.REQUEST_DENIED: RequestStatus.DENIED,
    events.REQUEST_CANCELED: RequestStatus.CANCELED,
    events.REQUEST_IN_CONFLICT: RequestStatus.CANCELED,
    events.REQUEST_EXPIRED: RequestStatus.EXPIRED,
}
"""What the journal's verbs say of the request that they are about."""


class Promises(RuleBasedStateMachine):
    """What was promised to whom, what was said by whom, and whether all of it is kept."""

    made: World | None = None
    """Made once, and come back to after each example."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now = NOW
        assert self.made, "make the world first"
        self.world = replace(self.made, policies=dict(self.made.policies), required=dict(self.made.required))
        self.promised: dict[UUID, Promise] = {}
        self.said: defaultdict[UUID, dict[UUID, bool]] = defaultdict(dict)
        """By approval: who said what, as the machine saw it done."""
        self.deciders: list[tuple[UUID, UUID]] = []
        """Request and person of every decision that was taken."""
        self.is_something_asked = self.is_something_had = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # --- What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def look_around(self) -> None:
        self.is_something_asked = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).exists()
        self.is_something_had = Assignment.objects.live().exists()

    @invariant()
    def granted_is_only_what_was_approved(self) -> None:
        stages = defaultdict(list)
        for approval in Approval.objects.order_by("position").prefetch_related("assignees"):
            stages[approval.access_request_id].append(approval)
        granted = (RequestStatus.SCHEDULED, RequestStatus.DELIVERED, *UNDELIVERED)
        for access_request in self._requests(kind__in=(*ADDING, *UPDATING), status__in=granted):
            if (promise := self.promised.get(access_request.pk)) is None:
                assert access_request.kind == "adminUpdate", f"{access_request} was granted without being asked for"
                continue
            asked = stages[access_request.pk]
            assert len(asked) == len(promise.required), f"{access_request} skipped a stage"
            for approval, required in zip(asked, promise.required, strict=True):
                self._assert_quorum(approval, required, promise)

    @invariant()
    def nothing_begins_before_its_start(self) -> None:
        for request_id, promise in self.promised.items():
            if promise.starts_at and promise.starts_at > self.now:
                access_request = AccessRequest.objects.get(pk=request_id)
                assert access_request.assignment_id is None, f"{access_request} began before its start"

    @invariant()
    def a_clock_stands_still_exactly_while_somebody_is_asked_for_information(self) -> None:
        waiting = set(Inquiry.objects.filter(closed_at=None).values_list("approval", flat=True))
        assert set(Approval.objects.exclude(paused_at=None).values_list("pk", flat=True)) == waiting

    @invariant()
    def nobody_decides_for_themselves(self) -> None:
        for request_id, decider in self.deciders:
            assert decider not in self.promised[request_id].parties, "a party decided"

    @invariant()
    def every_open_request_has_somebody_to_decide(self) -> None:
        open_stages = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS).prefetch_related("assignees__person")
        by_request = {approval.access_request_id: approval for approval in open_stages}
        for access_request in self._requests(status__in=DECIDABLE):
            approval = by_request.get(access_request.pk)
            assert approval is not None, f"no stage of {access_request} is open"
            parties = self.promised[access_request.pk].parties
            able = [
                one
                for one in approval.assignees.all()
                if one.is_approved is None and one.person.is_active and one.person_id not in parties
            ]
            assert able, f"nobody can decide on {access_request}"

    @invariant()
    def nothing_lives_twice_or_past_its_end_or_without_its_person(self) -> None:
        live = list(Assignment.objects.filter(status__in=LIVE).select_related("person"))
        assert len({(one.person_id, one.package_id) for one in live}) == len(live)
        for assignment in live:
            assert assignment.ends_at is None or assignment.ends_at > self.now, f"{assignment} outlived its end"
            assert assignment.person.is_active, f"{assignment.person} left and kept {assignment}"

    @invariant()
    def targets_hold_what_assignments_say(self) -> None:
        held = set(Membership.objects.filter(group__in=self.world.groups.values()).values_list("group", "person"))
        for assignment in Assignment.objects.all():
            place = (self.world.groups[assignment.package_id].pk, assignment.person_id)
            if assignment.status == AssignmentStatus.DELIVERED:
                assert place in held, f"{assignment} shows as delivered and is not there"
        allowed = {
            (self.world.groups[one.package_id].pk, one.person_id)
            for one in Assignment.objects.exclude(status=AssignmentStatus.ENDED)
        }
        assert held <= allowed, "somebody has what no assignment gives"

    @invariant()
    def the_journal_explains_every_state(self) -> None:
        told: dict[UUID, str] = {}
        ended, started = set(), set()
        for verb, target, story in Event.objects.order_by("pk").values_list("verb", "target_id", "correlation_id"):
            if verb in TELLS:
                told[story] = TELLS[verb]
            if verb == events.ASSIGNMENT_ENDED:
                ended.add(str(target))
            if verb == events.ASSIGNMENT_STARTED:
                started.add(str(target))
        for access_request in self._requests(kind__in=(*ADDING, *UPDATING)):
            if access_request.kind != "adminUpdate":
                self._assert_explained(access_request, told.get(access_request.pk, "nothing"), ended)
        for assignment in Assignment.objects.all():
            assert str(assignment.pk) in started
            assert (str(assignment.pk) in ended) == (assignment.status not in LIVE), "the end is not in the journal"

    # --- By what means ------------------------------------------------------------------------------------------------

    def _try(self, action: Callable[..., Any], **given: Any) -> Any:
        """Do it, or be refused properly; what comes back is what the action gave, None where it was refused."""
        try:
            return action(**given, now=self.now)
        except REFUSALS:
            return None

    def _promise(self, access_request: AccessRequest, package_id: UUID, *, starts_at: datetime | None = None) -> None:
        parties = frozenset(pk for pk in (access_request.person_id, access_request.requested_by_id) if pk)
        required = self.world.required[package_id]
        self.promised[access_request.pk] = Promise(parties=parties, required=required, starts_at=starts_at)

    def _decide(self, approval: Approval, actor: User, *, is_approved: bool, **more: Any) -> None:
        action = actions.approve if is_approved else actions.deny
        if done := self._try(action, approval=approval, actor=actor, justification="because", **more):
            assert actor.pk not in self.said[approval.pk], f"{actor} decided twice on one stage"
            self.said[approval.pk][actor.pk] = is_approved
            self.deciders.append((done.pk, actor.pk))

    def _assert_quorum(self, approval: Approval, required: int | None, promise: Promise) -> None:
        said = self.said[approval.pk]
        assert all(said.values()), f"{approval} went on after a denial"
        first = sum(not one.is_alternate for one in approval.assignees.all())
        needed = max(1, first if required is None else min(required, first))
        agreed = set(said) - promise.parties
        assert len(agreed) >= needed, f"{approval}: {len(agreed)} approved, {needed} were asked for"

    def _assert_explained(self, access_request: AccessRequest, told: str, ended: set[str]) -> None:
        status = access_request.status
        is_over = str(access_request.assignment_id) in ended
        if status in DECIDABLE:
            expected = {"open"}
        elif status in (*UNDELIVERED, RequestStatus.DELIVERED, RequestStatus.SCHEDULED):
            expected = {"approved"}
        else:
            expected = {status, "approved"} if is_over and status == RequestStatus.CANCELED else {status}
        assert told in expected, f"{access_request} is {status}, and the journal says {told}"

    def _sweep(self) -> None:
        """What beat does, in any one order: nothing depends on it."""
        actions.expire_due(now=self.now)
        actions.follow_delegations(now=self.now)
        for inquiry in Inquiry.objects.unanswered(self.now):
            actions.go_on_unanswered(inquiry=inquiry, now=self.now)
        for access_request in AccessRequest.objects.due_to_begin(self.now):
            actions.begin_scheduled(access_request=access_request, now=self.now)
        for approval in Approval.objects.overdue(self.now).select_related("access_request"):
            actions.expire_overdue(approval=approval, now=self.now)
        for approval in Approval.objects.wanting_alternates(self.now).select_related("access_request"):
            actions.ask_alternates(approval=approval, now=self.now)
        for approval in Approval.objects.in_want_of_approvers().select_related("access_request"):
            actions.replace_absent_approvers(approval=approval, now=self.now)

    def _person(self, number: int) -> User:
        return User.objects.select_related("manager").get(pk=self.world.people[number].pk)

    def _requests(self, **wanted: Any) -> list[AccessRequest]:
        return list(AccessRequest.objects.filter(**wanted).order_by("pk"))

    def _stages(self) -> list[Approval]:
        rows = Approval.objects.filter(status=ApprovalStatus.IN_PROGRESS)
        return list(rows.select_related("access_request__person", "access_request__requested_by").order_by("pk"))

    def _seats(self) -> list[ApprovalAssignee]:
        rows = ApprovalAssignee.objects.filter(approval__status=ApprovalStatus.IN_PROGRESS)
        return list(
            rows.select_related("approval__access_request", "person", "delegate").order_by(
                "approval", "person__username"
            )
        )

    def _access(self) -> list[Assignment]:
        return list(Assignment.objects.filter(status__in=LIVE).select_related("person").order_by("pk"))

    @staticmethod
    def _one_of(rows: list[Any], number: int) -> Any:
        return rows[number % len(rows)] if rows else None
