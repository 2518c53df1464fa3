"""The connector of REST APIs against a real HTTP server: what it sends, how it reads answers, how it tells faults."""

import json
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from accessgov import signatures
from catalog.models import Resource, ResourceRole, TargetSystem
from directory.models import User
from provisioning import actions
from provisioning.actions import Reason
from provisioning.connectors import base
from provisioning.connectors import webhook_pointers as pointers
from provisioning.connectors import webhook_templates as templates
from provisioning.connectors.base import Capability, ConnectorError, Entitlement, Holder, Progress
from provisioning.connectors.webhook import Webhook
from provisioning.connectors.webhook_fields import statuses
from provisioning.delivery import perform_all_due
from provisioning.lifecycle import GrantStatus
from provisioning.models import Account, Connector, ConnectorKind, Grant
from tests.cast import NOW

from .rest_api import Reply, RestApi
from .scim_server import answering, http

pytestmark = pytest.mark.django_db

CHANGES = {"grant_path": "/roles/{role.id}/members/{person.username}", "revoke_path": "/roles/{role.id}/members/{key}"}
ROLE = Entitlement(resource_id="ledger", role_id="keepers", name="Bookkeepers of Ledger")
SECRET = signatures.new_secret()
_numbers = count()


@pytest.fixture
def person() -> User:
    return User.objects.create(username="ada", email="Ada@example.com", employee_number="0042")


def webhook(api: RestApi, *, secret: str = SECRET, base_url: str = "", **options: str) -> Webhook:
    system = TargetSystem.objects.create(name=f"Ledger {next(_numbers)}", slug=uuid4().hex)
    row = Connector(system=system, kind=ConnectorKind.WEBHOOK, base_url=base_url or api.base_url)
    row.options = Webhook.clean_options({"authentication": "bearer", **CHANGES, **options})
    row.set_secret(secret)
    row.set_extra_secret("credential", api.token)
    row.save()
    return Webhook(row, clock=lambda: NOW)


def always(api: RestApi, *replies: Reply) -> None:
    """Answer with these, the last of them for ever."""
    rest = list(replies)
    api.override = lambda sent: rest.pop(0) if len(rest) > 1 else rest[0]


# --- What is sent -----------------------------------------------------------------------------------------------------


def test_a_change_is_signed_and_carries_its_key_and_our_token(rest_api, person):
    always(rest_api, Reply(204))
    connector = webhook(rest_api, grant_method="POST", grant_body='{"who": "{person.email}", "do": "{action}"}')
    assert connector.grant(person, ROLE, key="k-1") is Progress.DONE
    [sent] = rest_api.sent
    assert sent.method == "POST"
    assert sent.json == {"who": "Ada@example.com", "do": "grant"}
    assert sent.headers["idempotency-key"] == sent.headers["webhook-id"] == "k-1"
    assert sent.headers["authorization"] == f"Bearer {rest_api.token}"
    signatures.verify(SECRET, headers=sent.headers, body=sent.body, now=NOW)
    with pytest.raises(signatures.ForgeryError):
        signatures.verify(SECRET, headers=sent.headers, body=sent.body + b" ", now=NOW)


def test_without_a_signing_secret_nothing_is_signed(rest_api, person):
    always(rest_api, Reply(204))
    webhook(rest_api, secret="").grant(person, ROLE, key="k")
    assert "webhook-signature" not in rest_api.sent[0].headers


def test_a_signing_secret_that_is_none_is_told_before_anything_is_sent(rest_api, person):
    with pytest.raises(ConnectorError, match="signing secret of Ledger"):
        webhook(rest_api, secret="hunter2").grant(person, ROLE, key="k")
    assert rest_api.sent == []


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("none", "authorization", None),
        ("basic", "authorization", "Basic c3ZjOnMzY3JldC10b2tlbg=="),
        ("header", "x-api-key", "s3cret-token"),
    ],
)
def test_other_ways_to_sign_in(rest_api, person, kind, header, value):
    always(rest_api, Reply(204))
    webhook(rest_api, authentication=kind, auth_user="svc").grant(person, ROLE, key="k")
    assert rest_api.sent[0].headers.get(header) == value


