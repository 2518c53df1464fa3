"""Who is like somebody: whoever has the same manager, or of people without one, the same job in the same department."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import CharField, Expression, F, Q, UUIDField, Value
from django.db.models.functions import MD5, Cast, Concat

Field = Callable[[str], F]
"""What leads to a field of the person: `F` or `OuterRef`, with the way to them."""
BETWEEN = "\x1f"
"""Between a department and a job title: neither has one."""


@dataclass(frozen=True)
class Likeness:
    """What people can share: of whom it can be said, by the way to the person; and what those who do are known by."""

    concerns: Callable[[str], Q]
    key: Callable[[Field], Expression | F]


def _has_manager(way: str) -> Q:
    return Q(**{f"{way}manager__isnull": False})


def _by_manager(field: Field) -> Expression | F:
    return field("manager")


def _has_job(way: str) -> Q:
    return ~Q(**{f"{way}department": ""}) & ~Q(**{f"{way}job_title": ""})


def _by_job(field: Field) -> Expression:
    """As short as an id: it is looked up for each item."""
    words = Concat(field("department"), Value(BETWEEN), field("job_title"), output_field=CharField())
    return Cast(MD5(words), UUIDField())


MANAGER = Likeness(_has_manager, _by_manager)
JOB = Likeness(_has_job, _by_job)
