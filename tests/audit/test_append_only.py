"""The journal takes events in and never changes them: not by model, not by queryset, not by SQL."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from audit import journal
from audit.models import Event
from audit.protection import REFUSAL, door_open
from directory.events import GROUP_MEMBER_ADDED, GROUP_MEMBER_REMOVED, GROUP_NESTED
from directory.models import Group, User

from .conftest import NOON

Happen = Callable[..., Event]


def test_an_event_is_not_saved_again(happen: Happen) -> None:
    event = happen()
    event.verb = GROUP_MEMBER_REMOVED
    with pytest.raises(PermissionError):
        event.save()
    assert Event.objects.get().verb == GROUP_MEMBER_ADDED


def test_an_event_is_not_deleted(happen: Happen) -> None:
    with pytest.raises(PermissionError):
        happen().delete()
    assert Event.objects.count() == 1


def test_a_queryset_neither_updates_nor_deletes(happen: Happen) -> None:
    happen()
    with pytest.raises(PermissionError):
        Event.objects.update(verb="x")
    with pytest.raises(PermissionError):
        Event.objects.all().delete()
    assert Event.objects.get().verb == GROUP_MEMBER_ADDED


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"])
def test_the_database_itself_refuses(happen: Happen, statement: str) -> None:
    happen()
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.get().verb == GROUP_MEMBER_ADDED


def test_postgresql_refuses_to_truncate(happen: Happen) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    happen()
    connection.check_constraints()
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_event CASCADE")


def test_retention_opens_the_door_and_it_closes_again(happen: Happen) -> None:
    happen()
    with door_open(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")
    assert not Event.objects.exists()
    happen()
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused(auditor: User, group: Group) -> None:
    with pytest.raises(RuntimeError):
        journal.record(GROUP_MEMBER_ADDED, actor=auditor, target=group, at=NOON)
    assert not Event.objects.exists()


def test_a_verb_that_nobody_defined_is_refused(happen: Happen) -> None:
    with pytest.raises(ValueError, match=r"group\.exploded"):
        happen("group.exploded")
    assert not Event.objects.exists()


def test_listeners_get_the_events_of_their_verb_in_batches(auditor: User, group: Group, monkeypatch) -> None:
    monkeypatch.setattr(journal, "_listeners", journal._listeners.copy())
    heard: list[list[str]] = []
    verbs = [GROUP_NESTED, GROUP_NESTED, GROUP_MEMBER_REMOVED, GROUP_NESTED]
    monkeypatch.setitem(journal._listeners, GROUP_NESTED, [lambda events: heard.append([e.verb for e in events])])
    with transaction.atomic():
        journal.record_many(journal.entry(verb, actor=auditor, target=group, at=NOON) for verb in verbs)
    assert heard == [[GROUP_NESTED] * 2, [GROUP_NESTED]]


def test_a_listener_that_fails_takes_the_event_with_it(happen: Happen, monkeypatch) -> None:
    def fail(events: list[Event]) -> None:
        raise LookupError

    monkeypatch.setitem(journal._listeners, GROUP_MEMBER_ADDED, [fail])
    with pytest.raises(LookupError):
        happen()
    assert not Event.objects.exists()
