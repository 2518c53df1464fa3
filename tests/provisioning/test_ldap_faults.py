"""What can go wrong between the LDAP connector and its server, and what is said then."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import ldap3
import pytest
from django.core.exceptions import ValidationError

from provisioning.connectors import base
from provisioning.connectors.base import Entitlement, GoneError
from provisioning.connectors.ldap import LdapDirectory
from provisioning.connectors.ldap_errors import not_let_in
from provisioning.connectors.ldap_wire import PAGED, Entry

from .certificates import Authority
from .ldap_cast import NOBODY, make_person, options_for, said
from .scim_server import answering
from .slapd import LIMITED, READER, SUFFIX

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("what is said to a directory")]


def outage(connector: LdapDirectory) -> str:
    """What the test of the connection and a change say alike."""
    errors = [said(connector.check), said(connector.read, make_person("eve"), Entitlement("1", "member", "Sales"))]
    assert str(errors[0]) == str(errors[1])
    assert all(error.is_outage for error in errors)
    return str(errors[0])


@contextmanager
def presenting(certificate, key):
    """The address of a server that gets no further than showing its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering_tls(context) as port:
        yield f"ldaps://localhost:{port}"


@contextmanager
def answering_tls(context):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                    with context.wrap_socket(connection, server_side=True):
                        pass
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()


# --- Getting there ----------------------------------------------------------------------------------------------------


def test_the_test_of_the_connection_says_what_answered(connect, branch, group, ada):
    assert connect().check().startswith(f"OpenLDAP at {branch.server.tls}, TLS 1.3 with a certificate until ")
    assert connect().check().endswith(", 1 group, people found")


def test_the_test_of_the_connection_says_that_nobody_is_there(corp):
    assert corp.check().endswith(", 0 groups, but nobody below the base of the people: check the filter")


def test_start_tls_is_used_on_ldap_addresses(connect, branch, ada):
    assert f"OpenLDAP at {branch.server.plain}, TLS 1.3 with" in connect(servers=branch.server.plain).check()


def test_nothing_is_said_in_clear_unless_that_is_allowed(connect, branch):
    assert "NOT ENCRYPTED" in connect(servers=branch.server.plain, allows_plain=True).check()


def test_a_server_without_start_tls_gets_no_password(connect, monkeypatch):
    monkeypatch.setattr(ldap3.Server, "_message_counter", 0)
    refusal = bytes.fromhex("300c02010178070a010204000400")  # to the first message: an extended response, protocolError
    with answering(refusal) as url:
        error = said(connect(servers=f"ldap://127.0.0.1:{urlsplit(url).port}").check)
    assert error.is_outage
    assert "does not offer StartTLS" in str(error)
    assert str(error).endswith("The password is not sent in clear.")


def test_a_server_that_is_down(connect):
    words = outage(connect(servers="ldaps://127.0.0.1:9"))
    assert words.startswith("Corp cannot be reached at ldaps://127.0.0.1:9 (")
    assert words.endswith("check that it runs, and the address in its connector.")


def test_pages_that_lead_in_a_circle_end_in_an_error(corp, group, monkeypatch):
    call = corp.session._call

    def first_page_again(method, *given, **named):
        named["paged_cookie"] = b""
        result, found = call(method, *given, **named)
        return {**result, "controls": {PAGED: {"value": {"cookie": b"the same for ever"}}}}, found

    monkeypatch.setattr(corp.session, "_call", first_page_again)
    error = said(lambda: list(corp.discover()))
    assert "again and again: nothing of it can be trusted" in str(error)
    assert not error.is_outage


def test_ranges_that_lead_in_a_circle_end_in_an_error(corp, group, role, monkeypatch):
    same = Entry(group, {"member;range=0-1": [b"cn=one", b"cn=two"]})
    monkeypatch.setattr(corp.session, "search", lambda *_given, **_named: iter([same]))
    assert "again and again" in str(said(lambda: list(corp.groups.values(role))))


def test_a_host_that_nobody_knows(connect):
    words = outage(connect(servers="ldaps://ldap.invalid"))
    assert words == "The host name in ldaps://ldap.invalid is not known: correct the address of Corp in its connector."


def test_the_next_server_is_tried_where_one_is_down(connect, branch, group, ada, role):
    corp = connect(servers=f"ldaps://127.0.0.1:9\n{branch.server.tls}")
    corp.grant(ada, role, key="k")
    assert corp.session.address == branch.server.tls


