"""The program that the invented organisation's custom extension calls: it says who answers for a cost centre.

It plays somebody else's software, and knows of AccessGov what docs/extensions.md says.
"""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/cost-centres"
HOLDERS: Mapping[str, tuple[str, str]] = {
    "4100": ("zola.mabaso", "Sales"),
    "4210": ("maarten.dewolff", "Marketing"),
    "5300": ("chiyo.namgung", "Customer Support"),
    "6120": ("linh.shimokawa", "Operations"),
}
"""Who answers for each cost centre, and of what it is."""
TOLERANCE = 300
"""Seconds by which the clocks may differ."""
LONGEST_BODY = 1_000_000
TRIES, PAUSE = 5, 0.5


class CostCentres:
    """Takes signed calls, and answers each a moment later."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._seen: set[str] = set()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LONGEST_BODY)
        body: bytes = environ["wsgi.input"].read(length)
        is_genuine = self._is_genuine(environ, body)
        start_response("202 Accepted" if is_genuine else "401 Unauthorized", [("Content-Length", "0")])
        if is_genuine and environ["HTTP_WEBHOOK_ID"] not in self._seen:
            self._seen.add(environ["HTTP_WEBHOOK_ID"])
            threading.Thread(target=self._answer, args=[json.loads(body)], daemon=True).start()
        return []

    def _is_genuine(self, environ: "WSGIEnvironment", body: bytes) -> bool:
        """Whether whoever has the secret signed this, a moment ago."""
        call_id, at = environ.get("HTTP_WEBHOOK_ID", ""), environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
        if not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE:
            return False
        right, given = self._signature(call_id, at, body), environ.get("HTTP_WEBHOOK_SIGNATURE", "").split()
        return any(hmac.compare_digest(right, one) for one in given)

    def _signature(self, message_id: str, at: str, body: bytes) -> str:
        digest = hmac.digest(self._key, f"{message_id}.{at}.".encode() + body, "sha256")
        return f"v1,{base64.b64encode(digest).decode()}"

    def _answer(self, call: dict[str, Any]) -> None:
        callback = call.get("data", {}).get("callback")
        if callback is None:  # a test, or nobody waits
            return
        body = json.dumps({"token": callback["token"], "result": "continue", **_who_decides(call)}).encode()
        message_id, at = f"answer-{call['data']['callout']}", str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": self._signature(message_id, at, body),
        }
        for _try in range(TRIES):
            try:
                httpx2.post(callback["url"], content=body, headers=headers, timeout=10, trust_env=False)
                return
            except httpx2.TransportError:
                time.sleep(PAUSE)


def _who_decides(call: dict[str, Any]) -> dict[str, Any]:
    """Whoever answers for the first cost centre that is among the answers; nobody where there is none."""
    for answer in call["data"]["request"]["answers"]:
        if answer["value"] in HOLDERS:
            username, department = HOLDERS[answer["value"]]
            stage = {"people": [username], "groups": [], "approvals_required": 1, "time_limit": "P3D"}
            return {"detail": f"Cost centre {answer['value']} belongs to {department}.", "approval_stage": stage}
    return {"detail": "No cost centre of ours is named."}
