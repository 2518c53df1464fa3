"""Asking again for what was denied, ran out of time or was canceled."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from catalog.choices import QuestionKind
from requests_app import actions
from requests_app.lifecycle import IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Approval
from requests_app.periods import Period
from tests.cast import NOW

DAY = timedelta(days=1)


@pytest.fixture
def policy(cast):
    policy = cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]), is_period_chosen=True)
    policy.questions.create(position=1, text="Which project?")
    policy.questions.create(position=2, text="Which days?", kind=QuestionKind.CHOICES, choices=["mon", "tue"])
    return policy


@pytest.fixture
def asked(cast, policy):
    project, days = policy.questions.all()
    return actions.submit(
        package=policy.package,
        actor=cast.rita,
        justification="The harbour bid",
        answers={str(project.pk): "Harbour", str(days.pk): ["mon", "tue"]},
        period=Period(NOW + 2 * DAY, NOW + 9 * DAY),
        now=NOW,
    )


def end(cast, asked, how):
    approval = asked.approvals.get()
    match how:
        case RequestStatus.DENIED:
            actions.deny(approval=approval, actor=cast.marco, now=NOW)
        case RequestStatus.CANCELED:
            actions.cancel(access_request=asked, actor=cast.rita, now=NOW)
        case RequestStatus.EXPIRED:
            Approval.objects.update(due_at=NOW)
            actions.expire_overdue(approval=approval, now=NOW)
    asked.refresh_from_db()
    assert asked.status == how


@pytest.mark.parametrize("how", [RequestStatus.DENIED, RequestStatus.CANCELED, RequestStatus.EXPIRED])
def test_the_same_is_asked_again_with_the_reason_the_answers_and_the_period_of_then(cast, asked, how):
    end(cast, asked, how)
    again = actions.resubmit(access_request=asked, actor=cast.rita, now=NOW + DAY)
    assert again.pk != asked.pk
    assert (again.justification, again.status) == ("The harbour bid", RequestStatus.PENDING_APPROVAL)
    assert [str(one) for one in again.answers.all()] == ["Which project? Harbour", "Which days? mon, tue"]
    assert (again.wanted_start, again.wanted_end) == (NOW + 2 * DAY, NOW + 9 * DAY)
    asked.refresh_from_db()
    assert asked.status == how, "what was, stays"


def test_a_start_that_has_passed_since_is_at_once(cast, asked):
    end(cast, asked, RequestStatus.DENIED)
    again = actions.resubmit(access_request=asked, actor=cast.rita, now=NOW + 3 * DAY)
    assert (again.wanted_start, again.wanted_end) == (None, NOW + 9 * DAY)


def test_what_is_said_now_counts_and_a_question_that_is_new_is_asked(cast, policy, asked):
    end(cast, asked, RequestStatus.DENIED)
    site = policy.questions.create(position=3, text="Which site?")
    with pytest.raises(ValidationError) as refusal:
        actions.resubmit(access_request=asked, actor=cast.rita, now=NOW)
    assert list(refusal.value.error_dict) == [f"question_{site.pk}"]
    again = actions.resubmit(
        access_request=asked, actor=cast.rita, justification="Harbour II", answers={str(site.pk): "Bergen"}, now=NOW
    )
    assert again.justification == "Harbour II"
    assert again.answers.count() == 3


def test_what_is_open_is_not_asked_again_and_nobody_asks_for_another(cast, asked):
    with pytest.raises(IllegalMove):
        actions.resubmit(access_request=asked, actor=cast.rita, now=NOW)
    end(cast, asked, RequestStatus.DENIED)
    for other in (cast.marco, cast.ada, cast.charlie):
        with pytest.raises(PermissionDenied):
            actions.resubmit(access_request=asked, actor=other, now=NOW)
    assert AccessRequest.objects.count() == 1


def test_where_its_policy_is_disabled_another_that_takes_the_person_in_judges_it(cast, policy, asked):
    end(cast, asked, RequestStatus.DENIED)
    policy.is_enabled = False
    policy.save()
    other = cast.policy(policy.package, name="Freelancers", is_period_chosen=True)
    again = actions.resubmit(access_request=asked, actor=cast.rita, now=NOW + DAY)
    assert again.policy == other
    assert not again.answers.exists(), "it asks nothing"