def test_names_cannot_leave_their_place_in_a_path_a_body_or_a_header(rest_api):
    always(rest_api, Reply(204))
    nasty = 'a/../b?c=d&e#f"{person.email}", "admin": true \\ ü'
    person = User.objects.create(username=nasty, email="x@example.com")
    connector = webhook(
        rest_api, grant_method="POST", grant_body='{"u": ["{person.username}"]}', grant_headers="X-U: {person.username}"
    )
    connector.grant(person, ROLE, key="k")
    [sent] = rest_api.sent
    assert sent.path == ["api", "roles", "keepers", "members", nasty]
    assert sent.json == {"u": [nasty]}
    assert sent.headers["x-u"].isascii()


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_would_walk_up_the_path_is_refused(rest_api, name):
    person = User.objects.create(username=name)
    with pytest.raises(ConnectorError, match=r"\{person.username\}") as caught:
        webhook(rest_api).grant(person, ROLE, key="k")
    assert caught.value.is_final
    assert rest_api.sent == []


def test_a_path_without_the_employee_number_that_it_needs_is_not_called(rest_api):
    person = User.objects.create(username="new")
    connector = webhook(rest_api, grant_path="/staff/{person.employee_number}")
    with pytest.raises(ConnectorError, match="employee_number"):
        connector.grant(person, ROLE, key="k")
    assert rest_api.sent == []


# --- What a status means ----------------------------------------------------------------------------------------------


def test_statuses_mean_what_the_configuration_says(rest_api, person):
    connector = webhook(rest_api, grant_later="202", grant_already="418", read_path="/x", read_absent="404")
    always(rest_api, Reply(202))
    assert connector.grant(person, ROLE, key="k") is Progress.HANDED_OVER
    always(rest_api, Reply(418))
    assert connector.grant(person, ROLE, key="k") is Progress.DONE
    always(rest_api, Reply(410))
    assert connector.revoke(person, ROLE, key="k") is Progress.DONE
    always(rest_api, Reply(200))
    assert connector.read(person, ROLE)
    always(rest_api, Reply(404))
    assert not connector.read(person, ROLE)


@pytest.mark.parametrize(
    ("reply", "says", "is_outage", "wait"),
    [
        (Reply(401, {"message": "s3cret-token is wrong"}), "refused our token", True, None),
        (Reply(429, headers={"Retry-After": "7"}), "slow down", True, timedelta(seconds=7)),
        (Reply(503, headers={"Retry-After": "9"}), "not ready", True, timedelta(seconds=9)),
        (Reply(500, {"detail": "boom"}), "fault of its own .*boom", True, None),
        (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), "another address", True, None),
        (Reply(404), "does not know Bookkeepers of Ledger", False, None),
        (Reply(422, {"detail": "who is s3cret-token?"}), r"422: who is …\?", False, None),
        (Reply(403), "does not allow", False, None),
        (Reply(200, raw=b"<!doctype html><title>Sign in</title>"), "web page", True, None),
    ],
)
def test_a_refusal_is_a_sentence_without_our_secrets(rest_api, person, reply, says, is_outage, wait):
    always(rest_api, reply)
    with pytest.raises(ConnectorError, match=says) as caught:
        webhook(rest_api).grant(person, ROLE, key="k")
    assert caught.value.is_outage is is_outage
    assert caught.value.retry_after == wait
    assert rest_api.token not in str(caught.value)
    assert len(rest_api.sent) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "http://nowhere.invalid/", "ftp://127.0.0.1/"])
def test_an_address_without_an_api_is_an_outage(rest_api, person, url):
    with pytest.raises(ConnectorError, match="Ledger") as caught:
        webhook(rest_api, base_url=url).grant(person, ROLE, key="k")
    assert caught.value.is_outage


def test_an_answer_that_trickles_in_is_given_up(rest_api, person, monkeypatch):
    monkeypatch.setattr(base, "TIMEOUT", 0.3)
    parts = http("200 OK", body="x" * 50)[:-40], *[b"x"] * 20
    with answering(*parts, pause=0.05) as url, pytest.raises(ConnectorError, match="not answer in time") as caught:
        webhook(rest_api, base_url=url).grant(person, ROLE, key="k")
    assert caught.value.is_outage


# --- What is read -----------------------------------------------------------------------------------------------------


def test_capabilities_are_what_is_configured(rest_api):
    assert webhook(rest_api).capabilities == frozenset()
    everything = dict.fromkeys(("read_path", "holders_path", "discover_path", "create_path"), "/x")
    assert webhook(rest_api, **everything).capabilities == {
        Capability.READ_BACK,
        Capability.HOLDERS,
        Capability.DISCOVER,
        Capability.CREATE_ACCOUNT,
    }


