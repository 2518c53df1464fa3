"""Custom extensions and callouts on their pages: a secret shown once, a test that calls, and what is stuck retried."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from catalog.actions import save_custom_extension, save_policy
from catalog.choices import ApproverKind, CalloutMoment, DelegatedRole, LaunchBehaviour
from catalog.models import CustomExtension, PolicyCallout
from requests_app import actions, calling_out
from requests_app.models import Callout
from tests.cast import appoint
from tests.requests_app.extension_server import serving

from .test_delivery_pages import page_of, press

ADD = "/admin/catalog/customextension/add/"
LIST = "/admin/requests_app/callout/"


@pytest.fixture
def server():
    with serving() as extension:
        yield extension


@pytest.fixture
def extension(cast, server):
    row = CustomExtension(catalog=cast.catalog, name="Ticketing", url=server.url, behaviour=LaunchBehaviour.WAIT)
    save_custom_extension(extension=row, actor=cast.ada, now=timezone.now())
    server.secret = row.unsealed_secret()
    return row


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


@pytest.fixture
def callout(cast, policy, extension):
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    save_policy(policy=policy, actor=cast.ada, now=timezone.now(), callouts=[row])
    actions.submit(package=policy.package, actor=cast.rita, justification="New", now=timezone.now())
    return Callout.objects.get()


def shown(answer):
    return answer.content.decode()


def test_its_secret_is_shown_once_when_it_is_made(cast, ada, fill, server):
    typed = {"name": "Ticketing", "catalog": cast.catalog.pk, "url": server.url}
    answer = ada.post(ADD, fill(ada.get(ADD), typed), follow=True)
    extension = CustomExtension.objects.get()
    assert extension.unsealed_secret() in shown(answer)
    page = ada.get(page_of(extension))
    assert extension.unsealed_secret() not in shown(page)
    assert extension.sealed_secret not in shown(page)
    before = extension.unsealed_secret()
    ada.post(page_of(extension), fill(page, {"description": "Opens tickets"}))
    extension.refresh_from_db()
    assert (extension.unsealed_secret(), extension.description) == (before, "Opens tickets")
    answer = ada.post(page_of(extension), fill(page, {"wants_new_secret": "on"}), follow=True)
    extension.refresh_from_db()
    assert extension.unsealed_secret() != before
    assert extension.unsealed_secret() in shown(answer)
    assert "holds too, until" in shown(ada.get(page_of(extension)))
    ada.post(page_of(extension), fill(page, {"wants_new_secret": "on", "grace_hours": "0"}))
    assert "none holds beside the new one" in shown(ada.get(page_of(extension)))


def test_whoever_only_attaches_it_sees_neither_its_secret_nor_what_its_address_carries(cast, extension):
    """A package manager reads the extension; with its secret they could sign calls of their own."""
    CustomExtension.objects.update(url=f"{extension.url}?key=of-the-ticketing")
    appoint(cast.catalog, cast.marco, role=DelegatedRole.PACKAGE_MANAGER)
    client = Client()
    client.force_login(cast.marco)
    page = client.get(page_of(extension))
    assert page.status_code == 200
    assert "Ticketing" in shown(page)
    assert extension.unsealed_secret() not in shown(page)
    assert "of-the-ticketing" not in shown(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"url": "http://tickets.example/"}, "Only https"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "inside a network"),
        ({"secret": "guess me"}, "24 to 64 bytes"),
        ({"time_limit_hours": "337"}, "less than or equal to 336"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(cast, ada, fill, typed, said):
    whole = {"name": "Ticketing", "catalog": cast.catalog.pk, "url": "https://tickets.example/", **typed}
    answer = ada.post(ADD, fill(ada.get(ADD), whole))
    assert said in shown(answer)
    assert "Ticketing" in shown(answer)
    assert not CustomExtension.objects.exists()


def test_the_test_call_really_calls_signed_and_says_what_came_of_it(ada, server, extension):
    press(ada, extension, "test_call")
    (call,) = server.calls
    assert call.body["type"] == "test"
    extension.refresh_from_db()
    assert (extension.last_error, extension.last_answer_at is not None) == ("", True)
    server.statuses = [500]
    press(ada, extension, "test_call")
    extension.refresh_from_db()
    assert "500" in extension.last_error
    assert "500" in shown(ada.get(page_of(extension)))


def test_a_policys_page_says_when_it_calls_what(cast, ada, fill, policy, extension):
    page = ada.get(page_of(policy))
    assert CalloutMoment.WHO_DECIDES not in shown(page)
    typed = {
        "callouts-TOTAL_FORMS": 1,
        "callouts-0-moment": CalloutMoment.APPROVED,
        "callouts-0-extension": extension.pk,
    }
    answer = ada.post(page_of(policy), fill(page, typed))
    assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", shown(answer))
    assert [(one.moment, one.extension) for one in policy.callouts.all()] == [(CalloutMoment.APPROVED, extension)]
    assert "calls Ticketing" in shown(ada.get(page_of(policy)))


def test_a_stage_can_have_an_extension_say_who_decides(cast, ada, fill, policy, extension):
    page = ada.get(page_of(policy))
    answer = ada.post(page_of(policy), fill(page, {"stages-0-extension": extension.pk}))
    assert answer.status_code == 200, "the manager beside it is one too many"
    assert "name nobody beside it" in shown(answer)
    typed = fill(page, {"stages-0-extension": extension.pk})
    typed.pop("stages-0-places")
    answer = ada.post(page_of(policy), typed)
    assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", shown(answer))
    approver = policy.stages.get().approvers.get()
    assert (approver.kind, approver.extension) == (ApproverKind.EXTENSION, extension)
    assert "whoever Ticketing names" in shown(ada.get(page_of(policy)))


def test_what_is_stuck_is_shown_first_with_its_error_and_called_again(cast, ada, server, callout):
    server.statuses = [410]
    calling_out.perform_all_due(now=timezone.now())
    assert "410" in shown(ada.get(LIST))
    assert "410" in shown(ada.get(page_of(callout)))
    press(ada, callout, "retry")
    calling_out.perform_all_due(now=timezone.now())
    callout.refresh_from_db()
    assert callout.state == "waitingForCallback"


def test_callouts_are_only_read(ada, callout):
    assert ada.get(f"{LIST}add/").status_code == 403
    assert 'name="_save"' not in shown(ada.get(page_of(callout)))
