"""The state machine is worth its time: it finds each of these bugs, planted one by one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from audit import journal
from requests_app import actions, approvers, events
from requests_app.actions import asking, deciding, delivering, ending, extending, granting, handing_over
from requests_app.models import AccessRequest, Approval

from .test_machine import play

SEEKS = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
Plant = Callable[[pytest.MonkeyPatch], None]


def one_approval_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Approval, "quorum", lambda self, asked: 1)


def the_policy_of_today_judges(patch: pytest.MonkeyPatch) -> None:
    def quorum(self: Approval, asked: Any) -> int:
        stage = self.access_request.policy.stages.get(position=self.position)
        return approvers.quorum(stage.approvals_required, of=sum(not one.is_alternate for one in asked))

    patch.setattr(Approval, "quorum", quorum)


def parties_may_decide(patch: pytest.MonkeyPatch) -> None:
    find = approvers.find
    patch.setattr(approvers, "find", lambda *rules, left_out, **rest: find(*rules, left_out=(), **rest))
    patch.setattr(deciding, "can_decide", lambda user, access_request: user.is_active)


def one_may_hand_over_to_a_party(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handing_over, "is_party", lambda user, access_request: False)


def absent_approvers_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actions, "replace_absent_approvers", lambda **rest: False)


def a_denial_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def deny(*, approval: Approval, actor: Any, now: Any, justification: str = "") -> Any:
        access_request, _approval, _asked = deciding._decide(
            approval, actor=actor, is_approved=False, justification=justification, now=now
        )
        return access_request

    patch.setattr(actions, "deny", deny)


def denials_are_not_journalled(patch: pytest.MonkeyPatch) -> None:
    record = journal.record_many
    patch.setattr(
        journal, "record_many", lambda told: record([one for one in told if one.verb != events.REQUEST_DENIED])
    )


def extensions_never_need_approval(patch: pytest.MonkeyPatch) -> None:
    create = asking.create
    patch.setattr(extending, "create", lambda *given, **rest: create(*given, **{**rest, "is_approval_needed": False}))


def what_is_over_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actions, "expire_due", lambda *, now: 0)


def leavers_keep_their_access(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(actions, "end_everything_of", lambda people, *, now: None)


def removals_are_not_queued(patch: pytest.MonkeyPatch) -> None:
    def withdraw(references: Any, *, now: Any) -> list[Any]:
        return []

    patch.setattr(ending, "withdraw", withdraw)


def what_is_for_later_begins_at_once(patch: pytest.MonkeyPatch) -> None:
    def begin(access_request: AccessRequest, *, starts_at: datetime, now: datetime) -> None:
        delivering.begin(access_request, now=now)

    patch.setattr(granting, "_schedule", begin)


def a_clock_does_not_stand_still(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Approval, "pause", lambda self, *, at: None)


BUGS: tuple[Plant, ...] = (
    one_approval_is_enough,
    the_policy_of_today_judges,
    parties_may_decide,
    one_may_hand_over_to_a_party,
    absent_approvers_stay,
    a_denial_is_forgotten,
    denials_are_not_journalled,
    extensions_never_need_approval,
    what_is_over_stays,
    leavers_keep_their_access,
    removals_are_not_queued,
    what_is_for_later_begins_at_once,
    a_clock_does_not_stand_still,
)


@pytest.mark.django_db
@pytest.mark.one_database("the machine is proved once; what it proves holds on both databases")
@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_machine_finds(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        play(SEEKS)
