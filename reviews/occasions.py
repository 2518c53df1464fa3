"""What happens to people, after which a review of their access is to begin: told by the journal, or looked for.

Each occasion has an id of its own, by which it starts one campaign of a review and no more: of what the journal tells,
the event's; of what is looked for, one that follows from what was found.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.db.models import DateTimeField, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from audit.models import Event
from catalog.models import Incompatibility
from directory.models import Membership, Risk, User
from provisioning.lifecycle import PRESENT
from provisioning.models import Grant, LastUse
from requests_app.lifecycle import LIVE
from requests_app.models import Assignment, SeparationException

from .choices import Trigger
from .use import NEVER

CONFLICTS = UUID("0b6f7a52-7a0e-4f5c-9d0e-3c1d7c0f9a11")
DORMANCIES = UUID("7d1f0c84-58a4-4d0b-8a53-8f6a2f0f6d27")
SOME = 1000


class Occasion(NamedTuple):
    """Something that happened to a person."""

    person: UUID
    event: UUID


def in_journal(events: list[Event]) -> dict[Trigger, list[Occasion]]:
    """What changes of people's records are an occasion of, person by person; of those who are enabled."""
    found: dict[Trigger, list[Occasion]] = {}
    for event in events:
        for trigger in _triggers(event.subject, event.details.get("fields", {})):
            found.setdefault(trigger, []).append(Occasion(event.subject.pk, event.pk))
    return found


def _triggers(person: User, changed: dict[str, list[Any]]) -> Iterator[Trigger]:
    if not person.is_active:
        return
    if "manager" in changed and person.manager_id:
        yield Trigger.MANAGER_CHANGED
    if changed.keys() & {"department", "job_title"}:
        yield Trigger.JOB_CHANGED
    if "risk" in changed and person.risk > _risk(changed["risk"][0]):
        yield Trigger.RISK


def _risk(told: Any) -> int:
    """The risk that an event tells of: a number, or its word."""
    words = {str(risk.label): risk.value for risk in Risk}
    return words.get(str(told), told if isinstance(told, int) else Risk.NONE)


def conflicts() -> Iterator[Occasion]:
    """Everybody who holds what is incompatible, without an exception; each pair of what they hold once."""
    exceptions = SeparationException.objects.filter(person=OuterRef("who")).in_force().order_by()
    pairs = Incompatibility.objects.filter(
        package__assignments__status__in=LIVE,
        other_package__assignments__status__in=LIVE,
        other_package__assignments__person=F("package__assignments__person"),
    ).annotate(
        who=F("package__assignments__person"),
        own=F("package__assignments__pk"),
        beside=F("other_package__assignments__pk"),
    )
    yield from _found(pairs.filter(~Exists(exceptions.of_the_pair())))
    way = "group__ancestor_links__ancestor__rules_out"
    members = Membership.objects.filter(
        **{f"{way}__package__assignments__status__in": LIVE, f"{way}__package__assignments__person": F("person")}
    ).annotate(
        who=F("person"),
        own=F(f"{way}__package__assignments__pk"),
        beside=F(f"{way}__group"),
        ruled=F(f"{way}__package"),
    )
    yield from _found(members.filter(~Exists(exceptions.filter(package=OuterRef("ruled"), group=OuterRef("beside")))))


def _found(rows: "QuerySet[Any]") -> Iterator[Occasion]:
    pairs = rows.order_by().values_list("who", "own", "beside").distinct()
    for person, own, beside in pairs.iterator(chunk_size=SOME):
        first, second = sorted((own, beside))
        yield Occasion(person, uuid5(CONFLICTS, f"{first} {second}"))


def dormancies(days: int, now: datetime) -> Iterator[Occasion]:
    """Everybody of whom systems that were asked lately tell that they used nothing for so many days; each time once.

    Who signed in here meanwhile is not dormant, nor is anybody who has not been here for as long.
    """
    since = now - timedelta(days=days)
    asked = LastUse.objects.filter(person=OuterRef("pk"), system__use_reading__seen_at__gte=since).order_by()
    never = Value(NEVER, output_field=DateTimeField())
    newest = asked.values("person").annotate(newest=Max(Coalesce("last_used_at", never))).values("newest")
    quiet = Q(last_login=None) | Q(last_login__lt=since)
    here = User.objects.enabled().filter(quiet, date_joined__lt=since).annotate(newest=Subquery(newest))
    rows = here.filter(newest__lt=since).order_by().values_list("pk", "newest")
    for person, used in rows.iterator(chunk_size=SOME):
        yield Occasion(person, uuid5(DORMANCIES, f"{person} {used.isoformat()}"))


def have_something(people: "QuerySet[User]", *, with_adopted: bool = True) -> "QuerySet[User]":
    """Those of these people who have access: by packages, or from before AccessGov."""
    held = Assignment.objects.live().filter(person=OuterRef("pk"), delivered_at__isnull=False).order_by()
    kept = Grant.objects.filter(person=OuterRef("pk"), status__in=PRESENT, is_adopted=True).order_by()
    return people.filter(Q(Exists(held)) | Q(Exists(kept)) if with_adopted else Q(Exists(held)))
