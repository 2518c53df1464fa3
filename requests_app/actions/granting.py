"""What becomes of a request once nobody has to decide on it any more."""

from datetime import datetime

from ..lifecycle import UPDATING
from ..models import AccessRequest
from .delivering import begin
from .moving import move_end


def grant(access_request: AccessRequest, *, now: datetime) -> None:
    """Do what an approved request asks, by its kind. The person is locked already. Raises IllegalMove."""
    if access_request.kind in UPDATING:
        move_end(access_request, now=now)
    else:
        begin(access_request, now=now)
