"""Moving the end of access that is there, once that is approved."""

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from audit import journal

from .. import conflicts, events
from ..lifecycle import LIVE, RequestStatus
from ..models import AccessRequest, Assignment
from .attributes import write_attributes
from .delivering import end_in_conflict, end_ungranted


def move_end(access_request: AccessRequest, *, now: datetime) -> Assignment | None:
    """Do what an approved extension asks. The person is locked already; an extension never makes access shorter.

    None where the access has ended since it was asked for, for what is over does not come back, or where the person has
    come to hold something incompatible: then the request ends, and the end stays as it is.
    """
    conflict = conflicts.exist(access_request.person_id, access_request.package_id, lasting=True)
    rows = Assignment.objects.select_related("person", "package").select_for_update(of=("self",))
    assignment = rows.annotate(is_in_conflict=conflict).get(access_requests=access_request)
    old = assignment.ends_at
    if assignment.status not in LIVE or (old is not None and old <= now):
        why = _("the access that it was to extend had ended")
        end_ungranted(access_request, verb=events.REQUEST_LAPSED, why=why, now=now)
        return None
    if assignment.is_in_conflict:
        end_in_conflict(access_request, now=now, lasting=True)
        return None
    new = _later(old, access_request.wanted_end)
    access_request.former_end = old
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
