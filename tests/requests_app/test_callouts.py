"""Custom extensions: when they are called, what waits for them, and what their answers and their silence lead to."""

from datetime import timedelta
from itertools import product

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accessgov import outbox
from accessgov.signatures import new_secret
from audit.models import Event
from catalog.actions import Stage, save_custom_extension, save_policy
from catalog.choices import ApproverKind, ApproverUse, CalloutMoment, LaunchBehaviour, TimeoutMeaning
from catalog.models import ApprovalStage, CustomExtension, Incompatibility, PolicyCallout, StageApprover
from directory.actions import disable_person
from directory.models import Group
from provisioning.delivery import perform_all_due as deliver
from requests_app import actions, calling_out
from requests_app.actions import CalloutAnswer, CalloutAnswered, CalloutTooLate
from requests_app.deciders import Deciders
from requests_app.lifecycle import (
    CALLOUT_MOVES,
    ApprovalStatus,
    AssignmentStatus,
    CalloutState,
    IllegalMove,
    RequestStatus,
)
from requests_app.models import AccessRequest, Approval, Assignment, Callout

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YES, NO = CalloutAnswer(), CalloutAnswer(is_denial=True, detail="The budget is spent.")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def extension(cast, server, now):
    """The server as the catalog knows it: waited for, for a day."""
    row = CustomExtension(catalog=cast.catalog, name="Ticketing", url=server.url, behaviour=LaunchBehaviour.WAIT)
    save_custom_extension(extension=row, actor=cast.ada, now=now)
    server.secret = row.unsealed_secret()
    return row


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    return cast.policy(package)


@pytest.fixture
def calls(cast, policy, extension, now):
    """Have the policy call the extension at these moments."""

    def attach(*moments, **fields):
        if fields:
            CustomExtension.objects.filter(pk=extension.pk).update(**fields)
            extension.refresh_from_db()
        rows = [PolicyCallout(policy=policy, moment=moment, extension=extension) for moment in moments]
        save_policy(policy=policy, actor=cast.ada, now=now, callouts=rows)

    return attach


def ask(cast, package, now):
    return actions.submit(package=package, actor=cast.rita, justification="New in Sales", now=now)


def make_calls(*, now):
    """Make every call that is due then, with every clock showing it: the receiver's library looks at its own."""
    with time_machine.travel(now):
        return calling_out.perform_all_due(now=now)


def only():
    return Callout.objects.select_related("access_request", "extension").get()


def told(access_request):
    return list(Event.objects.story(access_request.pk).values_list("verb", flat=True))


# --- A request is submitted ------------------------------------------------------------------------------------------


def test_without_extensions_nothing_is_called_and_nothing_waits(cast, package, policy, now):
    access_request = ask(cast, package, now)
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert not Callout.objects.exists()


def test_an_extension_that_is_only_told_holds_nothing_up(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED, behaviour=LaunchBehaviour.CONTINUE)
    access_request = ask(cast, package, now)
    assert access_request.approvals.get().status == ApprovalStatus.IN_PROGRESS
    make_calls(now=now)
    (call,) = server.calls
    callout = only()
    assert (callout.state, callout.status) == (CalloutState.SENT, "done")
    assert call.id == str(callout.pk)
    assert call.body["type"] == "assignmentRequestCreated"
    assert call.data["callback"] is None
    assert call.data["request"]["justification"] == "New in Sales"
    assert call.data["person"]["username"] == "rita"


