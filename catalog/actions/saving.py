"""What all changes to the catalog share: the stored row under lock, and the journalling of what changed."""

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from audit import journal
from audit.changes import Facts, changes
from directory.models import User

Row = TypeVar("Row", bound=Model)


def stored(row: Row) -> Row | None:
    """The row as it is in the database, locked; None where it is new."""
    if row._state.adding:
        return None
    return type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)


def tell(
    row: Model,
    *,
    created: str,
    changed: str,
    before: Facts | None,
    after: Facts,
    actor: User | None,
    now: datetime,
    **facts: Any,
) -> None:
    """Journal that a row was created (nothing before) or changed; nothing where it is as it was."""
    details = changes(before or {}, after) | facts.pop("details", {})
    if before is None or details.get("changed"):
        verb = created if before is None else changed
        journal.record(verb, actor=actor, target=row, at=now, details=details, **facts)
