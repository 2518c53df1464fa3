"""Conditions on a stage: for guests or members only, for privileged resources only, from a risk on."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.models import Event
from catalog import actions as catalog
from catalog.choices import ApproverKind, RequestorScope, StageAudience
from catalog.models import ApprovalStage, StageApprover
from catalog.wording import stage_in_words
from directory.models import PersonKind, Risk
from requests_app import actions, conditions, events, timeline
from requests_app.lifecycle import ApprovalStatus, RequestStatus
from requests_app.models import Approval
from requests_app.prospects import look_ahead
from tests.cast import NOW


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    """Charlie decides first, on a condition that a test sets; then the manager."""
    policy = cast.policy(package, approver=None, scope=RequestorScope.EVERYONE)
    policy.stages.create(position=1).approvers.create(kind=ApproverKind.PERSON, person=cast.charlie)
    policy.stages.create(position=2).approvers.create(kind=ApproverKind.MANAGER)
    return policy


@pytest.fixture
def ask(cast, package):
    return lambda: actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=NOW)


def condition(policy, **fields):
    policy.stages.filter(position=1).update(**fields)


def states(access_request):
    return list(access_request.approvals.values_list("status", flat=True))


def make_privileged(package):
    resource = package.roles.get().resource
    resource.is_privileged = True
    resource.save()


MET = [ApprovalStatus.IN_PROGRESS, ApprovalStatus.WAITING]
UNMET = [ApprovalStatus.SKIPPED, ApprovalStatus.IN_PROGRESS]


@pytest.mark.parametrize(
    ("audience", "kind", "expected"),
    [
        (StageAudience.GUESTS, PersonKind.GUEST, MET),
        (StageAudience.GUESTS, PersonKind.MEMBER, UNMET),
        (StageAudience.MEMBERS, PersonKind.GUEST, UNMET),
        (StageAudience.MEMBERS, PersonKind.MEMBER, MET),
        (StageAudience.EVERYBODY, PersonKind.GUEST, MET),
    ],
)
def test_a_stage_is_for_guests_or_for_members_only(cast, policy, ask, audience, kind, expected):
    cast.rita.kind = kind
    cast.rita.save()
    condition(policy, audience=audience)
    assert states(ask()) == expected


@pytest.mark.parametrize("is_privileged", [True, False])
def test_a_stage_is_only_for_packages_that_give_a_privileged_resource(package, policy, ask, is_privileged):
    condition(policy, is_for_privileged=True)
    if is_privileged:
        make_privileged(package)
    assert states(ask()) == (MET if is_privileged else UNMET)


@pytest.mark.parametrize("risk", Risk)
def test_a_stage_is_needed_from_a_risk_on(cast, policy, ask, risk):
    cast.rita.risk = risk
    cast.rita.save()
    condition(policy, least_risk=Risk.MEDIUM)
    assert states(ask()) == (MET if risk >= Risk.MEDIUM else UNMET)


def test_all_conditions_of_a_stage_hold_together_and_every_unmet_one_is_said(cast, policy, ask):
    condition(policy, audience=StageAudience.GUESTS, is_for_privileged=True, least_risk=Risk.HIGH)
    skipped = ask().approvals.get(position=1)
    assert skipped.not_needed_because == (
        "it is only for guests, the package gives no privileged resource and it is only for people of high risk or more"
    )


def test_that_a_stage_is_not_needed_is_recorded_and_told_on_the_timeline(policy, ask):
    condition(policy, audience=StageAudience.GUESTS)
    access_request = ask()
    event = Event.objects.get(verb=events.APPROVAL_SKIPPED)
    assert event.sentence == (
        "Stage 1 is not needed for Rita's request for Sales: Standard Access: it is only for guests"
    )
    told = next(one for one in timeline.steps(timeline.story_of(access_request.pk)) if "not needed" in one.title)
    assert (told.title, told.text) == ("Stage 1 is not needed", "it is only for guests")


def test_a_request_keeps_the_condition_as_it_was_met_when_it_was_submitted(cast, policy, ask):
    condition(policy, audience=StageAudience.GUESTS)
    access_request = ask()
    cast.rita.kind = PersonKind.GUEST
    cast.rita.save()
    policy.stages.all().delete()
    approved = actions.approve(approval=access_request.approvals.get(position=2), actor=cast.marco, now=NOW)
    assert approved.status == RequestStatus.DELIVERING
    assert states(approved) == [ApprovalStatus.SKIPPED, ApprovalStatus.APPROVED]


def test_a_stage_in_the_middle_is_passed_over(cast, policy, ask):
    policy.stages.create(position=3).approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    policy.stages.filter(position=2).update(audience=StageAudience.GUESTS)
    access_request = ask()
    actions.approve(approval=access_request.approvals.get(position=1), actor=cast.charlie, now=NOW)
    assert states(access_request) == [ApprovalStatus.APPROVED, ApprovalStatus.SKIPPED, ApprovalStatus.IN_PROGRESS]
    assert [one.position for one in Approval.objects.waiting_for(cast.ada)] == [3]


def test_where_no_stage_is_needed_it_is_granted_at_once(policy, ask):
    policy.stages.update(audience=StageAudience.GUESTS)
    access_request = ask()
    assert access_request.status == RequestStatus.DELIVERING
    assert states(access_request) == [ApprovalStatus.SKIPPED, ApprovalStatus.SKIPPED]
    assert Event.objects.filter(verb=events.REQUEST_AUTO_APPROVED).count() == 1


def test_the_preview_says_which_stages_are_not_needed_and_asks_nobody_for_them(cast, package, policy):
    condition(policy, least_risk=Risk.LOW)
    (complete,) = package.policies.complete()
    first, second = look_ahead([complete], person=cast.rita, now=NOW)[complete.pk]
    assert (first.not_needed, first.found.people) == ("it is only for people of low risk or more", [])
    assert (second.not_needed, second.found.people) == ("", [cast.marco])


def test_conditions_are_said_in_words(policy):
    condition(policy, audience=StageAudience.MEMBERS, is_for_privileged=True, least_risk=Risk.MEDIUM)
    assert stage_in_words(policy.stages.get(position=1)) == (
        "Charlie decides within 14 days "
        "(only for members, where it gives a privileged resource and from medium risk on)"
    )


# --- Privileged resources are never given without approval ----------------------------------------------------------


def save(cast, policy, *rows):
    stages = [catalog.Stage(row, [StageApprover(kind=ApproverKind.PERSON, person=cast.charlie)]) for row in rows]
    return catalog.save_policy(policy=policy, stages=stages, actor=cast.ada, now=NOW)


@pytest.mark.parametrize(
    "rows",
    [
        [{"audience": StageAudience.GUESTS}],
        [{"least_risk": Risk.LOW}],
        [{"audience": StageAudience.GUESTS}, {"audience": StageAudience.MEMBERS, "least_risk": Risk.LOW}],
    ],
)
def test_a_policy_that_could_give_a_privileged_resource_unapproved_is_refused(cast, package, policy, rows):
    make_privileged(package)
    with pytest.raises(ValidationError, match="can neither be given without approval"):
        save(cast, policy, *(ApprovalStage(**row) for row in rows))


@pytest.mark.parametrize(
    "rows",
    [
        [{"is_for_privileged": True}],
        [{"audience": StageAudience.GUESTS}, {}],
        [{"audience": StageAudience.GUESTS}, {"audience": StageAudience.MEMBERS}],
    ],
)
def test_a_policy_under_which_everybody_needs_some_stage_may_give_it(cast, package, policy, rows):
    make_privileged(package)
    assert save(cast, policy, *(ApprovalStage(**row) for row in rows)).version == 2


def test_a_resource_does_not_become_privileged_under_a_policy_that_some_pass_unapproved(cast, package, policy):
    policy.stages.update(audience=StageAudience.GUESTS)
    resource = package.roles.get().resource
    resource.is_privileged = True
    with pytest.raises(ValidationError, match="Change first: “Everybody”"):
        catalog.save_resource(resource=resource, actor=cast.ada, now=NOW)


@pytest.mark.parametrize("is_guest", [True, False])
@pytest.mark.parametrize("risk", [Risk.NONE, Risk.HIGH])
@pytest.mark.parametrize("is_privileged", [True, False])
def test_lists_and_requests_agree_on_which_stages_are_needed(cast, package, policy, is_guest, risk, is_privileged):
    cast.rita.kind, cast.rita.risk = PersonKind.GUEST if is_guest else PersonKind.MEMBER, risk
    cast.rita.save()
    if is_privileged:
        make_privileged(package)
    rows: list[dict[str, Any]] = [
        {"audience": "guests"},
        {"audience": "members"},
        {"least_risk": 2},
        {"is_for_privileged": True},
    ]
    for position, row in enumerate(rows, start=3):
        policy.stages.create(position=position, **row)
    stages = list(policy.stages.all())
    unneeded = conditions.not_needed(stages, person=cast.rita, package=package)
    needed = conditions.stages_needed_by(cast.rita).filter(policy=policy)
    assert {one.pk for one in needed} == {one.pk for one in stages} - set(unneeded)
