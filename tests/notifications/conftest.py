"""The cast on a still clock, with a package that Rita asks for and Marco decides on, and their mail."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.core import mail

from catalog.models import AccessPackage
from notifications.delivery import perform_all_due
from notifications.models import Message
from provisioning.delivery import perform_all_due as carry_out_all_due
from requests_app import actions
from requests_app.models import AccessRequest, Assignment
from tests.cast import NOW, Cast, make_cast

from .mail_server import inbox

__all__ = ["inbox"]


@pytest.fixture(autouse=True)
def clock():
    """Time stands still at the cast's NOW until a test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db) -> Cast:
    cast = make_cast()
    cast.rita.job_title, cast.rita.department = "Sales Representative", "Sales EMEA"
    cast.rita.save()
    return cast


@pytest.fixture
def package(cast) -> AccessPackage:
    package = cast.package("Sales Analytics", cast.role("Sales Dashboards")[1])
    package.description = "The dashboards of the sales department."
    package.save()
    cast.policy(package)
    return package


@pytest.fixture
def ask(cast, package) -> Callable[..., AccessRequest]:
    """Rita asks for the package now."""
    return lambda **fields: actions.submit(
        package=package, actor=cast.rita, justification="I report on March", now=NOW, **fields
    )


@pytest.fixture
def granted(cast, package, ask) -> Assignment:
    """Rita has the package, by Marco's approval; all mail about it is sent and forgotten."""
    actions.approve(approval=ask().approvals.get(), actor=cast.marco, now=NOW)
    carry_out()
    post()
    mail.outbox.clear()
    return Assignment.objects.get(person=cast.rita, package=package)


def carry_out(now: datetime = NOW) -> None:
    """Do in the target systems what is due."""
    carry_out_all_due(now=now)


def post(now: datetime = NOW) -> list[Any]:
    """Send every message that is due, and return the mails that went out now."""
    before = len(mail.outbox)
    perform_all_due(now=now)
    return mail.outbox[before:]


def told(person: Any) -> list[tuple[str, str]]:
    """What this person is or was told: occasion and status, in the order in which it was queued."""
    rows = Message.objects.filter(recipient=person).order_by("id")
    return [(row.occasion, row.status) for row in rows]
