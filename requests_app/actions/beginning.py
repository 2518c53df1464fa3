"""Beginning what was approved for later, once its time has come."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from .. import events
from ..lifecycle import RequestStatus, RequestType
from ..models import AccessRequest, Assignment
from .deciding import lock
from .delivering import begin, end_ungranted, is_to_begin
from .ending import end_one


@transaction.atomic
def begin_scheduled(*, access_request: AccessRequest, now: datetime) -> bool:
    """Deliver an approved request whose start has come; False where it is not scheduled any more, or not given.

    What has changed since the approval is judged now: whether the person is enabled, holds nothing incompatible, and
    whether its end is still ahead (`delivering.begin` says in the journal why it was not given). The package, the
    policy or the catalog being disabled meanwhile holds nothing up: open requests go on (behaviour 7). Where the person
    took the package in an emergency, what was approved takes the place of that.
    """
    locked = lock(access_request)
    is_due = locked.wanted_start is not None and locked.wanted_start <= now
    if locked.status != RequestStatus.SCHEDULED or not is_due:
        return False
    held = Assignment.objects.live().filter(person=locked.person, package=locked.package).first()
    if held is not None and not held.is_emergency:
        end_ungranted(locked, verb=events.REQUEST_LAPSED, why=_("they have it already"), now=now)
        return False
    if held is not None and is_to_begin(locked, now=now):
        why = _("the access that was approved has begun")
        end_one(held, kind=RequestType.SYSTEM_REMOVE, actor=None, why=why, now=now)
    return begin(locked, now=now) is not None
