"""What is said to a SCIM application and heard from it: the attributes in use, and a client that keeps to the time.

The models leave out what is not used, so that a target's liberties with the other attributes do not matter.
"""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import httpx2
from scim2_client import RequestNetworkException
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import URN, ComplexAttribute, Mutability, Required, Resource, ScimPolicy, ScimProvider

from . import base


class Name(ComplexAttribute):
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None


class Email(ComplexAttribute):
    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class User(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable] = None
    type: Annotated[str | None, Mutability.immutable] = None

    @property
    def is_group(self) -> bool:
        """Whether it is said to be a group within the group."""
        return (self.type or "").casefold() == "group"


class Group(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: str | None = None
    members: list[Member] | None = None


PROVIDER = ScimProvider(models=[User, Group], policy=ScimPolicy(unknown=ScimPolicy.Unknown.ignore))


UNPACKED = ("content-encoding", "content-length", "transfer-encoding")
"""What an answer says of its packing, which is off when it was gathered."""
LARGEST_ANSWER = 32_000_000
"""Bytes, unpacked: a group of some 200,000 members."""


class PunctualClient(SyncSCIMClient):
    """Waits for no answer that trickles in, and swallows none without end; httpx2 only times the pause between bytes.

    Redirects are not followed, so that the token goes nowhere but to the address that an administrator entered.
    """

    def request(self, method: str, url: str, **kwargs: Any) -> httpx2.Response:
        """Send one request and gather its answer until the time is up."""
        deadline = time.monotonic() + base.TIMEOUT
        try:
            with self.client.stream(method, url, **kwargs) as answer:
                body = b"".join(_until(deadline, answer))
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in UNPACKED}
        except httpx2.RequestError as error:
            raise RequestNetworkException from error
        return httpx2.Response(answer.status_code, headers=headers, content=body, request=answer.request)


def _until(deadline: float, answer: httpx2.Response) -> Iterator[bytes]:
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("The answer came too slowly.", request=answer.request)
        if size > LARGEST_ANSWER:
            raise httpx2.ReadError("The answer is too long.", request=answer.request)
        yield chunk
