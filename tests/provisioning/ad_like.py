"""Stands before OpenLDAP and answers as Active Directory does: long attributes by ranges, its own result codes."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder, encoder

RANGE = 1500
UNBIND = b"\x42\x00"
CODES = {20: 68, 16: 53}
"""What is there already, what is not there: entryAlreadyExists and unwillingToPerform."""


class AdLike:
    """The address, and which ranges were asked for."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"ldap://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
                self._converse(client, server)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _converse(self, client: socket.socket, server: socket.socket) -> None:
        """One request and what answers it at a time."""
        while (raw := _message(client)) and not raw.endswith(UNBIND):
            start, raw = self._without_range(raw)
            server.sendall(raw)
            while True:
                answer, _rest = decoder.decode(_message(server), asn1Spec=LDAPMessage())
                self._disguise(answer, start)
                client.sendall(encoder.encode(answer))
                if answer["protocolOp"].getName() not in ("searchResEntry", "searchResRef"):
                    break

    def _without_range(self, raw: bytes) -> tuple[int, bytes]:
        """Where the range that is asked for starts, and the same request for all of them."""
        asked = re.search(rb"\x04.(member(?:;range=(\d+)-\*)?)$", raw)
        if not asked:
            return 0, raw
        self.asked.append(asked[1].decode())
        message, _rest = decoder.decode(raw, asn1Spec=LDAPMessage())
        message["protocolOp"].getComponent()["attributes"].setComponentByPosition(0, "member")
        return int(asked[2] or 0), encoder.encode(message)

    def _disguise(self, answer: LDAPMessage, start: int) -> None:
        body = answer["protocolOp"].getComponent()
        if answer["protocolOp"].getName() == "modifyResponse":
            body["resultCode"] = CODES.get(int(body["resultCode"]), int(body["resultCode"]))
        if answer["protocolOp"].getName() != "searchResEntry":
            return
        for attribute in body["attributes"]:
            values = [bytes(value) for value in attribute["vals"]]
            if str(attribute["type"]) == "member" and (start or len(values) > RANGE):
                end = start + RANGE
                attribute["type"] = f"member;range={start}-{end - 1 if end < len(values) else '*'}"
                attribute["vals"].clear()
                attribute["vals"].extend(values[start:end])


def _message(source: socket.socket) -> bytes:
    """One whole message; empty where there is none any more."""
    head = _exactly(source, 2)
    if len(head) < 2 or head[1] < 0x80:
        return head + _exactly(source, head[1] if len(head) == 2 else 0)
    length = _exactly(source, head[1] & 0x7F)
    return head + length + _exactly(source, int.from_bytes(length))


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size and (some := source.recv(size - len(found))):
        found += some
    return found


@contextmanager
def answering_like_ad(upstream: int) -> Iterator[AdLike]:
    """Until the block ends."""
    server = AdLike(upstream)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=10)
