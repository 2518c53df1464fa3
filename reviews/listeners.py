"""What reviews hear from the apps below: access that is gone, or that cannot be removed yet."""

from audit import journal
from audit.models import Event
from provisioning import events as provisioning_events
from requests_app import events as requests_events

from .actions import following


@journal.listen(requests_events.ASSIGNMENT_CLEARED)
def follow_assignments(heard: list[Event]) -> None:
    """What a campaign ended is gone from every target."""
    following.follow_assignments([event.subject.pk for event in heard], now=heard[0].occurred_at)


@journal.listen(
    provisioning_events.GRANT_REMOVED, provisioning_events.REMOVAL_FAILED, provisioning_events.OPERATION_STUCK
)
def follow_grants(heard: list[Event]) -> None:
    """A role that a campaign took is gone, or a target says why it is not yet."""
    following.follow_grants([event.subject.pk for event in heard], now=heard[0].occurred_at)
