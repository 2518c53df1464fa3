"""Beginning what was approved for later, once its time has come."""

from datetime import datetime

from django.db import transaction

from ..lifecycle import RequestStatus
from ..models import AccessRequest
from .deciding import lock
from .delivering import begin


@transaction.atomic
def begin_scheduled(*, access_request: AccessRequest, now: datetime) -> bool:
    """Deliver an approved request whose start has come; False where it is not scheduled any more, or not given.

    What has changed since the approval is judged now: whether the person is enabled, holds nothing incompatible, and
    whether its end is still ahead (`delivering.begin` says in the journal why it was not given). The package, the
    policy or the catalog being disabled meanwhile holds nothing up: open requests go on (behaviour 7).
    """
    locked = lock(access_request)
    is_due = locked.wanted_start is not None and locked.wanted_start <= now
    if locked.status != RequestStatus.SCHEDULED or not is_due:
        return False
    return begin(locked, now=now) is not None
