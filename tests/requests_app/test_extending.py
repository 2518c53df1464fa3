"""Extending: who may, when, until when, who decides, and what becomes of the end."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.models import Incompatibility
from directory.models import User
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.actions.moving import in_journal
from requests_app.extensions import offer_for
from requests_app.lifecycle import AssignmentStatus, IllegalMove, RequestStatus, RequestType
from requests_app.models import AccessRequest, Approval, Assignment
from tests.cast import NOW

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
LATE = NOW + 20 * DAY
"""Ten days before the end of what Rita has."""


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    return cast.policy(package)


@pytest.fixture
def assignment(cast, policy):
    return give(cast, policy)


def give(cast, policy):
    """Rita has the package since NOW."""
    asked = actions.submit(package=policy.package, actor=cast.rita, justification="New in Sales", now=NOW)
    for approval in asked.approvals.all():
        actions.approve(approval=approval, actor=cast.marco, now=NOW)
    perform_all_due(now=NOW)
    return Assignment.objects.get(package=policy.package, person=cast.rita)


def extend(cast, assignment, *, now=LATE, **fields):
    values = {"actor": cast.rita, "justification": "The quarter is not over", **fields}
    return actions.extend(assignment=assignment, now=now, **values)


def obstacle(assignment, *, now=LATE):
    assignment.refresh_from_db()
    return offer_for(assignment, now=now).obstacle


def refused(cast, assignment, *, now=LATE):
    """What the page says is what the action says, and nothing was changed."""
    said = obstacle(assignment, now=now)
    with pytest.raises(ValidationError) as refusal:
        extend(cast, assignment, now=now)
    assert refusal.value.messages == [said]
    assert not AccessRequest.objects.updating().exists()
    return said


# --- It works -------------------------------------------------------------------------------------------------------


def test_the_approvers_of_the_policy_decide_and_then_the_end_moves_by_its_duration_from_the_old_end(cast, assignment):
    access_request = extend(cast, assignment)
    assert (access_request.kind, access_request.status) == (RequestType.USER_UPDATE, RequestStatus.PENDING_APPROVAL)
    assert access_request.wanted_end == NOW + 2 * MONTH
    assignment.refresh_from_db()
    assert assignment.ends_at == NOW + MONTH, "asking moves nothing"
    approval = access_request.approvals.get()
    assert list(Approval.objects.waiting_for(cast.marco)) == [approval]
    actions.approve(approval=approval, actor=cast.marco, now=LATE + DAY)
    assignment.refresh_from_db()
    access_request.refresh_from_db()
    assert assignment.ends_at == NOW + 2 * MONTH
    assert assignment.status == AssignmentStatus.DELIVERED
    assert (access_request.status, access_request.completed_at) == (RequestStatus.DELIVERED, LATE + DAY)
    assert actions.expire_due(now=NOW + MONTH) == 0
    assert actions.expire_due(now=NOW + 2 * MONTH) == 1


def test_the_journal_has_the_old_end_and_the_new_one(cast, assignment):
    access_request = extend(cast, assignment)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=LATE)
    told = Event.objects.get(verb="assignment.extended")
    assert told.details == {"old_end": in_journal(NOW + MONTH), "new_end": in_journal(NOW + 2 * MONTH)}
    assert told.correlation_id == access_request.pk
    assert (
        told.sentence == "Rita's Sales: Standard Access ends on 2026-05-01 09:00 UTC, no longer on 2026-04-01 09:00 UTC"
    )
    verbs = list(Event.objects.story(access_request.pk).values_list("verb", flat=True))
    assert verbs[0] == "request.extension_submitted"
    assert {"approval.started", "approval.approved", "request.approved", "assignment.extended"} <= set(verbs)


def test_where_the_policy_wants_no_approval_the_end_moves_at_once(cast, policy, assignment):
    policy.does_extension_need_approval = False
    policy.save()
    access_request = extend(cast, assignment)
    assignment.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERED
    assert assignment.ends_at == NOW + 2 * MONTH
    assert not access_request.approvals.exists()


def test_an_extension_goes_no_further_than_the_fixed_end_of_the_policy(cast, policy, assignment):
    policy.duration_kind, policy.ends_at = "afterDateTime", NOW + MONTH + 5 * DAY
    policy.save()
    assert extend(cast, assignment).wanted_end == NOW + MONTH + 5 * DAY


def test_what_the_policy_asks_is_answered_and_kept(cast, policy, assignment):
    question = policy.questions.create(text="Which region?")
    with pytest.raises(ValidationError) as refusal:
        extend(cast, assignment, justification="")
    assert set(refusal.value.error_dict) == {"justification", f"question_{question.pk}"}
    access_request = extend(cast, assignment, answers={str(question.pk): "EMEA"})
    assert [(one.question, one.value) for one in access_request.answers.all()] == [("Which region?", "EMEA")]


@pytest.mark.parametrize("how", ["deny", "cancel", "expire"])
def test_what_is_not_approved_leaves_the_end_as_it_was(cast, assignment, how):
    access_request = extend(cast, assignment)
    approval = access_request.approvals.get()
    match how:
        case "deny":
            actions.deny(approval=approval, actor=cast.marco, now=LATE)
        case "cancel":
            actions.cancel(access_request=access_request, actor=cast.rita, now=LATE)
        case "expire":
            Approval.objects.filter(pk=approval.pk).update(due_at=LATE + 2 * DAY)
            assert actions.expire_overdue(approval=approval, now=LATE + 2 * DAY)
    assignment.refresh_from_db()
    access_request.refresh_from_db()
    assert assignment.ends_at == NOW + MONTH
    assert assignment.status == AssignmentStatus.DELIVERED
    assert not access_request.is_open
    assert extend(cast, assignment, now=LATE + 2 * DAY).is_open, "one may ask again"


def test_an_end_that_was_moved_stands_also_where_the_delivery_comes_later(cast, policy):
    asked = actions.submit(package=policy.package, actor=cast.rita, justification="New", now=NOW)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=NOW)
    assignment = Assignment.objects.get()
    assert assignment.delivered_at is None
    actions.approve(approval=extend(cast, assignment).approvals.get(), actor=cast.marco, now=LATE)
    perform_all_due(now=LATE + DAY)
    assignment.refresh_from_db()
    assert assignment.delivered_at == LATE + DAY
    assert assignment.ends_at == NOW + 2 * MONTH


# --- Who may not, and when not --------------------------------------------------------------------------------------


def test_only_the_person_who_has_it_extends_it(cast, assignment):
    for other in (cast.marco, cast.olga, cast.ada, cast.charlie):
        with pytest.raises(PermissionDenied):
            extend(cast, assignment, actor=other)


def test_nobody_decides_on_their_own_extension(cast, policy):
    policy.stages.get().approvers.create(kind="person", person=cast.rita)
    approval = extend(cast, give(cast, policy)).approvals.get()
    assert [one.person for one in approval.assignees.all()] == [cast.marco]
    with pytest.raises(PermissionDenied):
        actions.approve(approval=approval, actor=cast.rita, now=LATE)


def test_a_decision_is_wanted_before_the_access_ends(cast, assignment):
    assert extend(cast, assignment, now=NOW + MONTH - 3 * DAY).approvals.get().due_at == NOW + MONTH


def test_it_opens_fourteen_days_before_the_end(cast, assignment):
    opens_at = NOW + MONTH - 14 * DAY
    assert refused(cast, assignment, now=opens_at - timedelta(seconds=1)) == (
        "It can be extended from 18 Mar 2026, 09:00 on."
    )
    assert extend(cast, assignment, now=opens_at).is_open


def test_short_access_is_extended_by_one_period_at_a_time(cast, package):
    policy = cast.policy(package, approver=None, duration_kind="hours", duration_amount=8)
    assignment, hour = give(cast, policy), timedelta(hours=1)
    assert extend(cast, assignment, now=NOW + hour).status == RequestStatus.DELIVERED
    assert obstacle(assignment, now=NOW + 2 * hour) == "It can be extended from 2 Mar 2026, 17:00 on."
    assert extend(cast, assignment, now=NOW + 9 * hour).wanted_end == NOW + 24 * hour


def test_one_extension_is_asked_for_at_a_time(cast, assignment):
    extend(cast, assignment)
    with pytest.raises(ValidationError, match="open request to extend") as refusal:
        extend(cast, assignment)
    assert refusal.value.code == "open_request"
    one = AccessRequest.objects.updating().get()
    one.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.bulk_create([one])


def test_whoever_left_the_scope_keeps_it_until_its_end_and_extends_it_no_more(cast, policy, assignment):
    policy.scope = "specificDirectoryUsers"
    policy.save()
    policy.people.set([cast.charlie])
    assert refused(cast, assignment) == "No policy of Sales: Standard Access takes Rita in at present."
    assert assignment.status == AssignmentStatus.DELIVERED


def test_another_policy_that_takes_the_person_in_judges_instead(cast, policy, assignment):
    policy.is_enabled = False
    policy.save()
    other = cast.policy(policy.package, name="Sales only", duration_amount=7)
    access_request = extend(cast, assignment, now=NOW + MONTH - 7 * DAY)
    assert access_request.policy == other
    assert access_request.wanted_end == NOW + MONTH + 7 * DAY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"is_extension_allowed": False}, "Its policy “Everybody” allows no extension."),
        ({"is_enabled": False}, "No policy of Sales: Standard Access takes Rita in at present."),
        ({"scope": "notSpecified"}, "No policy of Sales: Standard Access takes Rita in at present."),
        (
            {"duration_kind": "afterDateTime", "ends_at": NOW + MONTH},
            "Its policy ends all access on 1 Apr 2026, 09:00.",
        ),
    ],
    ids=["not allowed", "policy disabled", "directly assigned", "fixed end"],
)
def test_what_the_policy_does_not_let_be_is_refused_with_the_reason(cast, policy, assignment, change, said):
    type(policy).objects.filter(pk=policy.pk).update(**change)
    assert refused(cast, assignment) == said


def test_what_is_incompatible_by_now_is_left_to_its_end(cast, package, assignment):
    other = cast.package("Sales: Audit", cast.role("Audit")[1])
    give(cast, cast.policy(other))
    Incompatibility.objects.create(package=package, other_package=other)
    assert refused(cast, assignment) == "Rita has Sales: Audit, which is incompatible with Sales: Standard Access."
    with pytest.raises(ValidationError, match="incompatible"):
        actions.change_end(assignment=assignment, actor=cast.olga, ends_at=NOW + 2 * MONTH, why="More", now=LATE)
    actions.change_end(assignment=assignment, actor=cast.olga, ends_at=LATE + DAY, why="Less", now=LATE)


def test_a_disabled_package_takes_no_extensions_either(cast, package, assignment):
    package.is_enabled = False
    package.save()
    assert refused(cast, assignment) == "No policy of Sales: Standard Access takes Rita in at present."


def test_what_has_no_end_is_not_extended(cast, package):
    policy = cast.policy(package, duration_kind="noExpiration", duration_amount=None)
    assert refused(cast, give(cast, policy)) == "It has no end, so there is nothing to extend."


def test_what_has_ended_is_not_extended(cast, assignment):
    assert refused(cast, assignment, now=NOW + MONTH) == "This access has ended already."
    actions.give_back(assignment=assignment, actor=cast.rita, now=LATE)
    with pytest.raises(IllegalMove, match="ended already"):
        extend(cast, assignment)


# --- When things meet -----------------------------------------------------------------------------------------------


def test_when_access_ends_nobody_need_decide_on_its_extension_any_more(cast, assignment):
    access_request = extend(cast, assignment)
    actions.expire_due(now=NOW + MONTH)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.CANCELED
    assert not Approval.objects.waiting_for(cast.marco).exists()


def test_ending_many_whose_extensions_wait_costs_as_few_statements_as_ending_two(cast, policy):
    def end(number):
        people = [User.objects.create(username=f"p{number}-{one}", manager=cast.marco) for one in range(number)]
        for person in people:
            asked = actions.submit(package=policy.package, actor=person, justification="New", now=NOW)
            actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=NOW)
        perform_all_due(now=NOW)
        held = list(Assignment.objects.filter(person__in=people))
        for one in held:
            extend(cast, one, actor=one.person)
        with CaptureQueriesContext(connection) as ended:
            actions.end_by_review([one.pk for one in held], why="The review decided so", now=LATE)
        extensions = AccessRequest.objects.filter(assignment__in=held, kind=RequestType.USER_UPDATE)
        stages = Approval.objects.filter(access_request__in=extensions)
        told = Event.objects.filter(verb="request.canceled", target_id__in=[str(one.pk) for one in extensions])
        assert set(extensions.values_list("status", flat=True)) == {RequestStatus.CANCELED}
        assert set(stages.values_list("status", flat=True)) == {"canceled"}
        assert told.count() == number
        return len(statements(ended))

    assert end(2) == end(6)


def test_an_approval_after_the_end_brings_nothing_back_and_ends_the_request(cast, assignment):
    access_request = extend(cast, assignment)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=NOW + MONTH)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.CANCELED
    assert Event.objects.get(verb="request.lapsed").details["why"] == "the access that it was to extend had ended"
    assert actions.expire_due(now=NOW + MONTH) == 1


def test_an_extension_that_is_approved_while_the_sweep_looks_saves_the_access(cast, assignment, monkeypatch):
    approval, looked = extend(cast, assignment).approvals.get(), list(Assignment.objects.due_to_end(NOW + MONTH))
    actions.approve(approval=approval, actor=cast.marco, now=NOW + MONTH - DAY)
    batches = iter([looked, []])
    monkeypatch.setattr(type(Assignment.objects.all()), "due_to_end", lambda rows, now: next(batches))
    assert actions.expire_due(now=NOW + MONTH) == 0
    assignment.refresh_from_db()
    assert assignment.status == AssignmentStatus.DELIVERED


def test_an_extension_never_makes_access_shorter(cast, assignment):
    approval = extend(cast, assignment).approvals.get()
    Assignment.objects.filter(pk=assignment.pk).update(ends_at=NOW + 10 * MONTH)
    actions.approve(approval=approval, actor=cast.marco, now=LATE)
    assignment.refresh_from_db()
    assert assignment.ends_at == NOW + 10 * MONTH


def statements(captured):
    bookkeeping = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
    return [query["sql"] for query in captured if not query["sql"].startswith(bookkeeping)]


def test_extending_and_approving_it_cost_few_statements(cast, assignment):
    with CaptureQueriesContext(connection) as asked:
        approval = extend(cast, assignment).approvals.first()
    assert len(statements(asked)) <= 21, statements(asked)
    with CaptureQueriesContext(connection) as approved:
        actions.approve(approval=approval, actor=cast.marco, now=LATE)
    assert len(statements(approved)) <= 20, statements(approved)
