"""What pages tell of custom extensions: for whom a request waits, what was answered, errors to administrators only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions import Stage, save_custom_extension, save_policy
from catalog.choices import ApproverKind, CalloutMoment, LaunchBehaviour
from catalog.models import ApprovalStage, CustomExtension, PolicyCallout, StageApprover
from requests_app import actions
from requests_app.actions import CalloutAnswer
from requests_app.models import Callout

ERROR = "It answered 500 (Internal Server Error)."


@pytest.fixture
def waiting(cast):
    """Rita's request, which waits for Ticketing."""
    policy = cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))
    extension = CustomExtension(
        catalog=cast.catalog, name="Ticketing", url="https://tickets.example/hook", behaviour=LaunchBehaviour.WAIT
    )
    save_custom_extension(extension=extension, actor=cast.ada, now=timezone.now())
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=timezone.now(), callouts=[row])
    return actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())


def page(client, access_request):
    return client.get(f"/requests/{access_request.pk}/").content.decode()


def answer(answered):
    actions.answer_callout(callout=Callout.objects.get(), answer=answered, actor=None, now=timezone.now())


def test_whoever_asked_sees_for_whom_the_request_waits_and_can_cancel_it(cast, client, waiting):
    client.force_login(cast.rita)
    shown = page(client, waiting)
    assert "Waiting for the answer of Ticketing." in shown
    assert "Cancel the request" in shown
    client.post(f"/requests/{waiting.pk}/cancel/")
    assert "Waiting for the answer of Ticketing." not in page(client, waiting).partition("What happened")[0]


def test_what_it_said_is_there_for_the_parties_and_for_whoever_decides(cast, client, waiting):
    answer(CalloutAnswer(detail="Ticket 4711"))
    client.force_login(cast.rita)
    assert "Ticket 4711" in page(client, waiting)
    client.force_login(cast.marco)
    approval = waiting.approvals.get()
    assert "Ticket 4711" in client.get(f"/approvals/{approval.pk}/").content.decode()


def test_its_no_is_said_with_its_reason(cast, client, waiting):
    answer(CalloutAnswer(is_denial=True, detail="The budget is spent."))
    client.force_login(cast.rita)
    shown = page(client, waiting)
    assert "Denied by Ticketing." in shown
    assert "The budget is spent." in shown


def test_its_silence_is_said(cast, client, waiting):
    actions.time_out_callout(callout=Callout.objects.get(), now=timezone.now() + timedelta(days=1))
    client.force_login(cast.rita)
    shown = page(client, waiting)
    assert "Ticketing did not answer in time." in shown
    assert "Nobody decided in time." not in shown.partition("What happened")[0]


def test_why_it_cannot_be_reached_is_for_administrators(cast, client, waiting):
    Callout.objects.update(last_error=ERROR)
    client.force_login(cast.rita)
    assert ERROR not in page(client, waiting)
    client.force_login(cast.ada)
    assert ERROR in page(client, waiting)
    assert f"/admin/requests_app/callout/{Callout.objects.get().pk}/change/" in page(client, waiting)


# --- Before asking ---------------------------------------------------------------------------------------------------


def test_whoever_asks_sees_beforehand_which_programs_are_asked_and_that_one_says_who_decides(cast, client, waiting):
    policy = waiting.policy
    extension = CustomExtension.objects.get()
    asked = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=timezone.now(), stages=[Stage(ApprovalStage(), [asked])])
    actions.cancel(access_request=waiting, actor=cast.rita, now=timezone.now())
    client.force_login(cast.rita)
    shown = client.get(f"/packages/{policy.package_id}/request/").content.decode()
    assert "Ticketing is asked, and answers by itself" in shown
    assert "Ticketing says who decides" in shown
    assert "Nobody can decide at present" not in shown
    assert "whoever Ticketing names decides" in client.get(f"/packages/{policy.package_id}/").content.decode()
