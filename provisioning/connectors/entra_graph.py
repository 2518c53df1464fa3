"""How Microsoft Graph v1.0 is spoken to: single requests, pages, and batches of up to twenty requests."""

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx2
from django.utils.translation import gettext as _

from ..models import Connector as ConnectorRow
from . import base
from .base import Clock, ConnectorError
from .entra_errors import Answer, not_graph, refusal, unreachable
from .entra_options import Tenant
from .entra_tokens import Tokens
from .web import retry_after, send, trusted

BATCH = 20
"""Requests in one batch, and members in one change of a group: Graph takes no more."""
EVENTUAL = {"ConsistencyLevel": "eventual"}
"""Asked for where a collection of the directory is filtered or counted."""
READ_PEOPLE = "User.Read.All"
Item = Mapping[str, Any]
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Part:
    """One request of a batch."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    eventual: bool = False


def path(*segments: str, **options: str) -> str:
    """The path of a resource; `options` are OData's, without their dollar signs."""
    query = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
    return "".join(f"/{quote(segment, safe='$')}" for segment in segments) + (f"?{query}" if query else "")


def literal(value: str) -> str:
    """A text as OData writes it."""
    return "'" + value.replace("'", "''") + "'"


class Graph:
    """One tenant's Microsoft Graph. Whatever concerns all requests is raised; refusals of a single one are answers."""

    def __init__(self, row: ConnectorRow, tenant: Tenant, *, clock: Clock) -> None:
        self.row = row
        self.tenant = tenant
        self.clock = clock
        self.root = f"{tenant.endpoint}/v1.0"
        self.http = httpx2.Client(timeout=base.TIMEOUT, verify=trusted())
        self.tokens = Tokens(row, tenant, self.http, clock=clock)

    def close(self) -> None:
        self.http.close()

    def url(self, resource: str) -> str:
        """The address by which objects are named in changes."""
        return self.root + resource

    def ask(
        self, method: str, resource: str, *, needs: str, body: Mapping[str, Any] | None = None, eventual: bool = False
    ) -> Answer:
        """One request's answer. Raises ConnectorError where the tenant as a whole is away or refuses us."""
        return self._ask(method, self.url(resource), needs=needs, body=body, eventual=eventual)

    def get(self, resource: str, *, needs: str, eventual: bool = False) -> Answer:
        """As `ask`, but that every refusal is raised."""
        answer = self.ask("GET", resource, needs=needs, eventual=eventual)
        if not answer.is_success:
            raise self.refusal(answer, needs=needs)
        return answer

    def refusal(self, answer: Answer, *, needs: str) -> ConnectorError:
        """The error that this answer is."""
        return refusal(answer, system=str(self.row), needs=needs, now=self.clock())

    def pages(self, resource: str, *, needs: str) -> Iterator[list[Item]]:
        """A collection, page by page. Raises ConnectorError, also where its pages lead in a circle."""
        for answer in self.following(self.url(resource), needs=needs):
            if not answer.is_success:
                raise self.refusal(answer, needs=needs)
            yield self.items(answer)

    def following(self, url: str, *, needs: str) -> Iterator[Answer]:
        """An address and the pages that follow it, up to the last or to a refusal."""
        seen: set[int] = set()
        next_url: str | None = url
        while next_url is not None:
            if hash(next_url) in seen:
                raise self._circle()
            seen.add(hash(next_url))
            answer = self._ask("GET", self.own(next_url), needs=needs)
            yield answer
            next_url = answer.body.get("@odata.nextLink") if answer.is_success else None

    def items(self, answer: Answer) -> list[Item]:
        """The objects on a page."""
        items = answer.body.get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise not_graph(system=str(self.row))
        return items

    def own(self, url: object) -> str:
        """The address itself, where it is this Graph's: our token goes nowhere else."""
        if isinstance(url, str) and urlsplit(url)[:2] == urlsplit(self.root)[:2]:
            return url
        raise not_graph(system=str(self.row))

    def batch(self, parts: Sequence[Part], *, needs: str) -> list[Answer]:
        """The answers to these requests, in their order; each may be a refusal, also one that concerns all.

        A request without an answer has status 0. Where some are to wait, all of them wait for as long as the longest.
        """
        answers: list[Answer] = []
        for some in slices(parts):
            answers += self._batch(some, needs=needs)
        return answers

    def _batch(self, parts: Sequence[Part], *, needs: str) -> list[Answer]:
        requests = [_request(number, part) for number, part in enumerate(parts)]
        whole = self.ask("POST", "/$batch", needs=needs, body={"requests": requests})
        if not whole.is_success:
            raise self.refusal(whole, needs=needs)
        given = whole.body.get("responses")
        if not isinstance(given, list):
            raise not_graph(system=str(self.row))
        answers = {str(one.get("id")): _answer(one) for one in given if isinstance(one, dict)}
        throttled = [answer for answer in answers.values() if answer.concerns_all]
        waits = [retry_after(answer.headers, now=self.clock()) for answer in throttled]
        longest = max((wait for wait in waits if wait is not None), default=None)
        return [_patient(answers.get(str(number), Answer(0)), longest) for number in range(len(parts))]

    def _ask(
        self, method: str, url: str, *, needs: str, body: Mapping[str, Any] | None = None, eventual: bool = False
    ) -> Answer:
        answer = self._send(method, url, body=body, eventual=eventual)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.tokens.forget()
            answer = self._send(method, url, body=body, eventual=eventual)
        if answer.concerns_all:
            raise self.refusal(answer, needs=needs)
        return answer

    def _send(self, method: str, url: str, *, body: Mapping[str, Any] | None, eventual: bool) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens.get()}", "Accept": "application/json"}
        try:
            answer = send(self.http, method, url, json=body, headers=headers | (EVENTUAL if eventual else {}))
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise unreachable(error, system=str(self.row)) from None
        return Answer(answer.status_code, answer.headers, self._body(answer))

    def _body(self, answer: httpx2.Response) -> Mapping[str, Any]:
        if answer.is_redirect or (answer.is_success and not answer.content and answer.status_code == HTTPStatus.OK):
            raise not_graph(system=str(self.row))
        try:
            body = json.loads(answer.content or b"{}")
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return body
        if answer.is_success:
            raise not_graph(system=str(self.row))
        return {}

    def _circle(self) -> ConnectorError:
        return ConnectorError(
            _("The pages of %(system)s lead back to a page that was there before: nothing of them can be trusted.")
            % {"system": self.row}
        )


class Deadline:
    """When to stop: what is not done by then is done another time."""

    def __init__(self, after: timedelta) -> None:
        self.at = time.monotonic() + after.total_seconds()

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.at


def slices(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    """In pieces that Graph takes at once."""
    return (things[i : i + BATCH] for i in range(0, len(things), BATCH))


def _request(number: int, part: Part) -> dict[str, Any]:
    headers = (EVENTUAL if part.eventual else {}) | ({} if part.body is None else {"Content-Type": "application/json"})
    request: dict[str, Any] = {"id": str(number), "method": part.method, "url": part.path}
    return request | ({"headers": headers} if headers else {}) | ({} if part.body is None else {"body": part.body})


def _answer(one: Mapping[str, Any]) -> Answer:
    status, headers, body = one.get("status"), one.get("headers"), one.get("body")
    return Answer(
        status if isinstance(status, int) else 0,
        {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {},
        body if isinstance(body, dict) else {},
    )


def _patient(answer: Answer, longest: timedelta | None) -> Answer:
    if longest is None or not answer.concerns_all:
        return answer
    return Answer(answer.status, {"Retry-After": str(math.ceil(longest.total_seconds()))}, answer.body)
