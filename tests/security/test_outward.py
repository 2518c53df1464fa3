"""Calls to addresses that people entered reach nothing inside: checked where the connection is made."""

import ipaddress
import socket
import threading
import time

import pytest
from django.core.exceptions import ValidationError

from accessgov import outward, signatures
from tests.requests_app.extension_server import serving

INSIDE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]
OUTSIDE = ["1.1.1.1", "93.184.215.14", "172.15.0.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"]


@pytest.fixture
def nothing_permitted(settings):
    settings.CALLOUT_NETWORKS = []


@pytest.fixture
def names(monkeypatch):
    """Names that lead where the test says, one answer after the other; connections that are made are remembered."""
    answers: dict[str, list[list[str]]] = {}
    connected: list[tuple[str, int]] = []
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host in answers and not kwargs.get("flags"):
            found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]
        return real(host, port, *args, **kwargs)

    def create_connection(address, *args, **kwargs):
        connected.append(address)
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    return answers, connected


def post(url):
    return outward.post(url, body=b"{}", headers={})


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_is_called_however_its_address_is_written(nothing_permitted, names, address):
    answers, connected = names
    answers["innocent.example"] = [[address]]
    host = f"[{address}]" if ":" in address else address
    assert not outward.is_permitted(ipaddress.ip_address(address))
    for url in (f"https://{host}/hook", "https://innocent.example/hook"):
        with pytest.raises(outward.CallError, match="inside a network") as refused:
            post(url)
        assert refused.value.is_final
    assert connected == []


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is_called(nothing_permitted, address):
    assert outward.is_permitted(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "db.localhost", "LOCALHOST"]
)
def test_other_ways_to_write_the_loopback_are_seen_through(nothing_permitted, host):
    with pytest.raises(ValidationError, match="inside a network"):
        outward.check_url(f"https://{host}/")


def test_a_name_with_one_address_inside_is_not_called_at_all(nothing_permitted, names):
    answers, connected = names
    answers["two.example"] = [["1.1.1.1", "10.0.0.1"]]
    with pytest.raises(outward.CallError, match="inside a network"):
        post("https://two.example/")
    assert connected == []


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(nothing_permitted, names):
    """DNS rebinding: the first answer is public, all others lead inside."""
    answers, connected = names
    answers["fickle.example"] = [["1.1.1.1"], ["127.0.0.1"]]
    with pytest.raises(outward.CallError, match="cannot be reached"):
        post("https://fickle.example/")
    assert connected == [("1.1.1.1", 443)]


def test_a_redirect_is_not_followed():
    with serving() as inner, serving() as outer:
        outer.statuses, outer.headers = [302], {"Location": inner.url}
        with pytest.raises(outward.CallError, match="another address"):
            post(outer.url)
        assert len(outer.calls) == 1
        assert inner.calls == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/hook", "Only https"),
        ("http://1.1.1.1/hook", "Only https"),
        ("ftp://example.com/", "web address"),
        ("file:///etc/passwd", "web address"),
        ("example.com/hook", "web address"),
        ("https://", "web address"),
        ("https://example.com:port/", "web address"),
        ("https://[::1/", "web address"),
        ("https://user:secret@example.com/", "Leave out"),
        ("https://example.com/#part", "Leave out"),
    ],
)
def test_what_is_no_address_to_call_is_refused_when_it_is_entered(url, said):
    with pytest.raises(ValidationError, match=said):
        outward.check_url(url)


def test_without_encryption_only_within_this_machine_and_only_where_the_operator_permits_it(settings):
    outward.check_url("http://127.0.0.1:8000/hook")
    settings.CALLOUT_NETWORKS = []
    with pytest.raises(ValidationError, match="Only https"):
        outward.check_url("http://127.0.0.1:8000/hook")


def test_an_operator_can_permit_an_internal_network_and_no_more(settings):
    settings.CALLOUT_NETWORKS = [ipaddress.ip_network("10.20.0.0/16")]
    outward.check_url("https://10.20.1.1/hook")
    with pytest.raises(ValidationError, match="inside a network"):
        outward.check_url("https://10.21.1.1/hook")


def test_an_answer_that_trickles_in_is_given_up(monkeypatch):
    monkeypatch.setattr(outward, "TIMEOUT", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle():
        connection, _peer = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"H" if connection.fileno() else b"")
                    time.sleep(0.1)
            except OSError:
                return

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    began = time.monotonic()
    with pytest.raises(outward.CallError):
        post(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert time.monotonic() - began < 3
    listener.close()


def test_an_answer_without_end_is_not_read():
    listener = socket.create_server(("127.0.0.1", 0))

    def flood():
        connection, _peer = listener.accept()
        with connection:
            try:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
                while True:
                    connection.sendall(b"x" * 65_536)
            except OSError:
                return

    threading.Thread(target=flood, daemon=True).start()
    began = time.monotonic()
    assert post(f"http://127.0.0.1:{listener.getsockname()[1]}/") == 200
    assert time.monotonic() - began < 3
    listener.close()


@pytest.mark.parametrize("secret", ["", "short", "whsec_c2hvcnQ=", "not base64 at all!", "whsec_" + "A" * 400])
def test_a_secret_that_anybody_could_guess_is_none(secret):
    with pytest.raises(ValueError, match="secret"):
        signatures.key_of(secret)