def test_a_list_may_say_who_holds_a_role_by_mail_address(rest_api, person):
    always(rest_api, Reply(200, [{"mail": "bob@example.com"}, {"mail": "ADA@example.com"}]))
    options = {"read_by": "list", "read_path": "/m", "holders_path": "/m", "item_name": "/mail", "item_id": "/mail"}
    connector = webhook(rest_api, item_known_by="email", **options)
    assert connector.read(person, ROLE)
    assert not connector.read(User.objects.create(username="bob"), ROLE)
    assert list(connector.holders(ROLE)) == [
        Holder("bob@example.com", "bob@example.com", is_username=False),
        Holder("ADA@example.com", "ada"),
    ]


@pytest.mark.parametrize(("paging", "pointer"), [("link", "/next"), ("link", ""), ("number", "")])
def test_holders_come_page_by_page_each_once(rest_api, paging, pointer):
    def page(sent):
        number = int(sent.query.get("page", "1"))
        found = [[{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}], []][number - 1]
        headers = {"Link": '</api/m?page=1>; rel="prev", </api/m?page=2>; rel="next"'} if number == 1 else {}
        return Reply(200, {"items": found, "next": "?page=2" if number == 1 else None}, headers)

    rest_api.override = page
    connector = webhook(
        rest_api, holders_path="/m", holders_pointer="/items", paging=paging, paging_pointer=pointer, item_id="/id"
    )
    assert [holder.account_id for holder in connector.holders(ROLE)] == ["1", "2", "3"]


def test_whoever_waits_for_a_list_hears_of_each_page(rest_api):
    rest_api.roles["keepers"] = [f"person{number}" for number in range(5)]
    path = {"holders_path": "/roles/{role.id}/members", "holders_pointer": "/items"}
    connector = webhook(rest_api, **path, item_id="/id", paging="link", paging_pointer="/next")
    heard = count()
    connector.go_on = lambda: next(heard)
    assert len(list(connector.holders(ROLE))) == 5
    assert next(heard) == 3


@pytest.mark.parametrize("paging", ["link", "number"])
def test_pages_that_lead_in_a_circle_are_told(rest_api, paging):
    always(rest_api, Reply(200, {"items": [{"id": "a"}], "next": "/api/m"}))
    connector = webhook(rest_api, holders_path="/m", holders_pointer="/items", paging=paging, paging_pointer="/next")
    with pytest.raises(ConnectorError, match="circle"):
        list(connector.holders(ROLE))
    assert len(rest_api.sent) == 2


def test_a_next_page_elsewhere_is_not_called_with_our_token(rest_api):
    always(rest_api, Reply(200, {"items": [], "next": "http://127.0.0.1:9/m"}))
    connector = webhook(rest_api, holders_path="/m", holders_pointer="/items", paging="link", paging_pointer="/next")
    with pytest.raises(ConnectorError, match=r"another server \(127.0.0.1:9\)"):
        list(connector.holders(ROLE))


@pytest.mark.parametrize("answer", [b"", b"[", b'{"items": 5}', b'{"items": {"a": 1}}', b'"items"', b"[" * 100_000])
def test_an_answer_without_the_list_is_told(rest_api, answer):
    always(rest_api, Reply(200, raw=answer))
    connector = webhook(rest_api, holders_path="/m", holders_pointer="/items")
    with pytest.raises(ConnectorError, match=r"no list at “/items”|did not answer with JSON"):
        list(connector.holders(ROLE))


@pytest.mark.parametrize("value", [1, "true", None, []])
def test_only_true_and_false_are_taken_for_an_answer(rest_api, person, value):
    always(rest_api, Reply(200, {"member": value}))
    with pytest.raises(ConnectorError, match="no true or false"):
        webhook(rest_api, read_path="/m", read_by="boolean", read_pointer="/member").read(person, ROLE)


def test_what_was_given_by_an_earlier_name_is_seen_and_taken_by_it(rest_api, person):
    rest_api.roles["keepers"] = []
    by_name = "/roles/{role.id}/members/{person.username}"
    paths = {"grant_path": by_name, "revoke_path": by_name, "revoke_already": "404", "read_path": by_name}
    connector = webhook(rest_api, **paths, read_by="boolean", read_pointer="/member")
    connector.grant(person, ROLE, key="k")
    User.objects.filter(pk=person.pk).update(username="ada.king", email="ada.king@example.com")
    person.refresh_from_db()
    assert connector.read(person, ROLE)
    connector.revoke(person, ROLE, key="k")
    assert rest_api.roles["keepers"] == []


