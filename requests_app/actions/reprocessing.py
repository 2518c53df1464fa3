"""Delivering once more: what failed is tried again at once, what is there is put in place again."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from audit import journal
from directory.actions import lock_people
from directory.models import User
from provisioning.actions import repeat

from .. import events
from ..lifecycle import FAILED_DELIVERY, LIVE, REPROCESSABLE, IllegalMove
from ..models import AccessRequest, Assignment
from ..permissions import can_reprocess
from .delivering import follow


@transaction.atomic
def reprocess(*, assignment: Assignment, actor: User | None, now: datetime) -> Assignment:
    """Have everything that this access gives delivered once more, at once; safe to do as often as one likes.

    A failed delivery is tried again without waiting for its next try. What was delivered is put in place again and
    read back: what somebody took away in the target by hand comes back (corner 29). The end stays as it is. Raises
    PermissionDenied, and IllegalMove where the access has ended or is being delivered for the first time. None as the
    actor is the system itself.
    """
    lock_people([assignment.person_id])
    rows = Assignment.objects.select_related("person", "package__catalog")
    locked = rows.select_for_update(of=("self",)).get(pk=assignment.pk)
    if actor is not None and not can_reprocess(actor, locked):
        raise PermissionDenied(_("Only those who look after the package have it delivered again."))
    if locked.status not in LIVE or (locked.ends_at is not None and locked.ends_at <= now):
        raise IllegalMove(_("This access has ended already."))
    if locked.status not in REPROCESSABLE:
        raise IllegalMove(_("It is being delivered already."))
    asked = AccessRequest.objects.adding().filter(assignment=locked).order_by("submitted_at").first()
    story = asked.pk if asked else locked.pk
    is_failed = locked.status in FAILED_DELIVERY
    journal.record(
        events.REQUEST_REPROCESSED if is_failed else events.ASSIGNMENT_REASSERTED,
        actor=actor,
        target=locked,
        person=locked.person,
        package=locked.package,
        at=now,
        correlation_id=story,
    )
    repeat([locked.pk], story=story, now=now)
    follow([locked.pk], now=now)
    locked.refresh_from_db(fields=["status"])
    return locked
