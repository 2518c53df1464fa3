"""A real SCIM 2.0 server in a process of its own, and a raw socket that answers as broken ones do."""

import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[2]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class ScimServer:
    """The demo's application as a subprocess; what it holds is read by plain HTTP, past every line of ours."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.token = secrets.token_urlsafe(16)
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    def start(self, *, groups: str = "") -> None:
        """Serves once this returns; after a kill, on the same port."""
        command = [sys.executable, "-m", "demo.scim_app", "--port", str(self.port), "--file", str(self.file)]
        self._process = subprocess.Popen(
            [*command, f"--token={self.token}", "--groups", groups], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("SCIM 2.0 at "), f"the SCIM server did not start: {line!r}"
        self.port = int(line.rpartition(":")[2].partition("/")[0])

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def call(self, method: str, path: str, *, json: Any = None, params: dict[str, str] | None = None) -> Any:
        """One request; its JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx2.request(
            method, self.base_url + path, json=json, params=params, headers=headers, timeout=10, trust_env=False
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create_group(self, name: str) -> str:
        return str(self.call("POST", "/Groups", json={"schemas": [GROUP], "displayName": name})["id"])

    def delete_group(self, group_id: str) -> None:
        self.call("DELETE", f"/Groups/{group_id}")

    def create_user(self, username: str) -> str:
        return str(self.call("POST", "/Users", json={"schemas": [USER], "userName": username})["id"])

    def delete_user(self, user_id: str) -> None:
        self.call("DELETE", f"/Users/{user_id}")

    def users(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/Users").get("Resources", []))

    def member_ids(self, group_id: str) -> list[str]:
        """As a list, so that somebody who is in there twice shows."""
        return [member["value"] for member in self.call("GET", f"/Groups/{group_id}").get("members", [])]

    def members(self, group_id: str) -> set[str]:
        """The user names of the group's members."""
        return {str(self.call("GET", f"/Users/{user_id}")["userName"]) for user_id in self.member_ids(group_id)}

    def add_member(self, group_id: str, user_id: str) -> None:
        """As somebody does behind our back."""
        self._patch(group_id, {"op": "add", "path": "members", "value": [{"value": user_id}]})

    def remove_member(self, group_id: str, user_id: str) -> None:
        """As somebody does behind our back."""
        self._patch(group_id, {"op": "remove", "path": f'members[value eq "{user_id}"]'})

    def _patch(self, group_id: str, operation: dict[str, Any]) -> None:
        self.call("PATCH", f"/Groups/{group_id}", json={"schemas": [PATCH], "Operations": [operation]})


@contextmanager
def running_scim_server(file: Path) -> Iterator[ScimServer]:
    """A server over the file, until the block ends."""
    server = ScimServer(file)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def answering(*parts: bytes, pause: float = 0) -> Iterator[str]:
    """The address of a server that sends the same bytes to everybody, with a pause before each part."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=_answer, args=(listener, parts, pause, over))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        finally:
            over.set()
            thread.join(timeout=10)


def _answer(listener: socket.socket, parts: tuple[bytes, ...], pause: float, over: threading.Event) -> None:
    while not over.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection:
            connection.recv(65536)
            for part in parts:
                if over.wait(pause):
                    break
                try:
                    connection.sendall(part)
                except OSError:
                    break


def http(status: str, *headers: str, body: str = "", kind: str = "application/scim+json") -> bytes:
    """An HTTP answer as bytes."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """An address, and what was sent to it by the end of the block."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2", heard
        listener.settimeout(0.2)
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return
        with connection:
            heard.append(connection.recv(65536))