# --- Accounts ---------------------------------------------------------------------------------------------------------

BY_ACCOUNT = {
    "grant_path": "/roles/{role.id}/members/{account}",
    "revoke_path": "/roles/{role.id}/members/{account}",
    "create_path": "/accounts",
    "create_body": '{"login": "{person.username}"}',
}


def test_an_account_is_created_for_the_first_grant_and_kept(rest_api, person):
    rest_api.roles["keepers"] = []
    connector = webhook(rest_api, **BY_ACCOUNT)
    assert connector.revoke(person, ROLE, key="k") is Progress.DONE
    assert rest_api.sent == []
    for _ in range(2):
        connector.grant(person, ROLE, key="k")
    assert rest_api.roles["keepers"] == [rest_api.accounts["ada"]] == [Account.objects.get().external_id]
    assert [sent.method for sent in rest_api.sent] == ["POST", "PUT", "PUT"]


def test_an_account_that_is_gone_is_made_anew(rest_api, person):
    connector = webhook(rest_api, **BY_ACCOUNT)
    Account.objects.create(connector=connector.row, person=person, external_id="gone")
    rest_api.override = lambda sent: Reply(404) if sent.path[-1] == "gone" else None
    rest_api.roles["keepers"] = []
    with pytest.raises(ConnectorError, match="does not know"):
        connector.grant(person, ROLE, key="k")
    connector.grant(person, ROLE, key="k")
    assert rest_api.roles["keepers"] == [rest_api.accounts["ada"]]


def test_an_account_that_is_only_supposed_is_read_and_taken_from_and_confirmed_before_it_is_given_to(rest_api, person):
    reading = {"read_path": BY_ACCOUNT["grant_path"], "read_by": "boolean", "read_pointer": "/member"}
    connector = webhook(rest_api, **BY_ACCOUNT, **reading, create_already="409")
    rest_api.accounts["ada"] = "107"
    rest_api.roles["keepers"] = ["107"]
    Account.objects.create(connector=connector.row, person=person, external_id="107", is_supposed=True)
    assert connector.read(person, ROLE)
    connector.revoke(person, ROLE, key="k")
    assert rest_api.roles["keepers"] == []
    assert not connector.read(person, ROLE)
    connector.grant(person, ROLE, key="k")
    assert [sent.method for sent in rest_api.sent[-2:]] == ["POST", "PUT"]
    assert not Account.objects.get().is_supposed


def test_an_account_never_serves_two_people(rest_api, person):
    rest_api.roles["keepers"] = []
    connector = webhook(rest_api, **BY_ACCOUNT, create_already="409")
    connector.grant(person, ROLE, key="k")
    User.objects.filter(pk=person.pk).update(username="ada.married")
    newcomer = User.objects.create(username="ada", email="new@example.com")
    with pytest.raises(ConnectorError, match="belongs to somebody else than ada already"):
        connector.grant(newcomer, ROLE, key="k")
    assert Account.objects.get().person == person


# --- Delivered --------------------------------------------------------------------------------------------------------


def deliver(connector: Webhook, person: User) -> Grant:
    """Have the person be given a role through the connector, as an approved request would."""
    resource = Resource.objects.create(system=connector.row.system, kind="application", origin_id="ledger", name="L")
    role = ResourceRole.objects.create(resource=resource, origin_id="keepers", name="Keepers")
    [grant] = actions.provide([Reason(person, role, uuid4(), uuid4())], now=NOW)
    perform_all_due(now=NOW)
    grant.refresh_from_db()
    return grant


def test_what_cannot_be_read_back_is_delivered_and_what_can_is_verified(rest_api, person):
    rest_api.roles["keepers"] = []
    assert deliver(webhook(rest_api), person).status == GrantStatus.DELIVERED
    rest_api.roles["keepers"] = []
    members = "/roles/{role.id}/members/{person.username}"
    reading = webhook(rest_api, read_path=members, read_by="boolean", read_pointer="/member")
    assert deliver(reading, person).status == GrantStatus.VERIFIED