def test_a_port_that_does_not_speak_tls(connect, branch):
    words = outage(connect(servers=f"ldaps://localhost:{branch.server.plain_port}"))
    assert "The encrypted connection with Corp" in words
    assert "check whether that port speaks TLS" in words


def test_a_certificate_that_has_expired(connect, branch):
    certificate = branch.server.authority.issue("localhost", days=-1)
    with presenting(*certificate) as address:
        assert outage(connect(servers=address)) == (
            f"The certificate of Corp at {address} has expired: have it renewed there."
        )


def test_a_certificate_for_another_name(connect, branch):
    address = branch.server.tls.replace("localhost", "127.0.0.1")
    assert outage(connect(servers=address)).startswith(f"The certificate of Corp at {address} is not made out to 127.")


@pytest.mark.parametrize("scheme", ["tls", "plain"])
def test_a_certificate_of_an_unknown_authority(connect, branch, tmp_path, scheme):
    corp = connect(servers=getattr(branch.server, scheme), ca_certificate=Authority(tmp_path, name="Other").pem)
    assert "is signed by nobody that we trust" in outage(corp)


@pytest.mark.parametrize(
    ("parts", "pause"),
    [((b"",), 3), ((b"0\x82\x10\x00", *[b"\x02"] * 200), 0.05)],
    ids=["says nothing", "trickles"],
)
def test_a_server_that_is_slow(connect, monkeypatch, parts, pause):
    monkeypatch.setattr(base, "TIMEOUT", 0.5)
    with answering(*parts, pause=pause) as url:
        corp = connect(servers=f"ldap://127.0.0.1:{urlsplit(url).port}", allows_plain=True)
        started = time.monotonic()
        assert "did not answer in time" in str(said(corp.check))
        assert time.monotonic() - started < 1.9


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n<h1>Hello</h1>", b"\x00" * 50, b"0\x03\x02\x01\x01"]
)
def test_an_answer_that_is_no_ldap(connect, monkeypatch, answer):
    monkeypatch.setattr(base, "TIMEOUT", 0.5)
    with answering(answer) as url:
        error = said(connect(servers=f"ldap://127.0.0.1:{urlsplit(url).port}", allows_plain=True).check)
    assert error.is_outage


def test_one_connection_serves_a_whole_block(connect, group, ada, role, monkeypatch):
    with connect() as corp:
        opened, really = [], corp.session._open

        def counted(address):
            opened.append(address)
            return really(address)

        monkeypatch.setattr(corp.session, "_open", counted)
        corp.grant(ada, role, key="k")
        corp.read(ada, role)
        corp.check()
        assert len(opened) == 1


def test_a_server_that_dies_is_an_outage_and_served_when_it_is_back(connect, branch, group, ada, role):
    corp = connect()
    corp.grant(ada, role, key="k")
    branch.server.kill()
    try:
        assert said(corp.read, ada, role).is_outage
        assert said(corp.read, ada, role).is_outage
    finally:
        branch.server.start()
    assert corp.read(ada, role)


# --- Being let in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"secret": "wrong"}, {"bind_dn": f"cn=nobody-such,{SUFFIX}"}])
def test_a_wrong_password_or_account(connect, changes):
    words = outage(connect(**changes))
    assert words.startswith("Corp refused our account cn=")
    assert words.endswith("check its name and password in the connector.")


def test_a_wrong_password_is_not_tried_at_every_server(connect, branch):
    corp = connect(secret="wrong", servers=f"{branch.server.tls}\n{branch.server.plain}")
    assert "refused our account" in outage(corp)
    assert corp.session.address == branch.server.tls


def test_an_account_that_is_no_dn(connect):
    assert "for the name of an account: enter its whole DN" in outage(connect(bind_dn="accessgov"))


def test_no_password_is_never_tried(connect):
    assert (
        outage(connect(secret="")) == "Corp has no password: enter that of our account as the secret of its connector."
    )


def test_the_reasons_that_active_directory_hides_are_told():
    message = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 532, v4563"
    assert "(the password has expired)" in str(not_let_in(49, message, bind_dn="svc@corp.example", system="Corp"))


# --- Asking for what is not there, or not allowed ---------------------------------------------------------------------


@pytest.mark.parametrize("which", ["people_base", "groups_base"])
def test_a_wrong_base(connect, branch, which):
    words = str(said(connect(**{which: f"ou=nowhere,{branch.dn}"}).check))
    assert words.startswith(f"Corp has nothing at ou=nowhere,{branch.dn}, or does not show it to our account: ")


