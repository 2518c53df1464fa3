"""Builds the invented organisation: its people from the HR file, its groups, its catalogs, and a year of history."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from audit import journal
from audit.models import Event
from directory import actions as directory_actions
from directory import events as directory_events
from directory.models import ConnectedOrganisation, Group, User
from directory.people_import import Options, import_people

from . import events, people, safeguards
from .furnishing import Application, Furnisher
from .history import DAYS
from .organisation import ADMINISTRATOR, ADMINISTRATORS, AUDITORS, COMPANY, PARTNERS
from .roll import Roll
from .stories import tell_history

Say = Callable[[str], None]

BOARDS = {
    "Release Board": ("team:Technology", "team:Cloud Platform", "team:Firmware", "team:Quality Assurance"),
    "Front Desk": (ADMINISTRATOR, "team:Operations"),
    "Finance Leads": ("team:Finance", "team:Accounting", "team:Controlling"),
}
"""Groups whose members decide, or do something, together."""


def is_empty() -> bool:
    """Whether nothing was seeded yet."""
    return not User.objects.exists()


def is_complete() -> bool:
    """Whether the seed came to its end; it records that last."""
    return Event.objects.filter(verb=events.DEMO_SEEDED).exists()


def seed(*, application: Application, now: datetime, say: Say) -> None:
    """Build everything in an empty database, as if it had been built and used for more than a year until `now`."""
    beginning = (now - timedelta(days=DAYS)).replace(hour=8, minute=0, second=0, microsecond=0)
    _people(now=beginning)
    _groups(now=beginning + timedelta(hours=1))
    _partners(Roll(), now=beginning + timedelta(hours=2))
    roll = Roll()
    say(f"  {len(roll.people)} people and {len(roll.groups)} groups of {COMPANY}")
    administrator = roll.person(ADMINISTRATOR)
    furnisher = Furnisher(roll=roll, actor=administrator, now=beginning + timedelta(hours=3), today=now)
    furnisher.furnish(application)
    safeguards.set_up(roll, actor=administrator, now=beginning + timedelta(hours=4))
    say("  catalogs, access packages and policies")
    tell_history(roll, beginning=beginning + timedelta(days=2), now=now, say=say)
    with transaction.atomic():
        details = {"organisation": COMPANY}
        journal.record(events.DEMO_SEEDED, actor=None, target=administrator, details=details, at=now)


def _people(*, now: datetime) -> None:
    import_people(path=people.FILE, options=Options(), now=now)
    _give(ADMINISTRATORS, now=now, title="administrator", is_superuser=True, is_staff=True)
    _give(AUDITORS, now=now, title="auditor", is_auditor=True)


def _partners(roll: Roll, *, now: datetime) -> None:
    """Where guests come from; the lead of the team that works with them answers for them."""
    for partner in PARTNERS:
        sponsor = roll.person(f"team:{partner.contact}")
        directory_actions.save_organisation(
            organisation=ConnectedOrganisation(name=partner.name, created_at=now),
            domains=[partner.domain],
            internal_sponsors=[sponsor],
            actor=roll.person(ADMINISTRATOR),
            now=now,
        )


@transaction.atomic
def _give(user_names: Iterable[str], *, now: datetime, title: str, **flags: bool) -> None:
    """What no HR file says of people: what they are in AccessGov itself."""
    for person in User.objects.filter(username__in=user_names):
        for name, value in flags.items():
            setattr(person, name, value)
        person.save(update_fields=list(flags))
        details = {"changed": title}
        journal.record(
            directory_events.PERSON_CHANGED, actor=None, target=person, person=person, details=details, at=now
        )


@transaction.atomic
def _groups(*, now: datetime) -> None:
    """One for each department and partner, one for everybody who leads a team, and the boards."""
    everybody = list(User.objects.order_by("username"))
    for department in sorted({person.department for person in everybody if person.department}):
        _group(f"Everybody in {department}", [one for one in everybody if one.department == department], now=now)
    for partner in PARTNERS:
        _group(f"Everybody at {partner.name}", [one for one in everybody if one.company == partner.name], now=now)
    leading = {person.manager_id for person in everybody}
    _group("Everybody with a Team", [one for one in everybody if one.pk in leading], now=now)
    roll = Roll()
    for name, words in BOARDS.items():
        _group(name, roll.persons(words), now=now)


def _group(name: str, members: Iterable[User], *, now: datetime) -> None:
    group = Group.objects.create(name=name, created_at=now)
    journal.record(directory_events.GROUP_CREATED, actor=None, target=group, at=now)
    for person in members:
        directory_actions.add_member(group=group, person=person, actor=None, now=now)
