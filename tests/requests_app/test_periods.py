"""A period that is chosen: what the policy permits, a start in the future, and what happens when it comes."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from audit.models import Event
from catalog.models import Incompatibility
from directory.actions import disable_person
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.actions.moving import in_journal
from requests_app.lifecycle import IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Assignment
from requests_app.periods import Period
from tests.cast import NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = NOW + 5 * DAY


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    """Thirty days, and whoever asks may choose the period within them."""
    return cast.policy(package, is_period_chosen=True)


def ask(cast, policy, starts_at=None, ends_at=None):
    return actions.submit(
        package=policy.package, actor=cast.rita, justification="New", period=Period(starts_at, ends_at), now=NOW
    )


def scheduled(cast, policy, starts_at=START, ends_at=None):
    asked = ask(cast, policy, starts_at, ends_at)
    for approval in asked.approvals.all():
        actions.approve(approval=approval, actor=cast.marco, now=NOW)
    asked.refresh_from_db()
    return asked


def begin(asked, *, now=START):
    begun = actions.begin_scheduled(access_request=asked, now=now)
    asked.refresh_from_db()
    return begun


# --- It works -------------------------------------------------------------------------------------------------------


def test_corner_25_a_start_in_the_future_makes_an_approved_request_scheduled_until_it_comes(cast, policy):
    asked = scheduled(cast, policy)
    assert asked.status == RequestStatus.SCHEDULED
    assert not Assignment.objects.exists(), "nothing is given before"
    assert list(AccessRequest.objects.due_to_begin(START - timedelta(seconds=1))) == []
    assert not begin(asked, now=START - timedelta(seconds=1))
    assert list(AccessRequest.objects.due_to_begin(START)) == [asked]
    assert begin(asked)
    assert asked.status == RequestStatus.DELIVERING
    assert Assignment.objects.get().starts_at == START
    assert not begin(asked), "it begins once"
    verbs = list(Event.objects.story(asked.pk).values_list("verb", flat=True))
    assert verbs.index("request.approved") < verbs.index("request.scheduled") < verbs.index("assignment.started")
    told = Event.objects.get(verb="request.scheduled")
    assert told.sentence == f"Rita's Sales: Standard Access begins on {in_journal(START)}"


def test_behaviour_15_the_duration_counts_from_the_delivery_not_from_the_approval(cast, policy):
    begin(scheduled(cast, policy))
    perform_all_due(now=START + HOUR)
    assert Assignment.objects.get().ends_at == START + HOUR + 30 * DAY


def test_an_end_that_was_chosen_stands_however_late_it_is_delivered(cast, policy):
    asked = scheduled(cast, policy, ends_at=START + 2 * DAY)
    assert (asked.wanted_end, asked.fixed_end) == (START + 2 * DAY, START + 2 * DAY)
    begin(asked)
    perform_all_due(now=START + DAY)
    assert Assignment.objects.get().ends_at == START + 2 * DAY
    assert actions.expire_due(now=START + 2 * DAY) == 1


def test_a_start_that_has_passed_by_the_approval_begins_at_once(cast, policy):
    asked = ask(cast, policy, starts_at=START)
    actions.approve(approval=asked.approvals.get(), actor=cast.marco, now=START + DAY)
    asked.refresh_from_db()
    assert asked.status == RequestStatus.DELIVERING


def test_a_policy_that_approves_by_itself_schedules_too(cast, package):
    policy = cast.policy(package, approver=None, is_period_chosen=True)
    assert ask(cast, policy, starts_at=START).status == RequestStatus.SCHEDULED


def test_a_decision_is_wanted_before_the_end_that_was_chosen(cast, policy):
    asked = ask(cast, policy, ends_at=NOW + 3 * DAY)
    assert asked.approvals.get().due_at == NOW + 3 * DAY


def test_the_end_is_never_later_than_that_of_the_policy(cast, package):
    end = NOW + 10 * DAY
    policy = cast.policy(package, duration_kind="afterDateTime", ends_at=end, is_period_chosen=True)
    assert ask(cast, policy, ends_at=end + HOUR).fixed_end == end, "of the last day, what is left of it"


# --- Taken back -----------------------------------------------------------------------------------------------------


def test_corner_25_what_is_scheduled_can_still_be_canceled_and_asked_for_again(cast, policy):
    asked = scheduled(cast, policy)
    actions.cancel(access_request=asked, actor=cast.rita, now=NOW + DAY)
    assert not begin(asked)
    assert asked.status == RequestStatus.CANCELED
    assert not Assignment.objects.exists()
    assert ask(cast, policy).is_open


def test_what_has_begun_is_no_longer_canceled(cast, policy):
    asked = scheduled(cast, policy)
    begin(asked)
    with pytest.raises(IllegalMove):
        actions.cancel(access_request=asked, actor=cast.rita, now=START)


def test_while_it_is_scheduled_nothing_else_is_asked_for(cast, policy):
    asked = scheduled(cast, policy)
    with pytest.raises(ValidationError, match="open request"):
        ask(cast, policy)
    asked.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.bulk_create([asked])


# --- What has changed by then ---------------------------------------------------------------------------------------


def test_whoever_is_disabled_before_the_start_never_gets_it(cast, policy):
    asked = scheduled(cast, policy)
    disable_person(person=cast.rita, actor=cast.ada, now=NOW + DAY)
    assert not begin(asked)
    assert asked.status == RequestStatus.CANCELED
    assert not Assignment.objects.exists()


def test_what_became_incompatible_before_the_start_is_not_given_and_the_journal_says_why(cast, policy):
    asked = scheduled(cast, policy)
    other = cast.package("Sales: Campaigns", cast.role("Campaigns")[1])
    cast.policy(other, approver=None)
    actions.submit(package=other, actor=cast.rita, justification="New", now=NOW)
    Incompatibility.objects.create(package=policy.package, other_package=other)
    assert not begin(asked)
    assert asked.status == RequestStatus.CANCELED
    told = Event.objects.get(verb="request.in_conflict")
    assert "incompatible" in told.sentence


def test_what_would_have_ended_before_it_begins_is_not_given(cast, policy):
    asked = scheduled(cast, policy, ends_at=START + DAY)
    assert not begin(asked, now=START + 2 * DAY), "after a week of downtime, say"
    assert asked.status == RequestStatus.CANCELED
    told = Event.objects.get(verb="request.lapsed")
    assert told.sentence == (
        "Sales: Standard Access was not given to Rita, though it was approved: its end had come before it began"
    )


def test_behaviour_7_a_package_that_is_disabled_meanwhile_holds_nothing_up(cast, policy):
    asked = scheduled(cast, policy)
    policy.package.is_enabled = False
    policy.package.save()
    assert begin(asked)


# --- What cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "field", "said"),
    [
        (-HOUR, None, "starts_at", "over already"),
        (400 * DAY, None, "starts_at", "within a year"),
        (None, -HOUR, "ends_at", "over already"),
        (5 * DAY, 4 * DAY, "ends_at", "before the start"),
        (None, 31 * DAY, "ends_at", "1 Apr 2026, 09:00 is the latest that the policy permits."),
        (5 * DAY, 36 * DAY, "ends_at", "6 Apr 2026, 09:00 is the latest"),
    ],
)
def test_a_period_that_cannot_be_is_refused_at_its_field(cast, policy, start, end, field, said):
    at = {"starts_at": start and NOW + start, "ends_at": end and NOW + end}
    with pytest.raises(ValidationError, match=said) as refusal:
        ask(cast, policy, **at)
    assert list(refusal.value.error_dict) == [field]
    assert not AccessRequest.objects.exists()


def test_of_access_for_hours_the_end_is_judged_to_the_minute(cast, package):
    policy = cast.policy(package, duration_kind="hours", duration_amount=8, is_period_chosen=True)
    with pytest.raises(ValidationError, match="the latest that the policy permits"):
        ask(cast, policy, ends_at=NOW + 8 * HOUR + timedelta(minutes=1))
    assert ask(cast, policy, ends_at=NOW + 8 * HOUR).fixed_end == NOW + 8 * HOUR


def test_a_start_after_the_policys_end_makes_no_sense(cast, package):
    policy = cast.policy(package, duration_kind="afterDateTime", ends_at=NOW + 3 * DAY, is_period_chosen=True)
    with pytest.raises(ValidationError, match="The policy ends all access") as refusal:
        ask(cast, policy, starts_at=START)
    assert list(refusal.value.error_dict) == ["starts_at"]


def test_without_an_end_of_the_policy_ten_years_are_the_most(cast, package):
    policy = cast.policy(package, duration_kind="noExpiration", is_period_chosen=True)
    with pytest.raises(ValidationError, match="within ten years"):
        ask(cast, policy, ends_at=NOW + 4000 * DAY)


def test_where_the_policy_leaves_no_choice_none_is_taken(cast, package):
    policy = cast.policy(package)
    with pytest.raises(ValidationError, match="lets nobody choose") as refusal:
        ask(cast, policy, starts_at=START, ends_at=START + DAY)
    assert set(refusal.value.error_dict) == {"starts_at", "ends_at"}


def test_whoever_assigns_directly_chooses_under_any_policy_within_what_it_gives(cast, package):
    policy = cast.policy(package, approver=None)
    facts = {"policy": policy, "person": cast.rita, "actor": cast.olga, "now": NOW}
    with pytest.raises(ValidationError, match="the latest that the policy permits"):
        actions.assign_directly(**facts, period=Period(START, START + 31 * DAY))
    with pytest.raises(PermissionDenied):
        actions.assign_directly(**{**facts, "actor": cast.charlie}, period=Period(START))
    assigned = actions.assign_directly(**facts, period=Period(START, START + 2 * DAY))
    assert (assigned.status, assigned.fixed_end) == (RequestStatus.SCHEDULED, START + 2 * DAY)
