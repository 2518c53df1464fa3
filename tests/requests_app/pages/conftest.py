"""The cast in front of the pages: signed in, with a package to ask for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AccessPackage
from directory.models import User
from provisioning.delivery import perform_all_due
from requests_app import actions
from requests_app.models import AccessRequest, Assignment
from requests_app.views import approving, holding, owning, tracking
from tests.cast import Cast

SignIn = Callable[[User], Client]


@pytest.fixture
def sign_in() -> SignIn:
    """A browser in which this person is signed in."""

    def browser(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return browser


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists are cut after three rows, so that seven make three pages."""
    for views, name in ((approving, "WAITING"), (holding, "ENDED"), (owning, "HOLDERS"), (tracking, "REQUESTS")):
        monkeypatch.setattr(views, name, replace(getattr(views, name), size=3))


@pytest.fixture
def package(cast: Cast) -> AccessPackage:
    """For everybody, 30 days, decided by the manager."""
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def hidden(cast: Cast) -> AccessPackage:
    """Nobody asks for it: Olga assigns it, and others do not see it."""
    package = cast.package("Finance: Month-end Closing", cast.role("Closing")[1])
    cast.policy(package, approver=None, scope="notSpecified", name="Direct")
    return package


def ask(cast: Cast, package: AccessPackage, *, now: datetime | None = None, **fields: Any) -> AccessRequest:
    values = {"actor": cast.rita, "justification": "New in Sales", **fields}
    return actions.submit(package=package, now=now or timezone.now(), **values)


def carry_out() -> None:
    perform_all_due(now=timezone.now() + timedelta(seconds=1))


def get_access(cast: Cast, package: AccessPackage) -> Assignment:
    """Rita asks, Marco approves, the target delivers."""
    actions.approve(
        approval=ask(cast, package).approvals.get(), actor=cast.marco, justification="Welcome", now=timezone.now()
    )
    carry_out()
    return Assignment.objects.get(person=cast.rita, package=package)


def text(answer: Any) -> str:
    return answer.content.decode()


def cost(client: Client, address: str) -> int:
    """How many statements a page takes, once the session and the like are warm."""
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as statements:
        assert client.get(address).status_code == 200
    return len(statements)
