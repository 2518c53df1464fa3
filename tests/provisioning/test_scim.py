"""The SCIM connector against a real server, and against servers that misbehave."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catalog.models import TargetSystem
from directory.models import User
from provisioning.connectors import base, scim, scim_wire
from provisioning.connectors.base import ConnectorError, Entitlement, GoneError, PartlyReadError, Progress
from provisioning.connectors.conformance_wire import Answer, Fault, FaultyWire, works
from provisioning.connectors.scim import ScimApplication
from provisioning.models import Account, Connector, ConnectorKind

from .scim_server import GROUP, ScimServer, answering, http, listening, running_scim_server

pytestmark = pytest.mark.django_db

ERROR = '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "%s", "detail": "%s"}'
_numbers = count()


@pytest.fixture
def system() -> TargetSystem:
    return TargetSystem.objects.create(name="Ledger", slug="ledger")


@pytest.fixture
def person() -> User:
    return make_person(f"ada.{next(_numbers)}")


@pytest.fixture
def application(system: TargetSystem, scim_server: ScimServer) -> ScimApplication:
    return connect(system, scim_server.base_url, token=scim_server.token)


@pytest.fixture
def role(scim_server: ScimServer) -> Entitlement:
    return entitlement(scim_server.create_group("Bookkeepers"))


def make_person(username: str) -> User:
    return User.objects.create(
        username=username,
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.com",
        job_title="Analyst",
    )


def connect(system: TargetSystem, base_url: str, *, token: str = "any") -> ScimApplication:
    row = Connector(system=system, kind=ConnectorKind.SCIM, base_url=base_url)
    row.set_secret(token)
    row.save()
    return ScimApplication(row)


def entitlement(group_id: str) -> Entitlement:
    return Entitlement(resource_id="ledger", role_id=group_id, name="Bookkeepers of Ledger")


def accounts_named(server: ScimServer, username: str) -> list[str]:
    return [user["id"] for user in server.users() if user["userName"].casefold() == username.casefold()]


# --- What it is for ---------------------------------------------------------------------------------------------------


def test_grant_read_and_revoke_may_each_be_done_twice(application, person, role, scim_server):
    assert not application.read(person, role)
    for _ in range(2):
        application.grant(person, role, key="k")
        assert application.read(person, role)
        assert scim_server.members(role.role_id) == {person.username}
        assert len(scim_server.member_ids(role.role_id)) == 1
    for _ in range(2):
        application.revoke(person, role, key="k")
        assert not application.read(person, role)
        assert scim_server.members(role.role_id) == set()
    assert len(accounts_named(scim_server, person.username)) == 1


def test_one_member_comes_and_goes_without_the_others(application, person, role, scim_server):
    other = make_person("grace")
    for each in (person, other):
        application.grant(each, role, key="k")
    assert scim_server.members(role.role_id) == {person.username, "grace"}
    application.revoke(person, role, key="k")
    assert scim_server.members(role.role_id) == {"grace"}


def test_a_created_account_says_who_it_is(application, person, role, scim_server):
    application.grant(person, role, key="k")
    [account_id] = accounts_named(scim_server, person.username)
    account = scim_server.call("GET", f"/Users/{account_id}")
    assert account["externalId"] == str(person.pk)
    assert account["name"] == {"formatted": "Ada Lovelace", "givenName": "Ada", "familyName": "Lovelace"}
    assert account["displayName"] == "Ada Lovelace"
    assert account["title"] == "Analyst"
    assert account["active"] is True
    assert [email["value"] for email in account["emails"]] == ["ada@example.com"]
    assert Account.objects.get(person=person).external_id == account_id


def test_reading_and_revoking_create_no_account(application, person, role, scim_server):
    assert application.read(person, role) is False
    application.revoke(person, role, key="k")
    assert accounts_named(scim_server, person.username) == []
    assert not Account.objects.exists()


@pytest.mark.parametrize("change", [str, str.upper])
def test_an_account_that_is_there_is_matched_and_not_doubled(application, person, role, scim_server, change):
    account_id = scim_server.create_user(change(person.username))
    scim_server.add_member(role.role_id, account_id)
    assert application.read(person, role)
    application.grant(person, role, key="k")
    assert accounts_named(scim_server, person.username) == [account_id]
    assert scim_server.member_ids(role.role_id) == [account_id]


def test_what_others_change_in_the_target_is_seen(application, person, role, scim_server):
    application.grant(person, role, key="k")
    scim_server.remove_member(role.role_id, Account.objects.get().external_id)
    assert not application.read(person, role)


@pytest.mark.parametrize(
    "name", ['quo"te', "back\\slash", "ünï.çødé", "o'neil", 'x" or userName pr or userName eq "', "张伟"]
)
def test_odd_user_names(application, role, scim_server, name):
    scim_server.create_user(f"bystander.{next(_numbers)}")
    person = make_person(name)
    application.grant(person, role, key="k")
    Account.objects.all().delete()
    assert application.read(person, role)
    application.grant(person, role, key="k")
    assert scim_server.members(role.role_id) == {name}
    assert len(accounts_named(scim_server, name)) == 1


def test_an_account_deleted_in_the_target_is_made_anew(application, person, role, scim_server):
    application.grant(person, role, key="k")
    gone = Account.objects.get().external_id
    scim_server.delete_user(gone)
    application.close()  # what was seen counts as long as the connection
    assert not application.read(person, role)
    assert not Account.objects.exists()
    application.grant(person, role, key="k")
    assert application.read(person, role)
    assert Account.objects.get().external_id != gone


def test_an_account_replaced_in_the_target_is_found_again(application, person, role, scim_server):
    application.grant(person, role, key="k")
    scim_server.delete_user(Account.objects.get().external_id)
    fresh = scim_server.create_user(person.username)
    scim_server.add_member(role.role_id, fresh)
    application.close()
    assert application.read(person, role)
    assert Account.objects.get().external_id == fresh


def test_an_account_never_serves_two_people(application, person, role, scim_server):
    application.grant(person, role, key="k")
    newcomer = make_person("newcomer")
    User.objects.filter(pk=person.pk).update(username=f"{person.username}.married")
    User.objects.filter(pk=newcomer.pk).update(username=person.username)
    newcomer.refresh_from_db()
    assert not application.read(newcomer, role)
    with pytest.raises(ConnectorError, match="belongs to somebody else than"):
        application.grant(newcomer, role, key="k")
    application.revoke(newcomer, role, key="k")
    for call in (application.read_account, application.disable_account):
        with pytest.raises(ConnectorError, match="belongs to somebody else than"):
            call(newcomer)
    assert Account.objects.get().person == person
    assert application.read(User.objects.get(pk=person.pk), role)
    assert len(scim_server.member_ids(role.role_id)) == 1


def test_check_counts_the_groups(system, tmp_path):
    with running_scim_server(tmp_path / "check.sqlite3") as server:
        application = connect(system, server.base_url, token=server.token)
        assert application.check() == "SCIM 2.0, 0 groups"
        server.create_group("One")
        assert application.check() == "SCIM 2.0, 1 group"
        server.create_group("Two")
        assert application.check() == "SCIM 2.0, 2 groups"


def test_the_demo_application_keeps_everything_through_a_kill(system, person, tmp_path: Path):
    with running_scim_server(tmp_path / "kept.sqlite3") as server:
        role = entitlement(server.create_group("Bookkeepers"))
        application = connect(system, server.base_url, token=server.token)
        application.grant(person, role, key="k")
        server.kill()
        with pytest.raises(ConnectorError, match="cannot be reached"):
            application.read(person, role)
        server.start(groups="Bookkeepers,Auditors")
        assert application.read(person, role)
        assert server.members(role.role_id) == {person.username}
        assert application.check() == "SCIM 2.0, 2 groups"


# --- Many at once -----------------------------------------------------------------------------------------------------


def keys(people: list[User]) -> dict[UUID, str]:
    return {person.pk: str(person.pk) for person in people}


@contextmanager
def wired(system: TargetSystem, server: ScimServer) -> Iterator[tuple[ScimApplication, FaultyWire]]:
    """An application behind a wire that goes wrong as the test says."""
    with FaultyWire(server.base_url) as wire, connect(system, wire.url, token=server.token) as application:
        yield application, wire


def refuses(what: str) -> Fault:
    refused = Answer(400, (ERROR % (400, "No such filter.")).encode(), {"Content-Type": "application/scim+json"})
    return lambda request: refused if what in request.target else request.forward()


def test_one_who_cannot_be_looked_up_concerns_nobody_else(system, role, scim_server):
    people = [make_person(f"one.of.many.{next(_numbers)}") for _ in range(3)]
    bad = people[1]
    with wired(system, scim_server) as (application, wire):
        application.grant(people[0], role, key="k")
        wire.goes_wrong(refuses(bad.username))
        with pytest.raises(PartlyReadError, match="No such filter") as partly:
            application.read_many(people, role)
        assert (partly.value.held, set(partly.value.errors)) == ({people[0].pk}, {bad.pk})
        outcomes = application.grant_many(people, role, keys=keys(people))
        assert [outcomes[p.pk] for p in people[::2]] == [Progress.DONE] * 2
        assert "No such filter" in str(outcomes[bad.pk])
        outcomes = application.revoke_many(people, role, keys=keys(people))
        assert "No such filter" in str(outcomes[bad.pk])
    assert scim_server.members(role.role_id) == set()


def test_a_slow_application_is_asked_for_many_at_once_and_whoever_is_not_reached_is_told(
    system, role, scim_server, monkeypatch
):
    people = [make_person(f"one.of.many.{next(_numbers)}") for _ in range(6)]
    with wired(system, scim_server) as (application, wire):
        for person in people:
            application.create_account(person)
        monkeypatch.setattr(scim, "SLOW", -1.0)
        application.close()
        wire.goes_wrong(works)
        assert application.read_many(people, role) == set()
        assert wire.count == 2, "the group, and all users"
        monkeypatch.setattr(scim, "AT_ONCE", -1.0)
        application.close()
        wire.goes_wrong(refuses("+or+"))
        with pytest.raises(PartlyReadError, match="not everybody's account was looked up in time") as partly:
            application.read_many(people, role)
        assert len(partly.value.errors) == 5


# --- Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [works, refuses("+or+")])
def test_holders_whom_we_do_not_know_come_with_their_names(system, person, role, scim_server, fault):
    strangers = {name: scim_server.create_user(name) for name in (f"rita.{next(_numbers)}", f"sue.{next(_numbers)}")}
    for user in strangers.values():
        scim_server.add_member(role.role_id, user)
    with wired(system, scim_server) as (application, wire):
        application.grant(person, role, key="k")
        wire.goes_wrong(fault)
        found = {holder.account_id: holder.name for holder in application.holders(role)}
    ours = Account.objects.get().external_id
    assert found == {ours: ""} | {user: name for name, user in strangers.items()}


def test_a_group_within_the_group_holds_nothing_itself(system, role, scim_server):
    inner = [scim_server.create_group("Inner") for _ in range(2)]
    user = scim_server.create_user(f"somebody.{next(_numbers)}")
    members = [{"value": inner[0], "type": "Group"}, {"value": inner[1]}, {"value": user}]
    shown = {"schemas": [GROUP], "id": role.role_id, "displayName": "Bookkeepers", "members": members}
    with wired(system, scim_server) as (application, wire):
        wire.goes_wrong(
            lambda request: (
                Answer(200, json.dumps(shown).encode(), {"Content-Type": "application/scim+json"})
                if request.path.endswith(role.role_id)
                else request.forward()
            )
        )
        assert [holder.account_id for holder in application.holders(role)] == [user]


def test_a_list_of_groups_that_is_shorter_than_it_says_is_no_list(system):
    group = '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "1", "displayName": "Sellers"}'
    body = '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 3, "Resources": [%s]}'
    short = pytest.raises(ConnectorError, match="tells of 3 groups and lists 1")
    with answering(http("200 OK", body=body % group)) as base_url, short as told:
        list(connect(system, base_url).discover())
    assert not told.value.is_outage


# --- What can go wrong ------------------------------------------------------------------------------------------------


def calls_of(application: ScimApplication):
    return application.read, partial(application.grant, key="k"), partial(application.revoke, key="k")


def every_call_fails(application: ScimApplication, person: User, role: Entitlement) -> list[ConnectorError]:
    errors = []
    for call in calls_of(application):
        with pytest.raises(ConnectorError) as caught:
            call(person, role)
        errors.append(caught.value)
    with pytest.raises(ConnectorError) as caught:
        application.check()
    return [*errors, caught.value]


def test_a_target_that_is_down(system, person):
    with answering() as base_url:
        pass
    for error in every_call_fails(connect(system, base_url), person, entitlement("1")):
        assert str(error).startswith("Ledger cannot be reached (Connection refused): check that it runs")
        assert error.retry_after is None


@pytest.mark.parametrize("parts", [(b"",), (http("200 OK", body=" " * 200).rstrip(b" "), *[b" "] * 200)])
def test_a_target_that_is_slow_to_answer_or_slow_in_answering(system, person, monkeypatch, parts):
    monkeypatch.setattr(base, "TIMEOUT", 0.5)
    with answering(*parts, pause=2 if parts == (b"",) else 0.05) as base_url:
        started = time.monotonic()
        with pytest.raises(ConnectorError, match=r"^Ledger did not answer in time\.$"):
            connect(system, base_url).read(person, entitlement("1"))
        assert time.monotonic() - started < 1.9


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("500 Oops", body="<h1>Oops</h1>", kind="text/html"), "Ledger has a fault of its own (500: "),
        (http("503 Later", body=ERROR % (503, "Busy.")), "Ledger has a fault of its own (503: Busy.)."),
        (http("403 No", body=ERROR % (403, "No.")), "Ledger does not allow our token to do this"),
        (http("400 Bad", body=ERROR % (400, "No such filter.")), "Ledger refused the request (400: No such filter.)."),
        (http("404 Gone", body="<h1>?</h1>", kind="text/html"), "Ledger knows nothing at this address (404)"),
        (http("302 Found", "Location: https://example.com/"), "Ledger answers from another address (302)"),
        (http("200 OK", body="<h1>Hello</h1>", kind="text/html"), "Ledger did not answer as SCIM 2.0 does ("),
        (http("200 OK", body="[1]"), "Ledger did not answer as SCIM 2.0 does ("),
        (http("200 OK", body='{"schemas": ["urn:x"]}'), "Ledger did not answer as SCIM 2.0 does ("),
        (b"nonsense\r\n\r\n", "Ledger cannot be reached ("),
    ],
)
def test_answers_that_are_no_answer(system, person, answer, words):
    with answering(answer) as base_url:
        for error in every_call_fails(connect(system, base_url), person, entitlement("1")):
            assert str(error).startswith(words)
            assert error.retry_after is None
    assert not Account.objects.exists()


@pytest.mark.parametrize("status", ["400 Bad", "500 Oops", "200 OK"])
def test_a_target_that_echoes_our_token_does_not_bring_it_into_a_sentence(system, person, status):
    told = ERROR % (int(status[:3]), "Who is the bearer of s3cret-token?")
    with answering(http(status, body=told)) as base_url:
        connector = connect(system, base_url, token="s3cret-token")
        for error in every_call_fails(connector, person, entitlement("1")):
            assert "s3cret" not in str(error)
            assert status == "200 OK" or "Who is the bearer of …?" in str(error)


@pytest.mark.parametrize("status", ["429 Slow down", "503 Later"])
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("Retry-After: 17", timedelta(seconds=17)),
        ("Retry-After: 99999999999999999999", timedelta(days=1)),
        ("Retry-After: Mon, 01 Jan 2001 00:00:00 GMT", timedelta()),
        ("Retry-After: soon", None),
        ("X-Nothing: here", None),
    ],
)
def test_the_wait_that_a_target_asks_for(system, person, status, header, wait):
    with answering(http(status, header, body="{}")) as base_url:
        for error in every_call_fails(connect(system, base_url), person, entitlement("1")):
            assert error.retry_after == wait
            assert ("slow down (429)" in str(error)) == status.startswith("429")


def test_the_wait_may_be_a_date(system):
    until = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    with (
        answering(http("429 Slow down", f"Retry-After: {until}", body=ERROR % (429, "Slow."))) as base_url,
        pytest.raises(ConnectorError) as caught,
    ):
        connect(system, base_url).check()
    assert caught.value.retry_after is not None
    assert timedelta(minutes=4, seconds=30) < caught.value.retry_after <= timedelta(minutes=5)


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_or_none(system, person, role, scim_server, token):
    application = connect(system, scim_server.base_url, token=token)
    for error in every_call_fails(application, person, role):
        assert str(error) == "Ledger refused our token: enter a new one in its connector."
    assert accounts_named(scim_server, person.username) == []


@pytest.mark.parametrize("token", ["töken-Ω-secret", "secret\n", "se\0secret"])
def test_a_malformed_token_is_in_no_message(system, person, scim_server, token):
    application = connect(system, scim_server.base_url, token=token)
    for error in every_call_fails(application, person, entitlement("1")):
        assert "secret" not in str(error)
        assert "enter it again" in str(error)


def test_a_token_that_no_key_opens_any_more(system, person, scim_server, settings):
    application = connect(system, scim_server.base_url, token="secret")
    settings.SECRET_KEY = "another-" * 8
    for error in every_call_fails(application, person, entitlement("1")):
        assert "enter it again" in str(error)


@pytest.mark.parametrize("base_url", ["", "ledger", "ftp://ledger/", "http://[", "http://no such host/"])
def test_an_address_that_is_none(system, person, base_url):
    every_call_fails(connect(system, base_url), person, entitlement("1"))


def test_a_group_that_is_gone(application, person, role, scim_server):
    application.grant(person, role, key="k")
    scim_server.delete_group(role.role_id)
    for call in calls_of(application):
        with pytest.raises(GoneError) as caught:
            call(person, role)
        assert str(caught.value) == "The group Bookkeepers of Ledger is not in Ledger any more."


def test_nobody_gets_an_account_for_a_group_that_never_was(application, person, scim_server):
    with pytest.raises(ConnectorError, match="not in Ledger any more"):
        application.grant(person, entitlement(str(uuid4())), key="k")
    assert accounts_named(scim_server, person.username) == []


def test_an_answer_of_404_without_scim_forgets_no_account(system, person):
    with answering(http("404 Not Found", body="<h1>?</h1>", kind="text/html")) as base_url:
        application = connect(system, base_url)
        Account.objects.create(connector=application.row, person=person, external_id="7")
        with pytest.raises(ConnectorError, match="check the address"):
            application.read(person, entitlement("1"))
    assert Account.objects.get().external_id == "7"


def test_a_target_that_answers_a_filter_with_everybody(system, person):
    everybody = (
        '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1, "Resources": '
        '[{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "somebody.else"}]}'
    )
    with answering(http("200 OK", body=everybody)) as base_url:
        assert connect(system, base_url).read(person, entitlement("1")) is False
    assert not Account.objects.exists()


def test_two_accounts_of_one_name_are_not_chosen_between(system, person):
    user = '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "%s", "userName": "%s"}'
    both = ", ".join(user % (number, person.username) for number in (1, 2))
    body = '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 2, "Resources": [%s]}'
    with (
        answering(http("200 OK", body=body % both)) as base_url,
        pytest.raises(ConnectorError, match=f"2 accounts named {person.username}"),
    ):
        connect(system, base_url).read(person, entitlement("1"))


def test_a_redirect_is_not_followed_so_the_token_stays_here(system, person, tmp_path):
    with listening() as (elsewhere, heard):
        answer = http("307 Elsewhere", f"Location: {elsewhere}")
        with answering(answer) as base_url:
            for error in every_call_fails(connect(system, base_url), person, entitlement("1")):
                assert "answers from another address (307)" in str(error)
    assert heard == []


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_answer_without_end_is_not_swallowed(system, person, monkeypatch, is_packed):
    monkeypatch.setattr(scim_wire, "LARGEST_ANSWER", 1_000_000)
    body = b'{"schemas": ["' + b"x" * 3_000_000
    if is_packed:
        body = gzip.compress(body)
        assert len(body) < 10_000
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nConnection: close\r\n"
    head += "Content-Encoding: gzip\r\n" if is_packed else ""
    too_long = pytest.raises(ConnectorError, match=r"Ledger cannot be reached \(The answer is too long")
    with answering(f"{head}\r\n".encode() + body) as base_url, too_long:
        connect(system, base_url).read(person, entitlement("1"))


def test_a_packed_answer_is_read(system):
    message = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "1", "displayName": "Sellers"}
    body = gzip.compress(json.dumps({"schemas": [message], "totalResults": 3, "Resources": [group]}).encode())
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
    with answering(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body) as base_url:
        assert connect(system, base_url).check() == "SCIM 2.0, 3 groups"