def test_nobody_is_asked_while_an_extension_is_waited_for(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    assert access_request.status == RequestStatus.SUBMITTED
    assert access_request.approvals.get().status == ApprovalStatus.WAITING
    assert not access_request.approvals.get().assignees.exists()
    with pytest.raises(ValidationError, match="open request"):
        ask(cast, package, now)


def test_its_yes_lets_the_approvers_be_asked_and_they_see_what_it_said(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    make_calls(now=now)
    assert only().state == CalloutState.WAITING
    assert server.calls[0].data["callback"]["answer_by"]
    actions.answer_callout(callout=only(), answer=CalloutAnswer(detail="Ticket 4711"), actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert [one.person for one in access_request.approvals.get().assignees.all()] == [cast.marco]
    assert (only().state, only().detail) == (CalloutState.ANSWERED, "Ticket 4711")
    assert told(access_request) == [
        "request.submitted", "callout.started", "callout.sent", "callout.answered", "approval.started",
    ]  # fmt: skip


def test_its_no_ends_the_request(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    actions.answer_callout(callout=only(), answer=NO, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DENIED
    assert access_request.approvals.get().status == ApprovalStatus.CANCELED
    assert Event.objects.get(verb="request.denied").details["justification"] == "The budget is spent."
    calls()
    assert ask(cast, package, now).is_open


def test_a_policy_that_asks_nobody_still_waits_for_its_extension(cast, package, policy, calls, now):
    policy.stages.all().delete()
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    assert access_request.status == RequestStatus.SUBMITTED
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERING


def test_with_two_extensions_both_are_waited_for(cast, package, policy, extension, now):
    second = CustomExtension(catalog=cast.catalog, name="Budget", url=extension.url, behaviour=LaunchBehaviour.WAIT)
    save_custom_extension(extension=second, actor=cast.ada, now=now)
    both = [PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=one) for one in (extension, second)]
    save_policy(policy=policy, actor=cast.ada, now=now, callouts=both)
    access_request = ask(cast, package, now)
    first, last = Callout.objects.order_by("pk")
    actions.answer_callout(callout=first, answer=YES, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.SUBMITTED
    actions.answer_callout(callout=last, answer=YES, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.PENDING_APPROVAL


def test_whoever_asked_cancels_while_it_waits_and_an_answer_afterwards_changes_nothing(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    actions.cancel(access_request=access_request, actor=cast.rita, now=now)
    assert (only().state, only().status) == (CalloutState.CANCELED, "superseded")
    with pytest.raises(CalloutAnswered, match="no longer needed"):
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    assert AccessRequest.objects.get().status == RequestStatus.CANCELED


def test_a_leaver_waits_for_nothing(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    disable_person(person=cast.rita, actor=cast.ada, now=now)
    assert only().state == CalloutState.CANCELED


def test_what_the_policy_says_later_changes_nothing_for_what_was_asked_before(cast, package, calls, now):
    calls(CalloutMoment.CREATED, CalloutMoment.APPROVED)
    access_request = ask(cast, package, now)
    calls(on_timeout=TimeoutMeaning.CONTINUE)
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=now)
    last = Callout.objects.get(moment=CalloutMoment.APPROVED)
    assert (last.state, last.on_timeout) == (CalloutState.PENDING, TimeoutMeaning.FAIL)


# --- A request is approved -------------------------------------------------------------------------------------------


def approved(cast, package, now):
    access_request = ask(cast, package, now)
    actions.approve(approval=access_request.approvals.get(), actor=cast.marco, now=now)
    access_request.refresh_from_db()
    return access_request


def test_after_the_last_approval_the_delivery_waits_and_nobody_is_told_that_it_is_approved(cast, package, calls, now):
    calls(CalloutMoment.APPROVED)
    access_request = approved(cast, package, now)
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert not Assignment.objects.exists()
    assert "request.approved" not in told(access_request)
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERING
    assert "request.approved" in told(access_request)


def test_an_extension_can_still_say_no_after_the_approval(cast, package, calls, now):
    calls(CalloutMoment.APPROVED)
    access_request = approved(cast, package, now)
    actions.answer_callout(callout=only(), answer=NO, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DENIED
    assert not Assignment.objects.exists()


# --- Access is there, and ends ---------------------------------------------------------------------------------------


def test_it_is_told_once_that_everything_is_there_and_cannot_deny_it_any_more(cast, package, calls, server, now):
    calls(CalloutMoment.GRANTED)
    access_request = approved(cast, package, now)
    deliver(now=now)
    make_calls(now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.DELIVERED, "nothing waits for it"
    assert server.calls[0].data["assignment"]["status"] == "delivered"
    with pytest.raises(ValidationError, match="Nothing can be denied"):
        actions.answer_callout(callout=only(), answer=NO, actor=None, now=now)
    actions.answer_callout(callout=only(), answer=CalloutAnswer(detail="Desk 12"), actor=None, now=now)
    assert only().detail == "Desk 12"


def test_access_ends_whatever_becomes_of_its_extension(cast, package, calls, server, now):
    calls(CalloutMoment.REMOVED, url="http://127.0.0.1:9/nobody")
    approved(cast, package, now)
    deliver(now=now)
    actions.expire_due(now=now + 31 * DAY)
    deliver(now=now + 31 * DAY)
    make_calls(now=now + 31 * DAY)
    assert Assignment.objects.get().status == AssignmentStatus.ENDED
    assert only().attempts == 1
    assert "cannot be reached" in only().last_error
    actions.time_out_callout(callout=only(), now=now + 33 * DAY)
    assert Assignment.objects.get().status == AssignmentStatus.ENDED
    assert only().state == CalloutState.TIMED_OUT


def test_it_is_told_of_an_end_14_days_and_1_day_before_each_once_and_never_waited_for(
    cast, package, calls, server, now
):
    calls(CalloutMoment.TWO_WEEKS_BEFORE_END, CalloutMoment.DAY_BEFORE_END)
    approved(cast, package, now)
    deliver(now=now)
    assert actions.call_before_end(now=now + 15 * DAY) == 0
    assert [actions.call_before_end(now=now + 17 * DAY) for _again in range(2)] == [1, 0]
    assert [actions.call_before_end(now=now + 29.5 * DAY) for _again in range(2)] == [1, 0]
    make_calls(now=now + 29.5 * DAY)
    kinds = sorted(call.body["type"] for call in server.calls)
    assert kinds == ["assignmentFourteenDaysBeforeExpiration", "assignmentOneDayBeforeExpiration"]
    assert set(Callout.objects.values_list("state", flat=True)) == {CalloutState.SENT}


def test_of_a_moved_end_it_is_told_anew(cast, package, calls, now):
    calls(CalloutMoment.TWO_WEEKS_BEFORE_END)
    approved(cast, package, now)
    deliver(now=now)
    assert actions.call_before_end(now=now + 17 * DAY) == 1
    moved = Assignment.objects.get()
    moved.move_end(now + 90 * DAY)
    assert actions.call_before_end(now=now + 50 * DAY) == 0
    assert actions.call_before_end(now=now + 80 * DAY) == 1


def test_of_many_ends_it_is_told_by_a_fixed_number_of_statements(cast, package, policy, calls, now):
    calls(CalloutMoment.DAY_BEFORE_END)
    policy.stages.all().delete()

    def told_of(*people):
        for person in people:
            actions.assign_directly(policy=policy, person=person, actor=cast.olga, now=now)
        deliver(now=now)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            assert actions.call_before_end(now=now + 29.5 * DAY) == len(people)
        return len(statements)

    assert told_of(cast.rita) == told_of(cast.marco, cast.charlie, cast.ada)
    assert Callout.objects.count() == 4


@pytest.mark.parametrize("size", [1, 2])
def test_ends_of_several_batches_are_told_and_what_was_called_before_holds_nothing_up(
    cast, package, policy, calls, now, monkeypatch, size
):
    monkeypatch.setattr("audit.journal.BATCH", size)
    calls(CalloutMoment.DAY_BEFORE_END)
    policy.stages.all().delete()
    for person in (cast.rita, cast.marco, cast.charlie):
        actions.assign_directly(policy=policy, person=person, actor=cast.olga, now=now)
    deliver(now=now)
    later = now + 29.5 * DAY
    assert actions.call_before_end(now=later) == 3
    Callout.objects.update(created_at=now)  # as if about an earlier end; its key still says this one
    actions.call_before_end(now=later)
    assert Callout.objects.count() == 3


# --- Silence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meaning", "outcome"),
    [
        (TimeoutMeaning.FAIL, RequestStatus.EXPIRED),
        (TimeoutMeaning.DENY, RequestStatus.DENIED),
        (TimeoutMeaning.CONTINUE, RequestStatus.PENDING_APPROVAL),
    ],
)
def test_what_silence_means_is_what_the_extension_was_set_up_with(cast, package, calls, now, meaning, outcome):
    calls(CalloutMoment.CREATED, on_timeout=meaning)
    access_request = ask(cast, package, now)
    assert not actions.time_out_callout(callout=only(), now=now + 23 * HOUR)
    assert actions.time_out_callout(callout=only(), now=now + 24 * HOUR)
    access_request.refresh_from_db()
    assert access_request.status == outcome
    assert only().state == CalloutState.TIMED_OUT
    with pytest.raises(CalloutTooLate):
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now + 25 * HOUR)
    access_request.refresh_from_db()
    assert access_request.status == outcome


def test_an_answer_after_the_time_is_late_even_before_the_sweep_comes(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    with pytest.raises(CalloutTooLate):
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now + 24 * HOUR)
    assert list(Callout.objects.overdue(now + 24 * HOUR)) == [only()]


def test_without_another_word_silence_ends_the_request(cast, extension):
    assert extension.on_timeout == TimeoutMeaning.FAIL


def test_the_second_answer_is_refused_and_the_first_holds(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    with pytest.raises(CalloutAnswered, match="answered already"):
        actions.answer_callout(callout=only(), answer=NO, actor=None, now=now)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert not only().is_denial


def test_what_is_only_told_cannot_be_answered(cast, package, calls, now):
    calls(CalloutMoment.CREATED, behaviour=LaunchBehaviour.CONTINUE)
    ask(cast, package, now)
    with pytest.raises(CalloutAnswered, match="Nobody waits"):
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)


def test_whoever_looks_after_the_package_answers_in_its_place_but_no_party(cast, package, calls, now):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    for outsider in (cast.charlie, cast.rita, cast.marco):
        with pytest.raises(PermissionDenied):
            actions.answer_callout(callout=only(), answer=YES, actor=outsider, now=now)
    actions.answer_callout(callout=only(), answer=YES, actor=cast.olga, now=now)
    assert only().answered_by == cast.olga
    assert Event.objects.get(verb="callout.answered").actor == cast.olga


# --- Who decides -----------------------------------------------------------------------------------------------------


@pytest.fixture
def dynamic(cast, policy, extension, now):
    """The policy's only stage is decided by whomever the extension names; Olga is the fallback."""
    fallback = StageApprover(use=ApproverUse.FALLBACK, kind=ApproverKind.PERSON, person=cast.olga)
    asked = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=now, stages=[Stage(ApprovalStage(), [asked, fallback])])


def who(access_request):
    return {one.person.username for one in access_request.approvals.get().assignees.all()}


def test_the_extension_says_who_decides_how_many_of_them_and_until_when(cast, package, dynamic, server, now):
    access_request = ask(cast, package, now)
    assert access_request.status == RequestStatus.PENDING_APPROVAL
    assert who(access_request) == set()
    make_calls(now=now)
    assert server.calls[0].body["type"] == "assignmentRequestDeterminingApprovalRequirements"
    assert server.calls[0].data["stage"] == 1
    group = Group.objects.create(name="Controllers")
    group.memberships.create(person=cast.marco, added_at=now)
    deciders = Deciders(people=[cast.charlie], groups=[group], approvals_required=2, time_limit=2 * DAY)
    actions.answer_callout(callout=only(), answer=CalloutAnswer(deciders=deciders), actor=None, now=now)
    assert who(access_request) == {"charlie", "marco"}
    stage = access_request.approvals.get()
    assert (stage.status, stage.approvals_required, stage.due_at) == (ApprovalStatus.IN_PROGRESS, 2, now + 2 * DAY)


def test_nobody_names_deciders_in_the_place_of_the_extension(cast, package, dynamic, now):
    access_request = ask(cast, package, now)
    answer = CalloutAnswer(deciders=Deciders(people=[cast.charlie]))
    with pytest.raises(ValidationError, match="Only the extension itself"):
        actions.answer_callout(callout=only(), answer=answer, actor=cast.olga, now=now)
    actions.answer_callout(callout=only(), answer=CalloutAnswer(), actor=cast.ada, now=now)
    assert who(access_request) == {"olga"}, "the fallbacks decide"


def test_where_it_says_no_number_as_many_decide_as_the_policy_says(cast, package, dynamic, now):
    access_request = ask(cast, package, now)
    Approval.objects.update(approvals_required=None)
    deciders = Deciders(people=[cast.charlie, cast.marco])
    actions.answer_callout(callout=only(), answer=CalloutAnswer(deciders=deciders), actor=None, now=now)
    assert access_request.approvals.get().approvals_required is None


@pytest.mark.parametrize("named", ["nobody", "the requester"])
def test_behaviour_2_where_it_names_nobody_who_can_decide_the_fallbacks_do_at_once(cast, package, dynamic, now, named):
    access_request = ask(cast, package, now)
    deciders = Deciders(people=[cast.rita]) if named == "the requester" else None
    actions.answer_callout(callout=only(), answer=CalloutAnswer(deciders=deciders), actor=None, now=now)
    assert who(access_request) == {"olga"}
    assert "approval.rerouted" in told(access_request)


def test_behaviour_2_where_it_does_not_say_who_decides_in_time_the_fallbacks_do(cast, package, dynamic, now):
    access_request = ask(cast, package, now)
    assert actions.time_out_callout(callout=only(), now=now + DAY)
    assert who(access_request) == {"olga"}
    assert access_request.approvals.get().started_at == now + DAY


def test_a_time_that_ends_before_the_alternates_are_asked_is_refused_and_it_waits_on(cast, package, dynamic, now):
    access_request = ask(cast, package, now)
    access_request.approvals.update(alternates_after=2 * DAY)
    answer = CalloutAnswer(deciders=Deciders(people=[cast.charlie], time_limit=DAY))
    with pytest.raises(ValidationError, match="Give more time"):
        actions.answer_callout(callout=only(), answer=answer, actor=None, now=now)
    assert only().is_waited_for
    assert who(access_request) == set()


def test_a_request_that_waits_for_who_decides_can_be_canceled(cast, package, dynamic, now):
    access_request = ask(cast, package, now)
    actions.cancel(access_request=access_request, actor=cast.rita, now=now)
    assert only().state == CalloutState.CANCELED


def test_it_may_say_who_decides_but_not_deny(cast, package, dynamic, now):
    ask(cast, package, now)
    with pytest.raises(ValidationError, match="Nothing can be denied"):
        actions.answer_callout(callout=only(), answer=NO, actor=None, now=now)
    assert only().is_waited_for


# --- Sending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knows", ["the old secret", "the new secret"])
def test_whoever_is_called_may_know_either_secret_for_a_day_after_a_change(
    cast, package, calls, extension, server, now, knows
):
    calls(CalloutMoment.CREATED)
    new = new_secret()
    save_custom_extension(extension=extension, actor=cast.ada, secret=new, now=now)
    server.secret = server.secret if knows == "the old secret" else new
    ask(cast, package, now)
    make_calls(now=now)
    assert only().state == CalloutState.WAITING


def test_a_failed_call_is_repeated_with_the_same_id_until_it_is_taken(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    server.statuses = [500, 503]
    ask(cast, package, now)
    later = now
    for _attempt in range(3):
        make_calls(now=later)
        later = only().due_at
    assert [call.id for call in server.calls] == [str(only().pk)] * 3
    assert server.calls[0].body == server.calls[2].body
    assert (only().state, only().attempts) == (CalloutState.WAITING, 3)


def test_what_fails_too_often_is_stuck_in_the_open_still_waits_and_is_put_back_by_an_administrator(
    cast, package, calls, server, now
):
    calls(CalloutMoment.CREATED)
    server.statuses = [500]
    ask(cast, package, now)
    Callout.objects.update(attempts=Callout.MAX_ATTEMPTS - 1)
    make_calls(now=now)
    assert (only().state, only().status) == (CalloutState.FAILED, "stuck")
    assert "500" in only().last_error
    assert "callout.stuck" in told(AccessRequest.objects.get())
    with pytest.raises(PermissionDenied):
        actions.retry_callouts(callouts=[only()], actor=cast.olga, now=now)
    assert actions.retry_callouts(callouts=[only()], actor=cast.ada, now=now) == 1
    make_calls(now=now)
    assert only().state == CalloutState.WAITING


def test_where_it_stays_down_its_silence_means_what_it_always_means(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    server.statuses = [410]
    access_request = ask(cast, package, now)
    make_calls(now=now)
    assert only().state == CalloutState.FAILED, "410: it says itself that it is gone"
    assert actions.time_out_callout(callout=only(), now=now + DAY)
    access_request.refresh_from_db()
    assert access_request.status == RequestStatus.EXPIRED
    assert only().status == "superseded", "and nothing is stuck any more"


def test_a_worker_that_dies_after_the_call_calls_again_with_the_same_id(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    (held,) = outbox.claim(Callout.objects.with_names(), now=now)
    calling_out._send(held, at=now)  # and dies here
    assert make_calls(now=now) == 0, "its lease still holds"
    make_calls(now=now + timedelta(seconds=61))
    assert [call.id for call in server.calls] == [str(held.pk)] * 2
    assert only().state == CalloutState.WAITING


def test_an_answer_that_comes_before_the_call_has_returned_is_kept(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    access_request = ask(cast, package, now)
    (held,) = outbox.claim(Callout.objects.with_names(), now=now)
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now)
    calling_out.perform(held)
    access_request.refresh_from_db()
    assert (only().state, access_request.status) == (CalloutState.ANSWERED, RequestStatus.PENDING_APPROVAL)


def test_what_is_too_late_to_be_answered_is_not_sent(cast, package, calls, server, now):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    make_calls(now=now + 25 * HOUR)
    assert server.calls == []
    assert list(Callout.objects.overdue(now + 25 * HOUR)) == [only()], "the sweep says what that means"


def test_an_extension_of_access_asks_too_and_ends_with_it(cast, package, policy, calls, now):
    approved(cast, package, now)
    deliver(now=now)
    calls(CalloutMoment.CREATED)
    actions.extend(assignment=Assignment.objects.get(), actor=cast.rita, justification="More", now=now + 20 * DAY)
    assert only().is_waited_for
    actions.expire_due(now=now + 31 * DAY)
    assert only().state == CalloutState.CANCELED
    with pytest.raises(IllegalMove):
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now + 20.5 * DAY)


def extended(cast, package, calls, now):
    """Rita's extension is approved, and waits for what the extension says to that."""
    approved(cast, package, now)
    deliver(now=now)
    calls(CalloutMoment.APPROVED, on_timeout=TimeoutMeaning.CONTINUE)
    held = Assignment.objects.get()
    asked = actions.extend(assignment=held, actor=cast.rita, justification="More", now=now + 29.5 * DAY)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=now + 29.5 * DAY)
    return asked


def test_an_extension_of_access_is_judged_for_conflicts_when_the_answer_comes(cast, package, calls, now):
    asked = extended(cast, package, calls, now)
    other = cast.package("Sales: Audit", cast.role("Audit")[1])
    policy = cast.policy(other, approver=None)
    actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=now + 29.5 * DAY)
    Incompatibility.objects.create(package=package, other_package=other)
    actions.answer_callout(callout=only(), answer=YES, actor=None, now=now + 29.6 * DAY)
    asked.refresh_from_db()
    assert asked.status == RequestStatus.CANCELED
    assert "Rita has Sales: Audit" in Event.objects.get(verb="request.in_conflict").details["why"]
    assert Assignment.objects.get(package=package).ends_at == now + 30 * DAY


@pytest.mark.parametrize("how", ["answer", "silence"])
def test_an_answer_about_access_that_has_ended_meanwhile_ends_the_request(cast, package, calls, now, how):
    asked = extended(cast, package, calls, now)
    if how == "answer":
        actions.answer_callout(callout=only(), answer=YES, actor=None, now=now + 30.1 * DAY)
    else:
        assert actions.time_out_callout(callout=only(), now=now + 30.6 * DAY)
        assert not Callout.objects.overdue(now + 31 * DAY).exists(), "it is not tried for ever"
    asked.refresh_from_db()
    assert asked.status == RequestStatus.CANCELED
    assert told(asked)[-2:] == ["request.approved", "request.lapsed"]
    assert Assignment.objects.get().ends_at == now + 30 * DAY


# --- Every move ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), list(product(CalloutState, repeat=2)))
def test_a_callout_moves_as_its_table_says_and_no_other_way(cast, package, calls, now, old, new):
    calls(CalloutMoment.CREATED)
    ask(cast, package, now)
    Callout.objects.update(state=old, answered_at=now if old == CalloutState.ANSWERED else None)
    callout = only()
    if new in CALLOUT_MOVES[old]:
        callout.move_to(new, at=now)
    else:
        with pytest.raises(IllegalMove):
            callout.move_to(new, at=now)
    assert only().state == (new if new in CALLOUT_MOVES[old] else old)