def test_a_target_that_says_done_and_does_nothing_is_not_believed(rest_api, person):
    rest_api.override = lambda sent: Reply(200, {"member": False})
    grant = deliver(webhook(rest_api, read_path="/m", read_by="boolean", read_pointer="/member"), person)
    assert grant.status == GrantStatus.FAILED
    assert "does not show it" in grant.last_error


def test_a_target_that_asks_us_to_slow_down_is_left_alone_that_long(rest_api, person):
    always(rest_api, Reply(429, headers={"Retry-After": "120"}))
    connector = webhook(rest_api)
    deliver(connector, person)
    connector.row.refresh_from_db()
    assert connector.row.held_until == NOW + timedelta(seconds=120)
    perform_all_due(now=NOW + timedelta(seconds=119))
    assert len(rest_api.sent) == 1
    always(rest_api, Reply(204))
    perform_all_due(now=NOW + timedelta(seconds=121))
    assert [sent.headers["idempotency-key"] for sent in rest_api.sent] == [rest_api.sent[0].headers["webhook-id"]] * 2


# --- The test of the connection ---------------------------------------------------------------------------------------


def test_the_test_lists_the_resources_where_that_is_configured(rest_api):
    options = {"discover_path": "/roles", "discover_pointer": "/resources"}
    assert webhook(rest_api, **options).check() == "a list of 1 resource"
    assert "404" in webhook(rest_api).check()
    rest_api.token = "another"
    with pytest.raises(ConnectorError, match="refused our token"):
        webhook(rest_api, **options, authentication="header").check()


def test_a_web_page_at_the_address_is_not_taken_for_an_api(rest_api):
    always(rest_api, Reply(200, headers={"content-type": "text/html"}, raw=b"<h1>Sign in</h1>"))
    assert "a web page, with status 200" in webhook(rest_api).check()


# --- The form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("grant_path", "/x/{person.password}", r"\{person.password\} is not known here"),
        ("grant_path", "/x/{person.username.__class__}", "is not known here"),
        ("grant_path", "/x/{0}", "brace"),
        ("grant_path", "https://elsewhere.example/x", "below the connector's address"),
        ("grant_path", "/a/../b", "upwards"),
        ("grant_path", "", "required"),
        ("grant_body", '{"id": {person.id}}', "Line 1: this is not JSON"),
        ("grant_body", '{"{person.id}": 1}', "not in names"),
        ("grant_body", '{"a": ["{secret}"]}', r"\{secret\} is not known here"),
        ("grant_headers", "Authorization: Bearer x", "entered as secrets"),
        ("grant_headers", "no colon", "Line 1"),
        ("grant_success", "200, ok", "“ok” is no HTTP status"),
        ("holders_path", "/x/{person.id}", "is not known here"),
        ("read_pointer", "member", "is no JSON pointer"),
        ("grant_path", "/x/{account}", "fill in that call too"),
        ("auth_header", "X Key", "no name of a header"),
    ],
)
def test_the_form_says_what_is_wrong(field, text, says):
    with pytest.raises(ValidationError, match=says):
        Webhook.clean_options({**CHANGES, field: text})


def test_what_the_form_keeps_fits_into_json():
    kept = Webhook.clean_options(CHANGES)
    assert json.loads(json.dumps(kept)) == kept
    assert kept["grant_success"] == "200-299"


# --- Pointers, statuses, templates ------------------------------------------------------------------------------------

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7, 'k"l': 6}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", DOCUMENT), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/ ", 7), ('/k"l', 6)],
)
def test_pointers_lead_where_rfc_6901_says(pointer, found):
    assert pointers.is_pointer(pointer)
    assert pointers.look_up(DOCUMENT, pointer) == found


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/none", "/a/b"])
def test_pointers_to_nothing_find_nothing(pointer):
    with pytest.raises(LookupError):
        pointers.look_up(DOCUMENT, pointer)


def test_statuses_are_single_ones_and_ranges():
    assert statuses("200-202, 409") == {200, 201, 202, 409}
    assert statuses("") == frozenset()


def test_a_value_that_looks_like_a_placeholder_is_not_replaced_again():
    values = {"person.username": "{key}", "key": "secret"}
    assert templates.in_body('["{person.username}"]', values) == b'["{key}"]'
    assert templates.in_path("/{person.username}", values) == "/%7Bkey%7D"
