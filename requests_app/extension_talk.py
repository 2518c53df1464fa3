"""What pages tell of the custom extensions that a request calls."""

from dataclasses import dataclass, field

from catalog.choices import CalloutMoment, TimeoutMeaning
from catalog.models.custom_extensions import HOLDING_UP
from directory.models import User
from directory.permissions import is_administrator

from .lifecycle import DECIDABLE, CalloutState, RequestStatus
from .models import AccessRequest, Callout

AWAITED = (*HOLDING_UP, CalloutMoment.WHO_DECIDES)


@dataclass(frozen=True)
class ExtensionTalk:
    """The callouts of a request in their order; for which the request waits; and which ended it."""

    callouts: list[Callout] = field(default_factory=list)
    awaited: Callout | None = None
    ended_by: Callout | None = None
    shows_errors: bool = False


def talk_of(access_request: AccessRequest, *, reader: User) -> ExtensionTalk:
    """One statement, and none where nothing is called; errors are shown to administrators only."""
    if not access_request.callout_plan:
        return ExtensionTalk()
    found = list(access_request.callouts.select_related("extension").order_by("pk"))
    is_open = access_request.status in DECIDABLE
    awaited = next((one for one in found if is_open and one.is_waited_for and one.moment in AWAITED), None)
    is_refused = access_request.status in (RequestStatus.DENIED, RequestStatus.EXPIRED)
    ended_by = next((one for one in found if is_refused and _ended_it(one)), None)
    return ExtensionTalk(found, awaited, ended_by, shows_errors=is_administrator(reader))


def _ended_it(callout: Callout) -> bool:
    is_silent = callout.state == CalloutState.TIMED_OUT and callout.on_timeout != TimeoutMeaning.CONTINUE
    return callout.moment in HOLDING_UP and (callout.is_denial or is_silent)
