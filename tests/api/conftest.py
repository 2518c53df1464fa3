"""The cast and its clients, for tests of the REST API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import AccessPackage, Policy
from directory.models import User
from requests_app import actions
from requests_app.models import AccessRequest
from tests.cast import Cast, make_cast

V1 = "/api/v1"


@pytest.fixture(autouse=True)
def fresh_throttle() -> None:
    """How often somebody asked is kept in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """A client that is signed in as somebody; as nobody without a person."""

    def client(person: User | None = None) -> APIClient:
        made = APIClient()
        made.default_format = "json"
        if person is not None:
            made.force_login(person)
        return made

    return client


@pytest.fixture
def package(cast: Cast) -> AccessPackage:
    return cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])


@pytest.fixture
def policy(cast: Cast, package: AccessPackage) -> Policy:
    return cast.policy(package)


@pytest.fixture
def access_request(cast: Cast, policy: Policy) -> AccessRequest:
    """Rita's request, on which Marco is to decide."""
    return actions.submit(package=policy.package, actor=cast.rita, justification="New in Sales", now=timezone.now())


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    """The document of a refusal, checked for what all of them have in common."""
    document = answer.json()
    assert answer.status_code == document["status"] == status, document
    assert answer["Content-Type"] == "application/problem+json"
    assert document["type"] == f"/api/problems/{slug}/"
    assert document["instance"] == f"urn:uuid:{answer['X-Correlation-ID']}"
    assert document["title"]
    assert document["detail"]
    return document
