"""The application that the invented organisation governs: a SCIM 2.0 server whose data survive its being killed."""

import argparse
import hmac
import os
import sqlite3
import threading
import time
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx2
from scim2_models import Group, UnauthorizedException, User
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import load_default_provider

from demo import SECRET_VARIABLE, TOKEN_VARIABLE, cost_centres

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication as WSGICallable

HOST = "127.0.0.1"
PREFIX = "/v2"
PARENT_WATCH_SECONDS = 0.5
MODELS: dict[str, Any] = {"User": User, "Group": Group}


class StoredResources(InMemoryStorage):
    """Searches in memory; writes each change to SQLite before it is answered."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS resource (id TEXT PRIMARY KEY, kind TEXT, body TEXT)")
        self._started = time.time_ns()
        self.resources = [
            MODELS[kind].model_validate_json(body)
            for kind, body in self._connection.execute("SELECT kind, body FROM resource ORDER BY rowid")
        ]

    def next_version(self) -> str:
        """A version that no earlier run has given either."""
        return f'W/"{self._started}-{next(self.versions)}"'

    def create(self, resource_type: Any, resource: Any) -> Any:
        """Keep a new resource."""
        with self.lock:
            return self._write(super().create(resource_type, resource))

    def update(self, resource_type: Any, resource: Any, *, expected_version: str | None = None) -> Any:
        """Keep the new state of a resource."""
        with self.lock:
            return self._write(super().update(resource_type, resource, expected_version=expected_version))

    def delete(self, resource_type: Any, resource_id: str, *, expected_version: str | None = None) -> None:
        """Forget a resource."""
        with self.lock:
            super().delete(resource_type, resource_id, expected_version=expected_version)
            self._connection.execute("DELETE FROM resource WHERE id = ?", (resource_id,))

    def _write(self, resource: Any) -> Any:
        self._connection.execute(
            "INSERT INTO resource VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (resource.id, resource.meta.resource_type, resource.model_dump_json()),
        )
        return resource


class GuardedApplication(WSGIApplication):
    """Answers only to one token."""

    def __init__(self, storage: StoredResources, *, token: str) -> None:
        provider = load_default_provider()
        if provider.config is None:
            raise RuntimeError("The SCIM provider came without a configuration to complete.")
        provider.config.authentication_schemes = [BEARER_TOKEN_SCHEME]
        super().__init__(storage, provider)
        self._token = token

    def check_auth(self, request: Any) -> None:
        """Refuse a request without the token."""
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise UnauthorizedException


class Server(ThreadingMixIn, WSGIServer):
    """Each request in its own thread."""

    daemon_threads = True
    request_queue_size = 64


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: the terminal belongs to whoever started the demo."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name for it
        """Say nothing."""


def make_app(path: Path, token: str) -> "WSGICallable":
    """The application over the file, for one token."""
    return GuardedApplication(StoredResources(path), token=token)


def with_extension(app: "WSGICallable", *, secret: str) -> "WSGICallable":
    """The same, and beside it the program that a custom extension calls."""
    extension = cost_centres.CostCentres(secret)

    def answer(environ: Any, start_response: Any) -> Any:
        chosen = extension if environ["PATH_INFO"] == cost_centres.PATH else app
        return chosen(environ, start_response)

    return answer


def ensure_groups(base_url: str, token: str, names: list[str]) -> dict[str, str]:
    """The id of each group, created where it is not there yet."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=base_url, headers=headers, timeout=10, trust_env=False) as http:
        return {name: _group_id(http, name) for name in names}


def _group_id(http: httpx2.Client, name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    answer = http.get("/Groups", params={"filter": f'displayName eq "{quoted}"', "attributes": "displayName"})
    for group in answer.raise_for_status().json().get("Resources", []):
        if group["displayName"] == name:
            return str(group["id"])
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name}
    return str(http.post("/Groups", json=body).raise_for_status().json()["id"])


def _far_away(app: "WSGICallable", pause: float) -> "WSGICallable":
    def answer(environ: Any, start_response: Any) -> Any:
        time.sleep(pause)
        return app(environ, start_response)

    return answer if pause else app


def main() -> None:
    """Serve until killed, or until whoever started us is gone."""
    parser = argparse.ArgumentParser(prog="python -m demo.scim_app", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True, help="where the data are kept")
    parser.add_argument("--token", default=os.environ.get(TOKEN_VARIABLE), help=f"else from {TOKEN_VARIABLE}")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="end when this is not the parent any more")
    parser.add_argument("--groups", default="", help="names of groups to create, with commas between them")
    parser.add_argument("--pause", type=float, default=0, help="seconds to wait before each answer, as a network does")
    options = parser.parse_args()
    if not options.token:
        parser.error("a token is needed")
    app = _far_away(make_app(options.file, options.token), options.pause)
    if secret := os.environ.get(SECRET_VARIABLE):
        app = with_extension(app, secret=secret)
    with make_server(HOST, options.port, app, server_class=Server, handler_class=QuietHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base_url = f"http://{HOST}:{server.server_port}{PREFIX}"
        ensure_groups(base_url, options.token, [name.strip() for name in options.groups.split(",") if name.strip()])
        print(f"SCIM 2.0 at {base_url}", flush=True)  # noqa: T201
        while os.getppid() == options.parent:
            time.sleep(PARENT_WATCH_SECONDS)


if __name__ == "__main__":
    main()
