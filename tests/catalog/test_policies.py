"""Changing policies: stages, questions, durations; versions, and what is refused."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from audit.models import Event
from catalog import actions
from catalog.actions import Stage
from catalog.choices import ApproverKind, ApproverUse, DurationKind, QuestionKind, RequestorScope
from catalog.models import ApprovalStage, Policy, Question, StageApprover
from catalog.wording import policy_in_words
from directory.models import Group
from tests.cast import NOW, appoint


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def save(cast):
    def save(policy, **what):
        return actions.save_policy(policy=policy, **{"actor": cast.ada, "now": NOW, **what})

    return save


def asking(*approvers, **fields):
    return Stage(ApprovalStage(**fields), approvers or [StageApprover(kind=ApproverKind.MANAGER)])


HIGHER = StageApprover(kind=ApproverKind.MANAGER, level=2)
ALTERNATING = (
    StageApprover(kind=ApproverKind.MANAGER),
    StageApprover(kind=ApproverKind.MANAGER, use=ApproverUse.ALTERNATE),
)


def in_words(policy):
    return policy_in_words(Policy.objects.complete().get(pk=policy.pk))


def test_a_policy_is_created_with_everything_that_hangs_on_it(cast, package, save):
    group = Group.objects.create(name="Partners")
    fallback = StageApprover(kind=ApproverKind.PERSON, use=ApproverUse.FALLBACK, person=cast.ada)
    policy = save(
        Policy(package=package, name="Partners", scope=RequestorScope.SPECIFIC, duration_amount=30),
        people=[cast.rita],
        groups=[group],
        stages=[
            asking(StageApprover(kind=ApproverKind.MANAGER), fallback),
            asking(HIGHER, time_limit=timedelta(days=1)),
        ],
        questions=[Question(text="Which region?", kind=QuestionKind.CHOICE, choices=["EMEA", "APAC"])],
    )
    assert in_words(policy) == (
        "Rita and members of Partners may ask; their manager decides within 14 days (else Ada), "
        "then their manager's manager decides within 1 day; lasts 30 days."
    )
    assert policy.version == 1
    event = Event.objects.get()
    assert event.sentence == "Ada created the policy Partners of Sales: Standard Access"
    assert event.details["fields"]["questions"] == ["—", ["1. Which region? (EMEA / APAC)"]]


def test_quorums_and_alternates_are_said_in_words(cast, package, save):
    group = Group.objects.create(name="Security")
    security = StageApprover(kind=ApproverKind.GROUP, group=group)
    olga = StageApprover(kind=ApproverKind.PERSON, person=cast.olga)
    alternate = StageApprover(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.ada)
    stages = [
        asking(
            alternate,
            StageApprover(kind=ApproverKind.MANAGER),
            time_limit=timedelta(days=5),
            alternates_after=timedelta(days=4),
        ),
        asking(security, approvals_required=2),
        asking(security, olga, approvals_required=None, requires_justification=True),
    ]
    policy = save(Policy(package=package, name="Everybody", duration_amount=30), stages=stages)
    assert in_words(policy) == (
        "All members may ask; their manager decides within 5 days, after 4 days Ada too, "
        "then 2 of a member of Security approve within 14 days, "
        "then all of a member of Security and Olga approve within 14 days and says why; lasts 30 days."
    )


def test_every_change_makes_a_new_version_and_says_what_changed(cast, package, save):
    policy = cast.policy(package)
    policy.duration_amount = 60
    save(policy)
    save(policy, stages=[asking(), asking(StageApprover(kind=ApproverKind.PERSON, person=cast.olga))])
    save(policy, questions=[Question(text="Which region?")])
    policy.scope = RequestorScope.SPECIFIC
    save(policy, people=[cast.rita])
    events = list(Event.objects.order_by("id"))
    assert [event.details["changed"] for event in events] == [
        "how many: 30 → 60",
        "approval: + 2. Olga decides within 14 days",
        "questions: + 1. Which region?",
        "who may request: all members, not guests → named people and groups; named people: + Rita",
    ]
    assert events[0].sentence.startswith("Ada changed the policy Everybody of Sales: Standard Access (version 2): how")
    policy.refresh_from_db()
    assert (policy.version, policy.tier) == (5, 1)


def test_saving_what_is_there_already_is_no_new_version(cast, package, save):
    policy = cast.policy(package)
    save(policy, stages=[asking()])
    policy.refresh_from_db()
    assert policy.version == 1
    assert not Event.objects.exists()


def test_an_open_request_keeps_the_version_that_it_was_submitted_under(cast, package, save):
    from requests_app import actions as requests

    policy = cast.policy(package)
    access_request = requests.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    save(policy, stages=[])
    access_request.refresh_from_db()
    assert access_request.policy_version == 1
    assert access_request.approvals.get().assignees.get().person == cast.marco


def test_a_question_that_stays_keeps_its_id(cast, package, save):
    policy = cast.policy(package)
    first = policy.questions.create(text="Which region?")
    save(policy, questions=[Question(text="Since when?"), first])
    assert [(one.text, one.position) for one in policy.questions.all()] == [("Since when?", 1), ("Which region?", 2)]
    assert policy.questions.filter(pk=first.pk).exists()


def test_owners_of_the_catalog_may_and_everybody_else_may_not(cast, package, save):
    policy = cast.policy(package)
    policy.duration_amount = 5
    for outsider in (cast.olga, cast.charlie, cast.marco):
        with pytest.raises(PermissionDenied):
            save(policy, actor=outsider)
        with pytest.raises(PermissionDenied):
            actions.delete_policy(policy=policy, actor=outsider, now=NOW)
    appoint(cast.catalog, cast.marco)
    assert save(policy, actor=cast.marco).version == 2


@pytest.mark.parametrize(
    ("fields", "what", "message"),
    [
        ({"scope": RequestorScope.SPECIFIC}, {}, "Name the people or groups"),
        ({"duration_kind": DurationKind.UNTIL}, {}, "Say until when"),
        ({"duration_kind": DurationKind.UNTIL, "ends_at": NOW - timedelta(days=1)}, {}, "over already"),
        ({"duration_kind": DurationKind.HOURS, "duration_amount": None}, {}, "Say how long"),
        ({}, {"stages": [Stage(ApprovalStage(), [])]}, "Say who decides in stage 1"),
        ({}, {"stages": [asking(approvals_required=2)]}, "asks for 2 approvals, but only 1 may decide"),
        ({}, {"stages": [asking(time_limit=timedelta(days=0))]}, "Give at least an hour"),
        ({}, {"stages": [asking()] * 6}, "at most 5 approval stages"),
        (
            {},
            {"stages": [asking(*ALTERNATING, time_limit=timedelta(days=3), alternates_after=timedelta(days=3))]},
            "before the stage's time",
        ),
        ({}, {"stages": [asking(*ALTERNATING, alternates_after=timedelta(days=0))]}, "after an hour or later"),
        ({}, {"stages": [asking(*ALTERNATING)]}, "after what time the alternates of stage 1"),
        ({}, {"stages": [asking(alternates_after=timedelta(days=3))]}, "who the alternates of stage 1 are"),
        ({}, {"stages": [asking(ALTERNATING[1], alternates_after=timedelta(days=3))]}, "Say who decides in stage 1"),
        ({}, {"questions": [Question(text="Which?", kind=QuestionKind.CHOICE, choices=["EMEA"])]}, "at least two"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_and_nothing_is_left(package, save, fields, what, message):
    with pytest.raises(ValidationError, match=message):
        save(Policy(package=package, name="Everybody", **fields), **what)
    assert not Policy.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("fields", "stages"),
    [({"duration_kind": DurationKind.PERMANENT}, [asking()]), ({}, [])],
    ids=["without an end", "approved by itself"],
)
def test_a_package_with_a_privileged_resource_gets_no_lax_policy(package, save, fields, stages):
    resource = package.roles.get().resource
    resource.is_privileged = True
    resource.save()
    with pytest.raises(ValidationError, match="privileged resource can neither"):
        save(Policy(package=package, name="Everybody", **fields), stages=stages)
    assert save(Policy(package=package, name="Everybody", is_enabled=False, **fields), stages=stages)


def test_a_policy_in_use_is_disabled_not_deleted(cast, package, save):
    from requests_app import actions as requests

    policy, other = cast.policy(package), cast.policy(package, name="Spare", scope=RequestorScope.NOBODY)
    requests.submit(package=package, actor=cast.rita, justification="New", now=NOW)
    with pytest.raises(ValidationError, match="Disable it instead"):
        actions.delete_policy(policy=policy, actor=cast.ada, now=NOW)
    actions.delete_policy(policy=other, actor=cast.ada, now=NOW)
    assert Event.objects.filter(verb="policy.deleted").get().target_label == "Spare"
