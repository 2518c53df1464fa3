"""The end of guests: blocked, many at once, and later forgotten."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal

from .. import events
from ..models import User
from .people import lock_people

ERASED: dict[str, Any] = {
    "first_name": "", "last_name": "", "email": "", "department": "", "job_title": "", "company": "",
    "employee_number": None, "manager": None, "organisation": None, "hired_on": None, "leaves_on": None,
    "attributes": {}, "risk": 0,
}  # fmt: skip
"""What nothing is left of; name and user name become those of nobody."""


@transaction.atomic
def disable_guests(people: Iterable[UUID], *, now: datetime) -> list[User]:
    """Block these guests' sign-in at once, as `disable_person` does; returns those who were not blocked already.

    The system's own doing. Members and administrators are left alone. A fixed number of statements.
    """
    guests = [person for person in lock_people(people).values() if person.is_guest and person.is_active]
    powerful = User.objects.administrators().filter(pk__in=[guest.pk for guest in guests])
    spared = set(powerful.values_list("pk", flat=True))
    blocked = [guest for guest in guests if guest.pk not in spared]
    User.objects.filter(pk__in=[guest.pk for guest in blocked]).update(is_active=False)
    for guest in blocked:
        guest.is_active = False
    journal.record_many(
        journal.entry(events.PERSON_DISABLED, actor=None, target=guest, person=guest, at=now) for guest in blocked
    )
    return blocked


@transaction.atomic
def forget_guests(people: Iterable[UUID], *, now: datetime) -> list[User]:
    """Delete what is known of these guests, who are blocked; returns whose record was emptied.

    The record itself stays, under a name that is nobody's: what they had, and what they decided, is history that rests
    on it, and so does the journal, which keeps the names that it told (docs/reviews.md). Members and whoever is enabled
    are left alone. A fixed number of statements.
    """
    guests = [person for person in lock_people(people).values() if person.is_guest and not person.is_active]
    for guest in guests:
        guest.username = f"deleted-{guest.pk}"
        guest.display_name = _("deleted guest %(number)s") % {"number": str(guest.pk)[-8:]}
        guest.password, guest.signed_out_at = make_password(None), now
        for name, value in ERASED.items():
            setattr(guest, name, value)
    User.objects.bulk_update(guests, ["username", "display_name", "password", "signed_out_at", *ERASED])
    ids = [guest.pk for guest in guests]
    User.sponsors.through.objects.filter(from_user__in=ids).delete()
    EmailAddress.objects.filter(user__in=ids).delete()
    journal.record_many(
        journal.entry(events.PERSON_FORGOTTEN, actor=None, target=guest, person=guest, at=now) for guest in guests
    )
    return guests
