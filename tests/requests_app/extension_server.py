"""A custom extension as others would write it: an HTTP server that checks signatures with the standard's library."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

PATIENCE = 10.0


@dataclass
class Call:
    """One call that was received and whose signature is right."""

    id: str
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return self.body["data"]


@dataclass
class ExtensionServer:
    """Answers each call with the next of `statuses` (then 202), and remembers what it was told."""

    url: str = ""
    secret: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    is_holding: bool = False
    was_called: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def receive(self, handler: BaseHTTPRequestHandler) -> int:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        body = Webhook(self.secret).verify(raw, dict(handler.headers)) if self.secret else json.loads(raw)
        self.calls.append(Call(id=handler.headers["webhook-id"], body=body))
        self.was_called.set()
        if self.is_holding:
            self.released.wait(PATIENCE)
        return self.statuses.pop(0) if self.statuses else 202


@contextmanager
def serving() -> Iterator[ExtensionServer]:
    """An extension on the loopback interface, until the block ends."""
    extension = ExtensionServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = extension.receive(self)
            self.send_response(status)
            for name, value in extension.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    extension.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield extension
    finally:
        extension.released.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=PATIENCE)
