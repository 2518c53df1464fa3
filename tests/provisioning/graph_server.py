"""A local Microsoft Graph v1.0 with its sign-in service, in a thread: many tenants, told apart by their tokens."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from .graph_tenant import GraphTenant, Reply, Request, error

MALFORMED = error(400, "BadRequest", "Invalid batch payload format.")
UNSIGNED = error(401, "InvalidAuthenticationToken", "Access token is empty.")


class GraphServer:
    """Where it answers, and the tenants in it."""

    def __init__(self) -> None:
        self.url = ""
        self.tenants: dict[str, GraphTenant] = {}

    def tenant(self) -> GraphTenant:
        """A new one, empty."""
        tenant = GraphTenant(self.url, self.url)
        self.tenants[tenant.id] = tenant
        return tenant

    def answer(self, request: Request) -> Reply:
        """What is answered to one request as it came."""
        segments = request.path.strip("/").split("/")
        if segments[0] != "v1.0":
            return self._sign_in(segments, request)
        tenant, token = self._whose(request)
        if tenant is None or token in tenant.refused_tokens:
            return UNSIGNED
        tenant.calls.append(f"{request.method} {request.path.removeprefix('/v1.0')}")
        if request.path != "/v1.0/$batch":
            return tenant.answer(request)
        return tenant.override(request) or _batch(tenant, request.body)

    # --- The sign-in service ---

    def _sign_in(self, segments: list[str], request: Request) -> Reply:
        tenant = self.tenants.get(segments[0])
        if tenant is None:
            told = "AADSTS90002: Tenant 'x' not found. Check to make sure you have the correct tenant ID."
            return Reply(400, {"error": "invalid_tenant", "error_description": told, "error_codes": [90002]})
        if segments[1:] == ["v2.0", ".well-known", "openid-configuration"]:
            address = f"{self.url}/{tenant.id}"
            return Reply(200, {
                "token_endpoint": f"{address}/oauth2/v2.0/token",
                "authorization_endpoint": f"{address}/oauth2/v2.0/authorize",
                "issuer": f"{address}/v2.0",
            })  # fmt: skip
        return tenant.token_reply or self._token(tenant, request.body)

    def _token(self, tenant: GraphTenant, form: dict[str, str]) -> Reply:
        tenant.forms.append(form)
        if form["client_id"] != tenant.client_id:
            return _no_token("unauthorized_client", 700016, "Application with identifier was not found.")
        if form["scope"] != f"{self.url}/.default" or form["grant_type"] != "client_credentials":
            return _no_token("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
        if not form.get("client_assertion", "").startswith("eyJ") and form.get("client_secret") != tenant.secret:
            return _no_token("invalid_client", 7000215, "Invalid client secret provided.")
        tenant.tokens_given += 1
        claims = {"tid": tenant.id, "roles": tenant.permissions, "jti": str(uuid4())}
        token = ".".join((_encoded({"alg": "none"}), _encoded(claims), "signature"))
        return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def _whose(self, request: Request) -> tuple[GraphTenant | None, str]:
        token = request.header("Authorization").removeprefix("Bearer ")
        try:
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        except (IndexError, ValueError):
            return None, token
        return self.tenants.get(claims["tid"]), token


def _batch(tenant: GraphTenant, body: Any) -> Reply:
    """Answers in another order than the requests."""
    requests = body.get("requests", [])
    if not 0 < len(requests) <= 20 or len({one["id"] for one in requests}) < len(requests):
        return MALFORMED
    responses = []
    for one in requests:
        if "body" in one and "Content-Type" not in one.get("headers", {}):
            return MALFORMED
        part = Request(one["method"], "/v1.0" + _relative(one["url"], tenant), one.get("headers", {}), one.get("body"))
        reply = tenant.answer(part)
        responses.append({"id": one["id"], "status": reply.status, "headers": reply.headers, "body": reply.body})
    return Reply(200, {"responses": responses[::-1]})


def _relative(url: str, tenant: GraphTenant) -> str:
    return "/" + url.removeprefix(tenant.root).lstrip("/")


def _no_token(kind: str, code: int, message: str) -> Reply:
    told = f"AADSTS{code}: {message} Trace ID: {uuid4()} Timestamp: 2026-03-02 09:00:00Z"
    return Reply(401, {"error": kind, "error_description": told, "error_codes": [code]})


def _encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    graph: GraphServer

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.graph.answer(Request(self.command, self.path, dict(self.headers.items()), self._body(content)))
        said = reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(said))} | reply.headers
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.wfile.write("\r\n".join(lines).encode() + said)  # at once: two small packets wait for each other

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _body(self, content: bytes) -> Any:
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            return {name: values[0] for name, values in parse_qs(content.decode()).items()}
        return json.loads(content) if content else None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Tests are quiet."""


@contextmanager
def running_graph() -> Iterator[GraphServer]:
    """A server until the block ends."""
    graph = GraphServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"graph": graph})) as server:
        server.daemon_threads = True
        graph.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield graph
        finally:
            server.shutdown()
            thread.join(timeout=10)
