"""Asking the requester for information: the clock stands still, anybody may decide meanwhile, several rounds."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import override_settings

from audit.models import Event
from catalog.choices import ApproverKind, ApproverUse
from requests_app import actions, events, timeline
from requests_app.lifecycle import ApprovalStatus, IllegalMove, RequestStatus
from requests_app.models import Approval, Inquiry
from requests_app.tasks import go_on_unanswered
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    """Marco and Ada are asked, one of them decides; Charlie is their alternate after four days."""
    policy = cast.policy(package)
    stage = policy.stages.get()
    stage.alternates_after = 4 * DAY
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    stage.approvers.create(kind=ApproverKind.PERSON, use=ApproverUse.ALTERNATE, person=cast.charlie)
    return policy


@pytest.fixture
def approval(cast, policy):
    asked = actions.submit(package=policy.package, actor=cast.rita, justification="New in Sales", now=NOW)
    return asked.approvals.get()


def inquire(approval, actor, *, now=NOW + DAY, question="For which customers?"):
    return actions.ask_for_information(approval=approval, actor=actor, question=question, now=now)


def answer(inquiry, actor, *, now=NOW + 3 * DAY, said="For the north"):
    return actions.answer_inquiry(inquiry=inquiry, actor=actor, answer=said, now=now)


# --- It works -------------------------------------------------------------------------------------------------------


def test_the_clock_stands_still_until_the_answer_and_everything_comes_later_by_the_wait(cast, approval):
    due, alternates = approval.due_at, approval.alternates_due_at
    inquiry = inquire(approval, cast.marco)
    approval.refresh_from_db()
    assert approval.paused_at == NOW + DAY
    assert approval.access_request.status == RequestStatus.PENDING_APPROVAL
    answer(inquiry, cast.rita)
    approval.refresh_from_db()
    assert (approval.paused_at, approval.due_at, approval.alternates_due_at) == (
        None,
        due + 2 * DAY,
        alternates + 2 * DAY,
    )


def test_while_it_stands_still_nothing_falls_due(cast, approval):
    inquire(approval, cast.marco)
    late = NOW + 100 * DAY
    assert not Approval.objects.overdue(late).exists()
    assert not Approval.objects.wanting_alternates(late).exists()
    assert not actions.expire_overdue(approval=approval, now=late)
    assert not actions.ask_alternates(approval=approval, now=late)


def test_question_and_answer_are_recorded_and_told_on_the_timeline(cast, approval):
    answer(inquire(approval, cast.marco), cast.rita)
    said = list(Event.objects.filter(verb__startswith="information.").order_by("id").values_list("verb", flat=True))
    assert said == [events.INFORMATION_ASKED, events.INFORMATION_GIVEN]
    quotes = [step.quote for step in timeline.steps(timeline.story_of(approval.access_request_id)) if step.quote]
    assert quotes == ["For which customers?", "For the north"]


def test_several_rounds_add_up(cast, approval):
    due = approval.due_at
    answer(inquire(approval, cast.marco), cast.rita, now=NOW + 2 * DAY)
    answer(inquire(approval, cast.ada, now=NOW + 5 * DAY, question="Why?"), cast.rita, now=NOW + 8 * DAY)
    approval.refresh_from_db()
    assert approval.due_at == due + 4 * DAY
    assert [one.question for one in approval.inquiries.all()] == ["For which customers?", "Why?"]


def test_whoever_submitted_it_answers_as_well_as_the_person(cast, package, policy):
    policy.scope = "notSpecified"
    policy.save()
    made = actions.assign_directly(policy=policy, person=cast.rita, actor=cast.olga, now=NOW)
    inquiry = inquire(made.approvals.get(), cast.marco)
    assert list(Inquiry.objects.waiting_for(cast.olga)) == list(Inquiry.objects.waiting_for(cast.rita)) == [inquiry]
    assert answer(inquiry, cast.olga).answered_by == cast.olga
    assert not Inquiry.objects.waiting_for(cast.rita).exists()


# --- Who may not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outsider", ["rita", "charlie", "olga"])
def test_only_whoever_is_asked_to_decide_asks_for_information(cast, approval, outsider):
    with pytest.raises(PermissionDenied):
        inquire(approval, getattr(cast, outsider))
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize("outsider", ["marco", "ada", "charlie", "olga"])
def test_only_those_who_asked_for_the_access_answer(cast, approval, outsider):
    inquiry = inquire(approval, cast.marco)
    with pytest.raises(PermissionDenied):
        answer(inquiry, getattr(cast, outsider))


# --- The wrong state, and bad input ---------------------------------------------------------------------------------


def test_one_question_is_open_at_a_time(cast, approval):
    inquire(approval, cast.marco)
    with pytest.raises(IllegalMove, match="open already"):
        inquire(approval, cast.ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Inquiry.objects.create(approval=approval, asked_by=cast.ada, question="?", asked_at=NOW, answer_by=NOW)


def test_nothing_is_asked_where_nothing_is_left_to_decide(cast, approval):
    actions.approve(approval=approval, actor=cast.marco, now=NOW)
    with pytest.raises(IllegalMove, match="decided"):
        inquire(approval, cast.ada)


@pytest.mark.parametrize("nothing", ["", "  \n"])
def test_empty_questions_and_answers_are_refused_at_their_field(cast, approval, nothing):
    with pytest.raises(ValidationError) as refusal:
        inquire(approval, cast.marco, question=nothing)
    assert list(refusal.value.error_dict) == ["question"]
    inquiry = inquire(approval, cast.marco)
    with pytest.raises(ValidationError) as refusal:
        answer(inquiry, cast.rita, said=nothing)
    assert list(refusal.value.error_dict) == ["answer"]


def test_a_second_answer_is_refused(cast, approval):
    inquiry = inquire(approval, cast.marco)
    answer(inquiry, cast.rita)
    with pytest.raises(IllegalMove, match="no answer any more"):
        answer(inquiry, cast.rita, said="Or for the south")
    inquiry.refresh_from_db()
    assert inquiry.answer == "For the north"


# --- Deciding meanwhile ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", [actions.approve, actions.deny])
@pytest.mark.parametrize("decider", ["marco", "ada"])
def test_a_decision_ends_the_waiting(cast, approval, decide, decider):
    inquiry = inquire(approval, cast.marco)
    decide(approval=approval, actor=getattr(cast, decider), now=NOW + 2 * DAY)
    inquiry.refresh_from_db()
    approval.refresh_from_db()
    assert (inquiry.is_open, inquiry.closed_at, inquiry.answer) == (False, NOW + 2 * DAY, "")
    assert approval.paused_at is None
    with pytest.raises(IllegalMove):
        answer(inquiry, cast.rita)


def test_canceling_ends_the_waiting(cast, approval):
    inquire(approval, cast.marco)
    actions.cancel(access_request=approval.access_request, actor=cast.rita, now=NOW + 2 * DAY)
    assert not Inquiry.objects.open().exists()
    assert approval.access_request.approvals.get().status == ApprovalStatus.CANCELED


@pytest.mark.parametrize(("first", "is_still_open"), [("marco", False), ("ada", True)])
def test_one_of_two_approvals_ends_only_ones_own_waiting(cast, policy, first, is_still_open):
    policy.stages.update(approvals_required=2)
    made = actions.submit(package=policy.package, actor=cast.rita, justification="New in Sales", now=NOW)
    approval = made.approvals.get()
    inquire(approval, cast.marco)
    actions.approve(approval=approval, actor=getattr(cast, first), now=NOW + 2 * DAY)
    approval.refresh_from_db()
    assert Inquiry.objects.open().exists() == is_still_open == (approval.paused_at is not None)


# --- Nobody answers -------------------------------------------------------------------------------------------------


def test_where_nobody_answers_in_time_the_clock_goes_on(cast, approval):
    due = approval.due_at
    inquiry = inquire(approval, cast.marco)
    assert not actions.go_on_unanswered(inquiry=inquiry, now=NOW + 14 * DAY)
    assert actions.go_on_unanswered(inquiry=inquiry, now=NOW + 15 * DAY)
    approval.refresh_from_db()
    assert (approval.paused_at, approval.due_at) == (None, due + 14 * DAY)
    assert Event.objects.filter(verb=events.INFORMATION_MISSING).count() == 1
    assert not actions.go_on_unanswered(inquiry=inquiry, now=NOW + 16 * DAY)


def test_the_sweep_finds_those_whose_time_is_over(cast, approval):
    inquire(approval, cast.marco)
    assert go_on_unanswered() == 1
    assert go_on_unanswered() == 0


@override_settings(ANSWER_DAYS=3)
def test_how_long_there_is_to_answer_is_a_setting(cast, approval):
    assert inquire(approval, cast.marco).answer_by == NOW + 4 * DAY
