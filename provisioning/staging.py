"""What targets say about who holds what, on its way into the database: a page at a time, never all in memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from .connectors.base import printable
from .models import Account, Connector, StagedHolder

PAGE = 5_000
"""Rows that are written at once."""
LONGEST = 300
NULL = "\\N"
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""What stands for itself nowhere in a line of COPY."""
COPY = "COPY provisioning_stagedholder (run, role, account, name, person) FROM STDIN"


class Said(NamedTuple):
    """One holder of a role, as the target names them; or a person whom it was asked about."""

    role: UUID
    account: str
    name: str = ""
    person: UUID | None = None


def stage(run: UUID, holders: Iterable[Said], *, after_each: Callable[[], None]) -> int:
    """Write down who holds what for one step of a run; returns how many. Commits page by page.

    `after_each` page the caller says that it is still there: a large group takes its time.
    """
    count, rest = 0, iter(holders)
    while page := list(islice(rest, PAGE)):
        _write(run, page)
        count += len(page)
        after_each()
    if count > PAGE and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE provisioning_stagedholder")  # or it would guess, and join row by row
    return count


def clear(run: UUID) -> None:
    """Forget what was staged for a run: it was compared, or its worker died before that."""
    StagedHolder.objects.filter(run=run).delete()


def learn_accounts(run: UUID, connector: Connector) -> int:
    """Remember whose accounts those are that nobody was known to have, by the name that people sign in with.

    One statement; returns how many there were. An account that took the place of another one of the same name, which
    the target shows no more, is the person's from now on; between two of one name nobody chooses.
    """
    make_id = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    accounts = Account._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {accounts} (id, connector_id, person_id, external_id)
            SELECT {make_id}, %s, people.id, MIN(staged.account)
            FROM provisioning_stagedholder staged
            JOIN directory_user people ON LOWER(people.username) = LOWER(staged.name)
            LEFT JOIN {accounts} known ON known.connector_id = %s AND known.external_id = staged.account
            WHERE staged.run = %s AND staged.person IS NULL AND staged.name <> '' AND known.id IS NULL
            GROUP BY people.id
            HAVING COUNT(DISTINCT staged.account) = 1
            ON CONFLICT (connector_id, person_id) DO UPDATE SET external_id = EXCLUDED.external_id
            WHERE NOT EXISTS (
                SELECT 1 FROM provisioning_stagedholder seen
                WHERE seen.run = %s AND seen.account = {accounts}.external_id
            )
            """,  # nosec B608 - names of our own tables
            [as_key(connector.pk), as_key(connector.pk), as_key(run), as_key(run)],
        )
        return cursor.rowcount


def as_key(value: UUID) -> UUID | str:
    """An id as the database keeps it, for statements that are written by hand."""
    return value if connection.features.has_native_uuid_field else value.hex


def as_id(value: UUID | str) -> UUID:
    """An id as such a statement answered it."""
    return value if isinstance(value, UUID) else UUID(value)


def _write(run: UUID, page: list[Said]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            start, roles = str(run), {role: str(role) for role in {row.role for row in page}}
            copy.write("".join(f"{start}\t{roles[row.role]}\t{_line(row)}" for row in _clean(page)))
        return
    StagedHolder.objects.bulk_create(
        StagedHolder(run=run, role=row.role, account=row.account, name=row.name, person=row.person)
        for row in _clean(page)
    )


def _line(row: Said) -> str:
    """The rest of a row as COPY reads it; a page at once is several times as fast as row by row."""
    return f"{row.account.translate(ESCAPES)}\t{row.name.translate(ESCAPES)}\t{row.person or NULL}\n"


def _clean(page: list[Said]) -> Iterator[Said]:
    """What no database takes is no reason to lose a whole reading."""
    for row in page:
        said = row.account + row.name
        if len(said) > LONGEST or "\x00" in said or not said.isascii():
            yield row._replace(account=printable(row.account)[:LONGEST], name=printable(row.name)[:LONGEST])
        else:
            yield row
