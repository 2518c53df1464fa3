"""Writes rows from a query over other tables by one statement, `INSERT … SELECT`, compiled by the ORM."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, Field, Model, Q, QuerySet, UUIDField, Value
from django.db.models.fields import NOT_PROVIDED
from uuid_utils.compat import uuid7


class NewId(Expression):
    """A UUID of version 7 for each row of a statement, in the order of the rows.

    Behind the millisecond and a random part, which the rows of the statement share, a counter tells them apart (RFC
    9562, section 6.2, method 1): asking for chance for each row would be a tenth of what it takes to write them.
    """

    contains_over_clause = True

    def __init__(self) -> None:
        super().__init__(output_field=UUIDField())

    def get_group_by_cols(self) -> list[Any]:
        """Each group gets one."""
        return []

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """From text."""
        return "(%s || lpad(to_hex(row_number() OVER ()), 6, '0'))::uuid", [str(uuid7())[:-6]]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """As Django keeps them there: 32 digits."""
        return "printf('%%s%%06x', %s, row_number() OVER ())", [uuid7().hex[:-6]]


def insert_select(model: type[Model], rows: "QuerySet[Any]", **values: Any) -> int:
    """Store a row of `model` for each of `rows`; returns how many.

    `values` says of the model's fields what each is: an expression over `rows`, or a plain value. A field that is not
    named has its default.
    """
    wanted = {field: _expression(field, values) for field in model._meta.concrete_fields}
    given = {field: value for field, value in wanted.items() if value is not None}
    names = {f"new_{field.name}": value for field, value in given.items()}
    try:
        select, parameters = rows.annotate(**names).values_list(*names).query.sql_with_params()
    except EmptyResultSet:  # what the ORM knows to find nothing it does not compile
        return 0
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in given)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) {select}", parameters)  # nosec B608
        return cursor.rowcount


def refresh_statistics(model: type[Model]) -> None:
    """Have the database look at how a table is filled by now, before it plans how to read much from it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _expression(field: "Field[Any, Any]", values: Mapping[str, Any]) -> Any:
    """What stands in the column; None where it is left out, which leaves it empty."""
    if field.name in values:
        value = values[field.name]
        is_expression = isinstance(value, Q) or hasattr(value, "resolve_expression")
        return value if is_expression else _constant(value, field)
    if field.primary_key:
        return NewId()
    if field.null:
        return None
    if field.default is NOT_PROVIDED and not field.empty_strings_allowed:
        raise ValueError(f"Say what {field.name} is: it has no default.")
    return _constant(field.get_default(), field)


def _constant(value: Any, field: "Field[Any, Any]") -> Expression:
    return Value(value, output_field=getattr(field, "target_field", field).clone())
