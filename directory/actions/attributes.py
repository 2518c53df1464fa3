"""Further attributes of people: which of them questions may fill in, and what the answers make of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from audit import journal
from audit.changes import NOTHING, changes, facts_of

from .. import events
from ..models import PersonAttribute, User
from .rules import require_right


@transaction.atomic
def save_attribute(*, attribute: PersonAttribute, actor: User | None, now: datetime) -> PersonAttribute:
    """Open an attribute to questions, or describe it otherwise. Raises PermissionDenied and ValidationError."""
    require_right(actor)
    is_new = attribute._state.adding
    old = None if is_new else PersonAttribute.objects.select_for_update(no_key=True).get(pk=attribute.pk)
    if old and old.name != attribute.name:
        raise ValidationError({"name": _("People have it under this name: open another one instead.")})
    attribute.full_clean()
    attribute.save()
    if details := changes(facts_of(old) if old else {}, facts_of(attribute)):
        verb = events.ATTRIBUTE_OPENED if is_new else events.ATTRIBUTE_CHANGED
        journal.record(verb, actor=actor, target=attribute, at=now, details=details)
    return attribute


@transaction.atomic
def delete_attribute(*, attribute: PersonAttribute, actor: User | None, now: datetime) -> None:
    """Close an attribute that no question stores. Raises PermissionDenied and ValidationError."""
    require_right(actor)
    journal.record(events.ATTRIBUTE_CLOSED, actor=actor, target=attribute, at=now)
    try:
        attribute.delete()
    except ProtectedError as refusal:
        raise ValidationError(_("Questions of policies still store it: have them store nothing first.")) from refusal


@transaction.atomic
def set_attributes(wanted: Mapping[UUID, Mapping[str, Any]], *, stories: Mapping[UUID, UUID], now: datetime) -> None:
    """Write attributes of people, who are locked already; None takes one away. Only what differs is told.

    `stories` has the correlation id for each person. A fixed number of statements, however many people there are.
    """
    changed, told = [], []
    for person in User.objects.in_bulk([pk for pk, values in wanted.items() if values]).values():
        old = person.attributes
        merged = {**old, **wanted[person.pk]}
        person.attributes = {name: value for name, value in merged.items() if value is not None}
        if person.attributes == old:
            continue
        changed.append(person)
        said = {name: _in_words(old.get(name), value) for name, value in wanted[person.pk].items()}
        told.append(
            journal.entry(
                events.PERSON_ATTRIBUTES_SET,
                actor=None,
                target=person,
                person=person,
                at=now,
                details={"changed": "; ".join(f"{name}: {words}" for name, words in said.items())},
                correlation_id=stories[person.pk],
            )
        )
    User.objects.bulk_update(changed, ["attributes"], batch_size=journal.BATCH)
    journal.record_many(told)


def _in_words(old: Any, new: Any) -> str:
    said = [", ".join(map(str, one)) if isinstance(one, list) else str(one or NOTHING) for one in (old, new)]
    return " → ".join(said)
