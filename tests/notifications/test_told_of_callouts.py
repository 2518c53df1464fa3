"""What mails tell of custom extensions: their no, their silence, and to administrators that one cannot be reached."""

from datetime import timedelta

import pytest

from catalog.actions import save_custom_extension, save_policy
from catalog.choices import CalloutMoment, LaunchBehaviour, TimeoutMeaning
from catalog.models import CustomExtension, PolicyCallout
from requests_app import actions
from requests_app.actions import CalloutAnswer
from requests_app.models import Callout
from tests.cast import NOW

from .conftest import post

QUARTER = timedelta(minutes=15)


@pytest.fixture
def extension(cast, package):
    """Ticketing, for whose answer every request for the package waits."""
    row = CustomExtension(
        catalog=cast.catalog, name="Ticketing", url="https://tickets.example/hook", behaviour=LaunchBehaviour.WAIT
    )
    save_custom_extension(extension=row, actor=cast.ada, now=NOW)
    policy = package.policies.get()
    callout = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=row)
    save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=[callout])
    return row


def test_its_no_is_told_with_its_reason_and_nobody_else_was_bothered(cast, extension, ask):
    ask()
    assert post() == [], "nobody is asked while it is waited for"
    answer = CalloutAnswer(is_denial=True, detail="The budget is spent.")
    actions.answer_callout(callout=Callout.objects.get(), answer=answer, actor=None, now=NOW)
    (letter,) = post()
    assert letter.to == ["rita@example.com"]
    assert "Ticketing: “The budget is spent.”" in letter.body


def test_its_silence_is_told_as_such(cast, extension, ask):
    ask()
    later = NOW + timedelta(days=1)
    actions.time_out_callout(callout=Callout.objects.get(), now=later)
    (letter,) = post(later)
    assert "expired" in letter.body
    assert "Did not answer: Ticketing" in letter.body


def test_nobody_hears_that_it_is_approved_before_the_extension_agreed(cast, extension, ask):
    policy = extension.policy_callouts.get().policy
    callout = PolicyCallout(policy=policy, moment=CalloutMoment.APPROVED, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=[callout])
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    assert not [letter for letter in post() if letter.to == ["rita@example.com"]]
    actions.answer_callout(callout=Callout.objects.get(), answer=CalloutAnswer(), actor=None, now=NOW)
    assert next(letter.subject for letter in post() if letter.to == ["rita@example.com"]).startswith("Approved")


def give_up():
    Callout.objects.update(attempts=Callout.MAX_ATTEMPTS, lease="00000000-0000-0000-0000-000000000001")
    for callout in Callout.objects.with_names():
        actions.settle_failed(callout=callout, error="It is down.", is_final=False, retry_after=None, now=NOW)


def test_calls_that_were_given_up_are_told_to_administrators_once(cast, extension, ask):
    ask()
    give_up()
    assert post() == []
    (letter,) = post(NOW + QUARTER)
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Given up: 1 call of Ticketing"
    assert "Rita: It is down." in letter.body
    assert "/admin/requests_app/callout/" in letter.body


def test_calls_that_were_mended_meanwhile_alarm_nobody(cast, extension, ask):
    ask()
    give_up()
    actions.retry_callouts(callouts=Callout.objects.all(), actor=cast.ada, now=NOW)
    assert post(NOW + QUARTER) == []


def test_silence_that_denies_is_a_denial_with_the_reason(cast, extension, ask):
    CustomExtension.objects.update(on_timeout=TimeoutMeaning.DENY)
    ask()
    later = NOW + timedelta(days=1)
    actions.time_out_callout(callout=Callout.objects.get(), now=later)
    (letter,) = post(later)
    assert letter.subject.startswith("Denied")
