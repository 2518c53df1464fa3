"""Hashes frozen items as `freezing` says: PostgreSQL by itself, any other database line by line through Python."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, DateTimeField, IntegerField, UUIDField

from .freezing import FROZEN, digest_of_part
from .models import ReviewItem
from .querysets import ItemQuerySet

INSTANT = """to_char({} AT TIME ZONE 'UTC', '"\\""YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\\""')"""
STEP = 2000


@dataclass(frozen=True)
class Hashed:
    """How many items there are, and the SHA-256 over their lines."""

    items: int
    digest: str


def hash_items(items: ItemQuerySet) -> Hashed:
    """The digest of these items, in the order of their ids; by one statement."""
    try:
        return _in_database(items) if connection.vendor == "postgresql" else _line_by_line(items)
    except EmptyResultSet:  # what the ORM knows to find nothing it does not compile
        return Hashed(0, digest_of_part([]))


def _line_by_line(items: ItemQuerySet) -> Hashed:
    number = 0

    def counted() -> Any:
        nonlocal number
        for row in items.order_by("pk").values_list(*FROZEN).iterator(chunk_size=STEP):
            number += 1
            yield row

    digest = digest_of_part(counted())
    return Hashed(number, digest)


def _in_database(items: ItemQuerySet) -> Hashed:
    select, parameters = items.order_by().values_list(*FROZEN).query.sql_with_params()
    line = " || ',' || ".join(_as_json(ReviewItem._meta.get_field(name)) for name in FROZEN)
    columns = ", ".join(_quoted(name) for name in FROZEN)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(line, '' ORDER BY id), ''), 'UTF8')), 'hex')
            FROM (SELECT id, '[' || {line} || E']\\n' AS line FROM ({select}) AS frozen ({columns})) AS lines
            """,  # nosec B608 - names of our own columns, and what the ORM compiled
            parameters,
        )
        return Hashed(*cursor.fetchone())


def _as_json(field: Any) -> str:
    """The SQL that writes a column as Python's `json` does."""
    column = _quoted(field.attname)
    kind = getattr(field, "target_field", field)
    if isinstance(kind, UUIDField):
        written = f"""'"' || {column} || '"'"""
    elif isinstance(kind, DateTimeField):
        written = INSTANT.format(column)
    elif isinstance(kind, BooleanField | IntegerField):
        written = f"{column}::text"
    else:
        written = f"to_json({column})::text"
    return f"coalesce({written}, 'null')" if field.null else written


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
