"""A small REST API of roles and members, as a webhook's tests call it; it keeps what it was sent, and can misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 2


@dataclass
class Sent:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> list[str]:
        return [unquote(part) for part in urlsplit(self.target).path.strip("/").split("/")]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.document is None else json.dumps(self.document).encode()


class RestApi:
    """Roles with members by user name, and accounts; `token` is what it lets in."""

    def __init__(self) -> None:
        self.token = "s3cret-token"
        self.base_url = ""
        self.sent: list[Sent] = []
        self.roles: dict[str, list[str]] = {}
        self.accounts: dict[str, str] = {}
        self.override: Callable[[Sent], Reply | None] = lambda sent: None

    def answer(self, sent: Sent) -> Reply:
        """What the API answers, unless the test says otherwise."""
        self.sent.append(sent)
        if reply := self.override(sent):
            return reply
        if sent.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": f"not this one: {sent.headers.get('authorization')}"})
        match sent.method, sent.path:
            case "GET", ["api", "roles"]:
                return Reply(200, self._all_roles())
            case "POST", ["api", "accounts"]:
                return self._account(sent.json["login"])
            case method, ["api", "roles", role, "members", *name] if role in self.roles:
                return self._member(method, role, name[0] if name else "", page=int(sent.query.get("page", "1")))
        return Reply(404, {"detail": "nothing here"})

    def _all_roles(self) -> Any:
        roles = [{"id": role, "name": role.title()} for role in self.roles]
        return {"resources": [{"id": "ledger", "name": "Ledger", "roles": roles}]}

    def _account(self, login: str) -> Reply:
        known = login in self.accounts
        self.accounts.setdefault(login, str(100 + len(self.accounts)))
        return Reply(409 if known else 201, {"id": int(self.accounts[login])})

    def _member(self, method: str, role: str, name: str, *, page: int) -> Reply:
        members = self.roles[role]
        match method:
            case "PUT" if name in members:
                return Reply(409, {"detail": "so already"})
            case "PUT":
                members.append(name)
                return Reply(204)
            case "DELETE" if name not in members:
                return Reply(404)
            case "DELETE":
                members.remove(name)
                return Reply(204)
            case "GET" if name:
                return Reply(200, {"member": name in members})
        first = (page - 1) * PAGE
        found = [{"id": f"id-{member}", "name": member} for member in members[first : first + PAGE]]
        following = f"?page={page + 1}" if first + PAGE < len(members) else None
        return Reply(200, {"items": found, "next": following})


@contextmanager
def running_api() -> Iterator[RestApi]:
    """The API behind an address on the loopback, in a thread, until the block ends."""
    api = RestApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = {name.lower(): value for name, value in self.headers.items()}
            reply = api.answer(Sent(self.command, self.path, given, body))
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            if reply.status != 204:
                self.wfile.write(reply.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  # the library's names

        def log_message(self, *_given: object) -> None:
            """Nothing: what was sent is in `sent`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.base_url = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
