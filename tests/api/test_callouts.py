"""Custom extensions answer: signed by themselves or in their place, once, in time; everything else is refused."""

import json
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from accessgov import signatures
from catalog.actions import Stage, save_custom_extension, save_policy
from catalog.choices import ApproverKind, CalloutMoment, LaunchBehaviour
from catalog.models import ApprovalStage, CustomExtension, PolicyCallout, StageApprover
from requests_app import actions, calling_out
from requests_app.lifecycle import RequestStatus
from requests_app.models import AccessRequest, Approval, Callout
from requests_app.payloads import token_of
from tests.requests_app.extension_server import serving

from .conftest import V1, problem


@pytest.fixture
def extension(cast):
    row = CustomExtension(
        catalog=cast.catalog, name="Ticketing", url="https://tickets.example/hook", behaviour=LaunchBehaviour.WAIT
    )
    return save_custom_extension(extension=row, actor=cast.ada, now=timezone.now())


@pytest.fixture
def callout(cast, policy, extension):
    """What Rita's request waits for."""
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=timezone.now(), callouts=[row])
    actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
    return Callout.objects.get()


def signed(callout, body, *, secret="", at=None):
    """The body as the extension sends it, signed by the standard's own library."""
    raw = json.dumps(body)
    at = at or timezone.now()
    signature = Webhook(secret or callout.extension.unsealed_secret()).sign(f"answer-{callout.pk}", at, raw)
    return {
        "data": raw,
        "content_type": "application/json",
        "headers": {
            "webhook-id": f"answer-{callout.pk}",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        },
    }


def resume(client, callout, body, **how):
    return client.post(f"{V1}/callouts/{callout.pk}/resume/", **signed(callout, body, **how))


def yes(callout, **more):
    return {"token": token_of(callout), "result": "continue", **more}


def test_a_signed_answer_with_the_token_lets_the_request_go_on(client, callout):
    answer = resume(client, callout, yes(callout, detail="Ticket 4711"))
    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["detail"]) == ("callbackReceived", "Ticket 4711")
    assert AccessRequest.objects.get().status == RequestStatus.PENDING_APPROVAL


def test_a_signed_denial_ends_it_and_the_request_tells_why(client, api, cast, callout):
    resume(client, callout, {"token": token_of(callout), "result": "deny", "detail": "No budget"})
    told = api(cast.rita).get(f"{V1}/requests/{callout.access_request_id}/").json()
    assert told["status"] == "denied"
    (called,) = told["callouts"]
    assert (called["extension"], called["is_denial"], called["detail"]) == ("Ticketing", True, "No budget")


def test_an_answer_without_a_signature_is_nobodys(client, callout):
    answer = client.post(f"{V1}/callouts/{callout.pk}/resume/", yes(callout), content_type="application/json")
    problem(answer, 401, "not-authenticated")
    assert Callout.objects.get().is_waited_for


@pytest.mark.parametrize("fault", ["another secret", "another body", "six minutes ago", "in six minutes", "no time"])
def test_a_forged_or_repeated_answer_is_refused_and_nothing_is_lost(client, callout, fault):
    now = timezone.now()
    at = {"six minutes ago": now - timedelta(minutes=6), "in six minutes": now + timedelta(minutes=6)}.get(fault, now)
    secret = signatures.new_secret() if fault == "another secret" else ""
    sent = signed(callout, yes(callout), secret=secret, at=at)
    if fault == "another body":
        sent["data"] = sent["data"].replace("continue", "deny")
    if fault == "no time":
        del sent["headers"]["webhook-timestamp"]
    answer = client.post(f"{V1}/callouts/{callout.pk}/resume/", **sent)
    problem(answer, 401, "not-authenticated")
    assert Callout.objects.get().is_waited_for
    assert resume(client, callout, yes(callout)).status_code == 200


@pytest.mark.parametrize("signed_with", ["old", "new"])
def test_an_answer_with_either_secret_counts_for_a_day_after_a_change(client, cast, extension, callout, signed_with):
    secrets = {"old": extension.unsealed_secret(), "new": signatures.new_secret()}
    save_custom_extension(extension=extension, actor=cast.ada, secret=secrets["new"], now=timezone.now())
    answer = resume(client, callout, yes(callout), secret=secrets[signed_with])
    assert answer.status_code == 200, answer.content


def test_a_day_after_the_change_the_old_secret_answers_nothing(client, cast, extension, callout):
    old = extension.unsealed_secret()
    before = timezone.now() - timedelta(hours=25)
    save_custom_extension(extension=extension, actor=cast.ada, secret=signatures.new_secret(), now=before)
    problem(resume(client, callout, yes(callout), secret=old), 401, "not-authenticated")


@pytest.mark.parametrize("token", ["", "0" * 64, "ümlaut"])
def test_a_signature_without_the_token_of_this_very_callout_is_not_enough(client, callout, token):
    answer = resume(client, callout, {"token": token, "result": "continue"})
    problem(answer, 403, "not-permitted")
    assert Callout.objects.get().is_waited_for


