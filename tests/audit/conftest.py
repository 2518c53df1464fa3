"""Who reads the journal in these tests, and how events get there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from audit import journal
from audit.models import Event
from directory.events import GROUP_MEMBER_ADDED
from directory.models import Group, User

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def auditor(db: None) -> User:
    return User.objects.create_user("audrey", display_name="Audrey Auditor", is_auditor=True)


@pytest.fixture
def outsider(db: None) -> User:
    return User.objects.create_user("otto", display_name="Otto Outsider")


@pytest.fixture
def group(db: None) -> Group:
    return Group.objects.create(name="Finance")


@pytest.fixture
def happen(auditor: User, group: Group) -> Callable[..., Event]:
    """Records one event; what is not said is said by default."""

    @transaction.atomic
    def record(verb: str = GROUP_MEMBER_ADDED, **facts: Any) -> Event:
        return journal.record(verb, **{"actor": auditor, "target": group, "at": NOON, **facts})

    return record


@pytest.fixture
def fill(auditor: User, group: Group) -> Callable[[int], list[Event]]:
    """Records many events, three at a time at the same moment."""

    @transaction.atomic
    def record(number: int) -> list[Event]:
        events = [
            journal.entry(
                GROUP_MEMBER_ADDED, actor=auditor, target=group, person=auditor, at=NOON + timedelta(minutes=n // 3)
            )
            for n in range(number)
        ]
        journal.record_many(events)
        return events

    return record
