"""Answers that are stored on the person: written at delivery, taken away with the last access that brought them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from directory.actions import set_attributes
from directory.models import PersonAttribute, User

from ..models import AccessRequest, Answer, BroughtAttribute

Key = tuple[UUID, str]
"""A person's id, and the name of an attribute."""


def write_attributes(requests: Iterable[AccessRequest], *, now: datetime) -> None:
    """Store what was answered in these requests, whose access is there now. The people are locked already.

    What may not be changed and has a value keeps it (corner 34), and so does what an administrator closed meanwhile;
    it stays as long as this access does. A fixed number of statements, however many requests there are; one where
    nothing is to be stored.
    """
    rows = {row.pk: row for row in requests if row.assignment_id}
    found = _answers_to_store(rows)
    if not found:
        return
    is_open = dict(PersonAttribute.objects.values_list("name", "is_editable"))
    people = User.objects.in_bulk({row.person_id for row in rows.values()})
    living = _living(people)
    changes: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for answer in found:
        person, name = people[rows[answer.access_request_id].person_id], answer.attribute
        held = changes[person.pk].get(name, person.attributes.get(name))
        reasons = living[person.pk, name]
        stored = held if held and not (answer.is_editable and is_open.get(name)) else _stored(answer)
        if stored is None or name not in is_open:
            continue
        is_ours = name in changes[person.pk] or any(one.value == held for one in reasons)
        before = reasons[0].before if reasons and is_ours else held
        changes[person.pk][name] = stored
        brought = BroughtAttribute(
            assignment_id=rows[answer.access_request_id].assignment_id,  # type: ignore[misc]  # it is delivered
            person=person,
            name=name,
            before=before,
        )
        for one in reasons:
            one.before = before
        living[person.pk, name] = [one for one in reasons if one.assignment_id != brought.assignment_id] + [brought]
    _keep([one for (pk, name), those in living.items() if name in changes[pk] for one in those], changes)
    set_attributes(changes, stories={row.person_id: row.pk for row in rows.values()}, now=now)


def take_attributes(stories: Mapping[UUID, UUID], *, now: datetime) -> None:
    """Take away what only these assignments brought, or put back what was there before. The people are locked already.

    `stories` maps each assignment to the correlation id of its ending. What somebody else has changed since stays.
    One statement where these brought nothing.
    """
    ending = list(BroughtAttribute.objects.filter(assignment__in=list(stories), ended_at=None))
    if not ending:
        return
    BroughtAttribute.objects.filter(pk__in=[one.pk for one in ending]).update(ended_at=now)
    people = User.objects.in_bulk({one.person_id for one in ending})
    living = _living(people)
    changes: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for one in ending:
        is_ours = people[one.person_id].attributes.get(one.name) == one.value
        if is_ours and not living[one.person_id, one.name]:
            changes[one.person_id][one.name] = one.before
    set_attributes(changes, stories={one.person_id: stories[one.assignment_id] for one in ending}, now=now)


def _answers_to_store(rows: Mapping[UUID, AccessRequest]) -> list[Answer]:
    """In the order in which they were asked, so that the latest counts."""
    answers = Answer.objects.filter(access_request__in=rows).exclude(attribute="") if rows else []
    return sorted(answers, key=lambda answer: (rows[answer.access_request_id].submitted_at, answer.position))


def _stored(answer: Answer) -> str | list[str] | None:
    """The value of the attribute; None where the answer only says that something was known."""
    return answer.values if len(answer.values) > 1 else answer.value or None


def _living(people: Iterable[UUID]) -> defaultdict[Key, list[BroughtAttribute]]:
    found: defaultdict[Key, list[BroughtAttribute]] = defaultdict(list)
    for one in BroughtAttribute.objects.filter(person__in=list(people), ended_at=None).order_by("pk"):
        found[one.person_id, one.name].append(one)
    return found


def _keep(brought: list[BroughtAttribute], changes: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Every access that keeps an attribute there knows its value: whichever ends last finds it unchanged."""
    for one in brought:
        one.value, one.ended_at = changes[one.person_id][one.name], None
    BroughtAttribute.objects.bulk_create(
        brought,
        update_conflicts=True,
        unique_fields=["assignment", "name"],
        update_fields=["value", "before", "ended_at"],
    )
