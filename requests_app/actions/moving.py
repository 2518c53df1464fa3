"""Moving the end of access that is there, once that is approved."""

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from audit import journal

from .. import events
from ..lifecycle import LIVE, IllegalMove, RequestStatus
from ..models import AccessRequest, Assignment
from .attributes import write_attributes


def move_end(access_request: AccessRequest, *, now: datetime) -> Assignment:
    """Do what an approved extension asks. The person is locked already; an extension never makes access shorter.

    Raises IllegalMove where the access has ended: what is over does not come back by an extension.
    """
    rows = Assignment.objects.select_related("person", "package").select_for_update(of=("self",))
    assignment = rows.get(access_requests=access_request)
    old = assignment.ends_at
    if assignment.status not in LIVE or (old is not None and old <= now):
        raise IllegalMove(_("This access has ended already."))
    new = _later(old, access_request.wanted_end)
    access_request.move_to(RequestStatus.DELIVERING, at=now)
    assignment.move_end(new)
    access_request.move_to(RequestStatus.DELIVERED, at=now)
    if assignment.delivered_at is not None:
        write_attributes([access_request], now=now)
    journal.record(
        events.ASSIGNMENT_EXTENDED,
        actor=None,
        target=assignment,
        person=assignment.person,
        package=assignment.package,
        at=now,
        details={"old_end": in_journal(old), "new_end": in_journal(new)},
        correlation_id=access_request.pk,
    )
    return assignment


def in_journal(end: datetime | None) -> str:
    """An end as the journal tells it, to people and to programs: in UTC, or that there is none."""
    return f"{end.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if end else _("no day")


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends, where no end is later than any."""
    return None if one is None or other is None else max(one, other)
