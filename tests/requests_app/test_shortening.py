"""Approving for a shorter time: only ever shorter, seen by whoever decides later, and kept to at the delivery."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from catalog.choices import ApproverKind, DurationKind
from provisioning.delivery import perform_all_due
from requests_app import actions, events
from requests_app.actions import Shorter
from requests_app.lifecycle import RequestStatus
from requests_app.models import Approval, Assignment
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def package(cast):
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast, package):
    return cast.policy(package)


@pytest.fixture
def approval(cast, policy):
    return ask(cast, policy)


def ask(cast, policy):
    access_request = actions.submit(package=policy.package, actor=cast.rita, justification="New", now=NOW)
    return access_request.approvals.get(position=1)


def approve(approval, actor, *, now=NOW, **shorter):
    return actions.approve(approval=approval, actor=actor, now=now, shorter=Shorter(**shorter) if shorter else None)


def access(cast, *, now=NOW):
    perform_all_due(now=now)
    return Assignment.objects.get(person=cast.rita)


def test_so_many_days_count_from_the_delivery(cast, approval):
    access_request = approve(approval, cast.marco, days=7)
    assert (access_request.duration, access_request.shortened_by) == (7 * DAY, cast.marco)
    assert access(cast, now=NOW + DAY).ends_at == NOW + 8 * DAY


def test_a_last_moment_is_kept_to_whenever_it_is_delivered(cast, approval):
    approve(approval, cast.marco, ends_at=NOW + 10 * DAY)
    assert access(cast, now=NOW + DAY).ends_at == NOW + 10 * DAY


def test_without_it_everything_is_as_it_was_asked(cast, approval):
    access_request = approve(approval, cast.marco)
    assert (access_request.duration, access_request.shortened_by) == (30 * DAY, None)
    assert not Event.objects.filter(verb=events.APPROVAL_SHORTENED).exists()


def test_it_is_recorded_with_what_it_was_before(cast, approval):
    approve(approval, cast.marco, days=7)
    event = Event.objects.get(verb=events.APPROVAL_SHORTENED)
    assert event.sentence == ("Marco shortened Rita's request for Sales: Standard Access: 7 days, instead of 30 days")
    assert event.correlation_id == approval.access_request_id


@pytest.mark.parametrize(
    ("shorter", "field", "said"),
    [
        ({"days": 30}, "days", "no shorter than what it is by now: 30 days"),
        ({"days": 31}, "days", "no shorter"),
        ({"ends_at": NOW + 30 * DAY}, "ends_at", "no shorter"),
        ({"ends_at": NOW}, "ends_at", "Nothing would be left"),
        ({"days": 0}, "days", "Nothing would be left"),
        ({"days": 3, "ends_at": NOW + DAY}, "days", "one of the two"),
    ],
)
def test_what_is_no_shorter_or_nothing_is_refused_and_nothing_is_decided(cast, approval, shorter, field, said):
    with pytest.raises(ValidationError) as refusal:
        approve(approval, cast.marco, **shorter)
    assert said in refusal.value.message_dict[field][0]
    approval.refresh_from_db()
    assert approval.assignees.get().is_approved is None
    assert approval.access_request.duration == 30 * DAY


def test_only_whoever_is_asked_shortens(cast, approval):
    with pytest.raises(PermissionDenied):
        approve(approval, cast.charlie, days=7)


def test_permanent_access_can_be_shortened(cast, policy):
    policy.duration_kind = DurationKind.PERMANENT
    policy.save()
    approve(ask(cast, policy), cast.marco, days=90)
    assert access(cast).ends_at == NOW + 90 * DAY


def test_access_until_a_date_can_be_shortened_by_days_but_not_past_that_date(cast, policy):
    policy.duration_kind, policy.ends_at = DurationKind.UNTIL, NOW + 20 * DAY
    policy.save()
    approval = ask(cast, policy)
    with pytest.raises(ValidationError, match="no shorter"):
        approve(approval, cast.marco, days=20)
    approve(approval, cast.marco, days=19)
    assert access(cast, now=NOW + 5 * DAY).ends_at == NOW + 20 * DAY, "never past the policy's date"


def test_whoever_decides_later_may_shorten_further_and_never_lengthen(cast, policy):
    policy.stages.create(position=2).approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    first = ask(cast, policy)
    approve(first, cast.marco, ends_at=NOW + 20 * DAY)
    second = first.access_request.approvals.get(position=2)
    with pytest.raises(ValidationError, match="no shorter"):
        approve(second, cast.ada, now=NOW + 5 * DAY, days=18)
    access_request = approve(second, cast.ada, now=NOW + 5 * DAY, days=10)
    assert access_request.shortened_by == cast.ada
    assert access(cast, now=NOW + 5 * DAY).ends_at == NOW + 15 * DAY


def test_where_two_approvals_are_needed_the_shorter_time_of_the_first_holds(cast, policy):
    stage = policy.stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    approval = ask(cast, policy)
    assert approve(approval, cast.marco, days=7).status == RequestStatus.PENDING_APPROVAL
    assert approve(approval, cast.ada).duration == 7 * DAY


# --- Extensions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def extension(cast, approval):
    """Rita asks, ten days before the end, to have it for thirty days more."""
    approve(approval, cast.marco)
    assignment = access(cast)
    made = actions.extend(assignment=assignment, actor=cast.rita, justification="Longer", now=NOW + 20 * DAY)
    return made.approvals.get()


@pytest.mark.parametrize("shorter", [{"days": 5}, {"ends_at": NOW + 35 * DAY}])
def test_an_extension_is_shortened_from_the_present_end_on(cast, extension, shorter):
    approve(extension, cast.marco, now=NOW + 21 * DAY, **shorter)
    assert access(cast).ends_at == NOW + 35 * DAY


@pytest.mark.parametrize(
    ("shorter", "said"),
    [
        ({"ends_at": NOW + 30 * DAY}, "Nothing would be left"),
        ({"ends_at": NOW + 60 * DAY}, "no shorter"),
        ({"days": 30}, "no shorter"),
    ],
)
def test_an_extension_is_never_longer_than_was_asked_and_never_nothing(cast, extension, shorter, said):
    with pytest.raises(ValidationError, match=said):
        approve(extension, cast.marco, now=NOW + 21 * DAY, **shorter)


def test_shortening_costs_one_statement(cast, policy):
    def cost(**shorter):
        approval = Approval.objects.select_related("access_request").get(pk=ask(cast, policy).pk)
        with CaptureQueriesContext(connection) as statements:
            access_request = approve(approval, cast.marco, **shorter)
        actions.cancel(access_request=access_request, actor=cast.rita, now=NOW)
        return len([one for one in statements if "SAVEPOINT" not in one["sql"]])

    stage = policy.stages.get()
    stage.approvals_required = 2
    stage.save()
    stage.approvers.create(kind=ApproverKind.PERSON, person=cast.ada)
    assert cost(days=7) == cost() + 1
