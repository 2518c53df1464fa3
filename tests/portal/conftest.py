"""The cast, their browsers, and how they come to have and to ask for packages."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AccessPackage
from directory.models import User
from requests_app import actions
from requests_app.models import AccessRequest, Assignment
from tests.cast import Cast, make_cast

Browser = Callable[[User], Client]
Give = Callable[..., Assignment]
Ask = Callable[..., AccessRequest]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def gus(cast: Cast) -> User:
    """A guest."""
    return User.objects.create(username="gus", email="gus@partner.example", display_name="Gus", kind="guest")


@pytest.fixture
def audrey(cast: Cast) -> User:
    """An auditor."""
    return User.objects.create(username="audrey", email="audrey@example.com", display_name="Audrey", is_auditor=True)


@pytest.fixture
def package(cast: Cast) -> AccessPackage:
    """Sales: Standard Access, for all members, decided by the manager, for 30 days."""
    package = cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1])
    cast.policy(package)
    return package


@pytest.fixture
def browser_of(cast: Cast) -> Browser:
    """A browser in which somebody is signed in."""

    def open_browser(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return open_browser


@pytest.fixture
def give() -> Give:
    """Has somebody have a package, until a moment or without an end."""

    def put(package: AccessPackage, person: User, *, ends_at: datetime | None = None) -> Assignment:
        since = timezone.now() - timedelta(days=20)
        policy = package.policies.get()
        return Assignment.objects.create(
            person=person, package=package, policy=policy, status="delivered", starts_at=since, delivered_at=since,
            ends_at=ends_at,
        )  # fmt: skip

    return put


@pytest.fixture
def ask() -> Ask:
    """Has somebody ask for a package."""

    def submit(package: AccessPackage, person: User, *, now: datetime | None = None) -> AccessRequest:
        return actions.submit(package=package, actor=person, justification="New here", now=now or timezone.now())

    return submit