def test_a_wrong_base_of_the_people_is_no_missing_account(connect, branch, ada, role):
    assert said(connect(people_base=f"ou=nowhere,{branch.dn}").read, ada, role).is_outage


def test_a_group_that_vanished(corp, branch, group, ada, role):
    corp.grant(ada, role, key="k")
    branch.delete(group)
    for error in (said(corp.grant, ada, role, key="k"), said(corp.revoke, ada, role, key="k")):
        assert str(error).startswith("The group behind Member of Sales is not in Corp any more: nothing below ")
        assert isinstance(error, GoneError)
        assert not error.is_outage


def test_an_account_that_may_only_read(connect, branch, group, ada, role):
    corp = connect(bind_dn=READER)
    assert not corp.read(ada, role)
    error = said(corp.grant, ada, role, key="k")
    words = f"Corp does not let our account do this to {group} (50 insufficient access): give it the right to."
    assert str(error) == words
    assert not error.is_outage


def test_a_limit_on_the_number_of_entries(connect, branch):
    for name in "abcde":
        branch.add_group(name, NOBODY)
    words = str(said(lambda: list(connect(bind_dn=LIMITED).discover())))
    assert words.startswith(f"Corp does not give all that was asked for at {branch.groups} (")
    assert words.endswith("choose a smaller page size, or raise the limits of our account there.")


def test_other_servers_are_not_asked(connect, branch, group, ada):
    elsewhere = f"ou=elsewhere,{branch.groups}"
    manage = [("2.16.840.1.113730.3.4.2", True, None)]
    classes = ["referral", "extensibleObject"]
    branch.raw.add(elsewhere, classes, {"ref": "ldap://evil.example.com/dc=evil"}, controls=manage)
    assert [resource.name for resource in connect().discover()] == ["sales"]
    words = outage(connect(groups_base=f"ou=below,{elsewhere}"))
    assert "sends us to another server" in words
    assert "ldap://evil.example.com/" in words


def test_an_attribute_that_the_server_does_not_know(connect, group, ada, role):
    error = said(connect(member_attribute="memberWho").grant, ada, role, key="k")
    assert str(error).startswith(f"Corp does not know an attribute that is used at {group} (17 undefined attribute")


def test_an_account_without_the_value_that_stands_in_groups(connect, group, ada, role):
    error = said(connect(member_attribute="memberUid", member_value="employeeNumber").grant, ada, role, key="k")
    assert str(error).endswith(" in Corp has no employeeNumber: give it one there.")


# --- Options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"servers": "dc1.example.com"}, "servers", "dc1.example.com is no address of an LDAP server"),
        ({"servers": "https://dc1.example.com"}, "servers", "is no address of an LDAP server"),
        ({"servers": "ldaps://dc1:99999"}, "servers", "is no address of an LDAP server"),
        ({"servers": "ldaps://a ldaps://b ldaps://c ldaps://d"}, "servers", "No more than 3 servers."),
        ({"ca_certificate": "-----BEGIN nothing"}, "ca_certificate", "That is no certificate"),
        ({"people_base": "people"}, "people_base", "That is no DN"),
        ({"people_filter": "(objectClass=person"}, "people_filter", "That is no filter"),
        ({"person_attribute": "uid=*)(x"}, "person_attribute", "That is no name of an attribute"),
        ({"placeholder": "nobody"}, "placeholder", "That is no DN"),
        ({"page_size": 0}, "page_size", "greater than or equal to 10"),
        ({"account_dn": "uid=ada,dc=example"}, "account_dn", "every account would have the same DN"),
        ({"account_dn": "uid={user},dc=example"}, "account_dn", "{user} is not known: there is {username}"),
        ({"account_dn": "uid={username,dc=example"}, "account_dn", "A brace is not closed"),
        ({"account_dn": "uid={username}"}, "account_attributes", "needs a line with its objectClass"),
        ({"account_attributes": "cn {name}"}, "account_attributes", "Write each line like cn: {name}"),
        ({"disable_by": "attribute"}, "disable_attribute", "Say which attribute"),
    ],
)
def test_options_that_cannot_be_right_are_refused_where_they_stand(branch, options, field, words):
    with pytest.raises(ValidationError) as caught:
        LdapDirectory.clean_options(options_for(branch) | options)
    assert words in str(caught.value.message_dict[field])
