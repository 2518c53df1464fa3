"""Answers, cancelling, silence and approvals at the same instant: one of them holds, and nothing is half done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions import save_custom_extension, save_policy
from catalog.choices import CalloutMoment, LaunchBehaviour
from catalog.models import CustomExtension, PolicyCallout
from requests_app import actions
from requests_app.actions import CalloutAnswer, CalloutAnswered, CalloutTooLate
from requests_app.lifecycle import CalloutState, IllegalMove, RequestStatus
from requests_app.models import AccessRequest, Approval, Callout
from tests.cast import make_cast

from .test_concurrency import kinds, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return make_cast()


@pytest.fixture
def policy(cast):
    """Two extensions are waited for before anybody decides."""
    policy, now = cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])), timezone.now()
    rows = []
    for name in ("Ticketing", "Budget"):
        extension = CustomExtension(
            catalog=cast.catalog, name=name, url="https://tickets.example/", behaviour=LaunchBehaviour.WAIT
        )
        save_custom_extension(extension=extension, actor=cast.ada, now=now)
        rows.append(PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension))
    return save_policy(policy=policy, actor=cast.ada, now=now, callouts=rows)


@pytest.fixture
def callouts(cast, policy):
    actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
    return list(Callout.objects.select_related("access_request").order_by("pk"))


def answering(callout, **answer):
    given = CalloutAnswer(**answer)
    return lambda: actions.answer_callout(callout=callout, answer=given, actor=None, now=timezone.now())


def test_of_many_answers_to_one_callout_one_holds(callouts):
    first = callouts[0]
    results = together(*(answering(first, detail=str(n)) for n in range(4)))
    assert kinds(results) == {Callout: 1, CalloutAnswered: 3}


def test_two_extensions_that_agree_at_once_have_the_approvers_asked_once(callouts):
    together(*(answering(callout) for callout in callouts))
    assert AccessRequest.objects.get().status == RequestStatus.PENDING_APPROVAL
    assert Approval.objects.get().assignees.count() == 1


def test_a_yes_and_a_no_at_once_are_a_no(callouts):
    yes, no = callouts
    together(answering(yes), answering(no, is_denial=True))
    assert AccessRequest.objects.get().status == RequestStatus.DENIED
    assert not Callout.objects.waited_for().exists()


def test_a_cancelled_request_and_an_answer_at_once(cast, callouts):
    def cancel():
        return actions.cancel(access_request=callouts[0].access_request, actor=cast.rita, now=timezone.now())

    results = together(cancel, answering(callouts[0]), answering(callouts[1]))
    assert AccessRequest.objects.get().status == RequestStatus.CANCELED
    assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, IllegalMove)]
    assert not Callout.objects.waited_for().exists()


def test_silence_swept_by_two_at_once_means_what_it_means_once(callouts):
    later = timezone.now() + timedelta(days=2)

    def sweep():
        return sum(actions.time_out_callout(callout=callout, now=later) for callout in callouts)

    results = together(sweep, sweep)
    assert not [one for one in results if isinstance(one, Exception)]
    assert AccessRequest.objects.get().status == RequestStatus.EXPIRED
    states = set(Callout.objects.values_list("state", flat=True))
    assert states == {CalloutState.TIMED_OUT, CalloutState.CANCELED}
    with pytest.raises((CalloutAnswered, CalloutTooLate)):
        answering(callouts[0])()