def test_the_token_of_one_callout_answers_no_other(client, cast, policy, callout):
    actions.cancel(access_request=callout.access_request, actor=cast.rita, now=timezone.now())
    actions.submit(package=policy.package, actor=cast.rita, justification="Again", now=timezone.now())
    other = Callout.objects.exclude(pk=callout.pk).get()
    problem(resume(client, other, yes(callout)), 403, "not-permitted")


def test_the_second_answer_is_told_that_there_was_one(client, callout):
    sent = signed(callout, yes(callout))
    address = f"{V1}/callouts/{callout.pk}/resume/"
    assert client.post(address, **sent).status_code == 200
    document = problem(client.post(address, **sent), 409, "already-answered")
    assert "answered already" in document["detail"]


def test_what_was_canceled_waits_for_nothing(client, cast, callout):
    actions.cancel(access_request=callout.access_request, actor=cast.rita, now=timezone.now())
    problem(resume(client, callout, yes(callout)), 409, "already-answered")


def test_a_late_answer_is_told_so(client, callout):
    Callout.objects.update(answer_by=timezone.now() - timedelta(seconds=1))
    problem(resume(client, callout, yes(callout)), 410, "answered-too-late")
    actions.time_out_callout(callout=Callout.objects.get(), now=timezone.now())
    problem(resume(client, callout, yes(callout)), 410, "answered-too-late")
    assert AccessRequest.objects.get().status == RequestStatus.EXPIRED


def test_what_is_not_there_is_not_there(client, callout):
    callout.pk = "01977e5a-0000-7000-8000-000000000000"
    problem(resume(client, callout, yes(callout)), 404, "not-found")
    answer = client.post(f"{V1}/callouts/nonsense/resume/", headers={"webhook-signature": "v1,x"})
    problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {"result": "perhaps"},
        {},
        {"result": "continue", "detail": "x" * 5000},
        {"result": "continue", "approval_stage": {}},
    ],
)
def test_an_answer_that_does_not_fit_is_told_what_is_wrong_and_can_be_mended(client, callout, body):
    problem(resume(client, callout, {"token": token_of(callout), **body}), 422, "invalid-input")
    assert Callout.objects.get().is_waited_for


def test_whoever_looks_after_the_package_answers_in_its_place_without_a_signature(api, cast, callout):
    address = f"{V1}/callouts/{callout.pk}/resume/"
    problem(api(cast.charlie).post(address, {"result": "continue"}), 404, "not-found")
    problem(api(cast.rita).post(address, {"result": "continue"}), 403, "not-permitted")
    answer = api(cast.olga).post(address, {"result": "continue"})
    assert answer.status_code == 200, answer.content
    assert Callout.objects.get().answered_by == cast.olga


# --- Who decides -----------------------------------------------------------------------------------------------------


@pytest.fixture
def asked_who(cast, policy, extension):
    """What the only stage of Rita's request waits for."""
    stage = Stage(ApprovalStage(), [StageApprover(kind=ApproverKind.EXTENSION, extension=extension)])
    save_policy(policy=policy, actor=cast.ada, now=timezone.now(), stages=[stage])
    actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
    return Callout.objects.get()


def test_it_names_those_who_decide_by_username_or_id(client, cast, asked_who):
    stage = {"people": ["charlie", str(cast.marco.pk)], "approvals_required": None, "time_limit": "P2D"}
    answer = resume(client, asked_who, yes(asked_who, approval_stage=stage))
    assert answer.status_code == 200, answer.content
    approval = Approval.objects.get()
    assert {one.person for one in approval.assignees.all()} == {cast.charlie, cast.marco}
    assert (approval.approvals_required, approval.time_limit) == (None, timedelta(days=2))


@pytest.mark.parametrize(
    "stage",
    [
        {"people": ["nobody-we-know"]},
        {"groups": ["No such group"]},
        {"people": ["charlie"], "approvals_required": 0},
        {"people": ["charlie"], "time_limit": "PT5M"},
        {"people": ["charlie"], "time_limit": "P4000D"},
        {"people": ["charlie"] * 51},
    ],
)
def test_deciders_that_there_are_not_are_refused_and_the_stage_waits_on(client, asked_who, stage):
    problem(resume(client, asked_who, yes(asked_who, approval_stage=stage)), 422, "invalid-input")
    assert Callout.objects.get().is_waited_for


# --- Over the wire ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_from_the_call_to_the_answer_over_real_connections(live_server, settings, cast, policy, extension):
    settings.BASE_URL = live_server.url
    with serving() as server:
        server.secret = extension.unsealed_secret()
        CustomExtension.objects.update(url=server.url)
        row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
        save_policy(policy=policy, actor=cast.ada, now=timezone.now(), callouts=[row])
        actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
        calling_out.perform_all_due(now=timezone.now())
        callback = server.calls[0].data["callback"]
        sent = signed(Callout.objects.get(), {"token": callback["token"], "result": "continue", "detail": "Fine"})
        headers = {**sent["headers"], "Content-Type": sent["content_type"]}
        answer = httpx2.post(callback["url"], content=sent["data"], headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert AccessRequest.objects.get().status == RequestStatus.PENDING_APPROVAL
