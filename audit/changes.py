"""What changed about a row between two looks at it, for the journal: in words, and as old and new values."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Field, Model
from django.utils.translation import gettext as _

Fact = tuple[str, str | frozenset[str]]
"""What people call it, and what it says: a text, or the names in a set."""
Facts = dict[str, Fact]
"""Everything that is worth telling about a row, by the name of the field."""


NOTHING = "—"


def facts_of(row: Model, **more: Fact) -> Facts:
    """What the row's editable fields say to people; `more` adds what hangs on the row."""
    fields = [field for field in row._meta.concrete_fields if field.editable]
    return {field.name: (str(field.verbose_name), _in_words(row, field)) for field in fields} | more


def names(label: Any, things: Iterable[Any]) -> Fact:
    """A fact that is a set of names, of which only those that came and went are told."""
    return str(label), frozenset(str(thing) for thing in things)


def changes(before: Facts, after: Facts) -> dict[str, Any]:
    """Details of an event: `changed` in words, `fields` as old and new values; empty where nothing changed."""
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        return {}
    pairs = {name: (before.get(name, ("", NOTHING))[1], after[name][1]) for name in changed}
    return {
        "changed": "; ".join(f"{after[name][0]}: {_told(*pairs[name])}" for name in changed),
        "fields": {name: [_plain(value) for value in pair] for name, pair in pairs.items()},
    }


def _in_words(row: Model, field: "Field[Any, Any]") -> str:
    value = getattr(row, field.name)
    if value is None or value == "":
        return NOTHING
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _told(old: str | frozenset[str], new: str | frozenset[str]) -> str:
    if isinstance(old, frozenset) and isinstance(new, frozenset):
        return ", ".join([*(f"+ {name}" for name in sorted(new - old)), *(f"− {name}" for name in sorted(old - new))])
    return f"{old} → {new}"


def _plain(value: str | frozenset[str]) -> str | list[str]:
    return sorted(value) if isinstance(value, frozenset) else value
