"""Keeps the journal append-only in the database itself, with one door for retention that is closed by default.

Triggers refuse UPDATE, DELETE and TRUNCATE on both databases. The door is a setting of the session on PostgreSQL and a
function registered on the connection on SQLite; another SQLite client lacks the function, and is refused as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.signals import connection_created

TABLE = "audit_event"
REFUSAL = "The journal is append-only"

_open_doors: set[int] = set()


@contextmanager
def door_open() -> Iterator[None]:
    """Let this connection remove events, for retention and for the reset of test databases."""
    connection.ensure_connection()
    _set_door(is_open=True)
    try:
        yield
    finally:
        _set_door(is_open=False)


def watch_connections() -> None:
    """Register the SQLite side of the door on every new connection."""
    connection_created.connect(_register_door, dispatch_uid="audit.protection")


def install(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers; a later migration that rebuilds the table on SQLite must install them again."""
    for statement in _statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def _statements(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"""CREATE TRIGGER {TABLE}_no_{verb} BEFORE {verb.upper()} ON {TABLE}
                WHEN accessgov_journal_door() = 0 BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""
            for verb in ("update", "delete")
        ]
    return [
        f"""CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF coalesce(current_setting('accessgov.journal_door', true), '') <> 'open' THEN
                    RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'insufficient_privilege';
                END IF;
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD WHEN 'UPDATE' THEN NEW ELSE NULL END;
            END $$""",
        f"""CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
            FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()""",
        f"""CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}
            FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()""",
    ]


def _set_door(*, is_open: bool) -> None:
    if connection.vendor == "sqlite":
        (_open_doors.add if is_open else _open_doors.discard)(id(connection.connection))
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('accessgov.journal_door', %s, false)", ["open" if is_open else ""])


def _register_door(*, connection: Any, **kwargs: Any) -> None:
    if connection.vendor != "sqlite":
        return
    key = id(connection.connection)
    _open_doors.discard(key)
    connection.connection.create_function("accessgov_journal_door", 0, lambda: int(key in _open_doors))
