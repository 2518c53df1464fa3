"""A test call of a custom extension: signed as every call, about nothing."""

from datetime import datetime
from uuid import uuid4

from accessgov import outward, signatures
from accessgov.outward import CallError

from .models import CustomExtension

__all__ = ["CallError", "call_to_test"]


def call_to_test(extension: CustomExtension, *, now: datetime) -> None:
    """Call it once; nothing is expected of it but that it takes the call. Raises CallError."""
    data = {"extension": {"id": str(extension.pk), "name": extension.name}, "callback": None}
    body = outward.in_json({"type": "test", "timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "data": data})
    headers = signatures.signed(*extension.valid_secrets(now), message_id=f"test-{uuid4()}", body=body, at=now)
    outward.post(extension.url, body=body, headers=headers)
