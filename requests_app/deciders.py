"""Who decides a stage, as a custom extension answers it: names as they came, and the people and groups behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from catalog.choices import ApproverKind, ApproverUse
from directory.models import Group, User


@dataclass(frozen=True)
class Deciders:
    """Those who are to decide, how many of them (None: all; 0: as the policy says), and within which time (None: as
    the policy says).
    """

    people: Sequence[User] = ()
    groups: Sequence[Group] = ()
    approvals_required: int | None = 0
    time_limit: timedelta | None = None

    def rules(self) -> list[dict[str, Any]]:
        """As a stage keeps whom it asks."""
        kinds = ((ApproverKind.PERSON, self.people), (ApproverKind.GROUP, self.groups))
        return [
            {"use": ApproverUse.PRIMARY, "kind": kind, "id": str(one.pk), "level": 1}
            for kind, those in kinds
            for one in those
        ]


def people_called(names: Iterable[str]) -> list[User]:
    """People by their ids or usernames. Raises ValidationError naming those that there are not."""
    return _found(User.objects.all(), names, text_field="username", said=_("There are no such people: %(names)s."))


def groups_called(names: Iterable[str]) -> list[Group]:
    """Groups by their ids or names. Raises ValidationError naming those that there are not."""
    return _found(Group.objects.all(), names, text_field="name", said=_("There are no such groups: %(names)s."))


def _found(rows: Any, names: Iterable[str], *, text_field: str, said: str) -> list[Any]:
    wanted = list(dict.fromkeys(names))
    ids = {name: UUID(name) for name in wanted if _is_id(name)}
    texts = [name for name in wanted if name not in ids]
    found = list(rows.filter(Q(pk__in=list(ids.values())) | Q(**{f"{text_field}__in": texts}))) if wanted else []
    known = {_key(row, text_field) for row in found} | {row.pk for row in found}
    missing = [name for name in wanted if ids.get(name, name) not in known]
    if missing:
        raise ValidationError(said % {"names": ", ".join(missing)}, code="not_found")
    return found


def _key(row: Model, text_field: str) -> str:
    return str(getattr(row, text_field))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
