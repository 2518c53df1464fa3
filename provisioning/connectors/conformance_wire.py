"""A wire between a connector and a target that speaks HTTP, which goes wrong as the conformance kit tells it to."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

LONGEST = 5.0
"""Seconds after which an answer that was held back comes after all."""
HOP_BY_HOP = {"connection", "content-encoding", "content-length", "date", "host", "server", "transfer-encoding"}


@dataclass
class Answer:
    """What is answered, by the target or in its place."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> Any:
        """Its JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_document(self, document: Any) -> "Answer":
        """The same with other JSON."""
        return Answer(self.status, json.dumps(document).encode(), self.headers)


@dataclass(frozen=True)
class Request:
    """One request on its way; `forward` brings it to the target and returns what that answers."""

    number: int
    method: str
    target: str
    body: bytes
    forward: Callable[[], Answer]

    @property
    def path(self) -> str:
        """Where it goes, without what is asked there."""
        return urlsplit(self.target).path


Fault = Callable[[Request], Answer | None]
"""What becomes of a request; None hangs up without an answer."""


def works(request: Request) -> Answer | None:
    """Nothing goes wrong."""
    return request.forward()


class FaultyWire:
    """Passes on what comes to `url` as long as its block lasts; `fault` says how, for paths that begin with `only`."""

    def __init__(self, target: str, *, only: str = "") -> None:
        self.fault: Fault = works
        self.count = 0
        """Requests that were passed to the fault since it was set."""
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(target))
        self._only = only
        self._http = httpx2.Client(timeout=LONGEST, trust_env=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._own = f"http://127.0.0.1:{self._server.server_port}"
        self.url = target.replace(self._origin, self._own)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._http.close()

    def goes_wrong(self, fault: Fault) -> None:
        """From now on, counting requests anew."""
        self.fault, self.count = fault, 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """What is answered to one request."""

        def forward() -> Answer:
            return self._forward(method, target, headers, body)

        if not target.startswith(self._only):
            return forward()
        self.count += 1
        return self.fault(Request(self.count, method, target, body, forward))

    def _forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Addresses of ours become the target's, and the other way round."""
        given = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        sent = self._renamed(body, self._own, self._origin)
        answer = self._http.request(method, self._origin + target, headers=given, content=sent)
        told = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
        return Answer(answer.status_code, self._renamed(answer.content, self._origin, self._own), told)

    @staticmethod
    def _renamed(body: bytes, old: str, new: str) -> bytes:
        return body.replace(old.encode(), new.encode()).replace(_in_forms(old), _in_forms(new))


def _in_forms(address: str) -> bytes:
    return address.replace(":", "%3A").replace("/", "%2F").encode()


def _handler_for(wire: FaultyWire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = wire.answer(self.command, self.path, dict(self.headers.items()), body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:  # which has no body at all
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.status != 204:
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  # the library's names

        def log_message(self, *_given: object) -> None:
            """Nothing."""

    return Handler
